//! Reading variables, and collecting what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::shown;
use super::{Changed, ConfigError, Configured, DescribedGroup, Problem, Variable, further_settings, unknown};

/// The environment, the groups read from it so far, and the problems met.
///
/// A variable with a problem reads as `None` (or its default), so that reading goes on and all problems come together.
pub struct Environment {
    /// By name, those of `WARMKEYS_SETTINGS` among them. Empty values are not here.
    variables: BTreeMap<String, String>,
    /// The names that `WARMKEYS_SETTINGS` holds.
    further: BTreeSet<String>,
    groups: Vec<DescribedGroup>,
    problems: Vec<Problem>,
}

impl Environment {
    /// The process's environment. What is not UTF-8 is read with replacement characters, which no variable allows.
    pub(crate) fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self::new(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    /// An environment of these variables. A value that is empty or only white space counts as absent, as templates may not be able to leave a
    /// variable out.
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let trimmed = |(name, value): (String, String)| (name, value.trim().to_owned());
        let mut variables: BTreeMap<_, _> = variables.into_iter().map(trimmed).collect();
        variables.retain(|_, value| !value.is_empty());
        let mut environment = Self { variables, further: BTreeSet::new(), groups: Vec::new(), problems: Vec::new() };
        environment.add_further_settings();
        environment
    }

    fn add_further_settings(&mut self) {
        let Some(json) = self.variables.get(further_settings::NAME) else { return };
        let settings = match further_settings::parse(json) {
            Ok(settings) => settings,
            Err(what) => return self.reject(further_settings::NAME, what),
        };
        for (name, value) in settings {
            let name_shown = shown(&name);
            if name.starts_with(unknown::AWS_PREFIX) {
                self.reject(
                    further_settings::NAME,
                    format!("has {name_shown}, which Lambda and the AWS SDK look for in the environment only"),
                );
            } else if self.variables.contains_key(&name) {
                self.reject(&name, format!("is set twice: in the environment and in {}", further_settings::NAME));
            } else {
                if !value.trim().is_empty() {
                    self.variables.insert(name.clone(), value.trim().to_owned());
                }
                self.further.insert(name);
            }
        }
    }

    /// The value of `variable`, or its default. `None` if it has neither, or a problem.
    pub fn read<V: Variable>(&mut self, variable: &V) -> Option<V::Value> {
        let Some(raw) = self.variables.get(variable.name()) else { return variable.default() };
        match variable.parse(raw) {
            Ok(value) => Some(value),
            Err(what) => {
                self.reject(variable.name(), what);
                variable.default()
            }
        }
    }

    /// The value of `variable`, which must be there because of `reason` ("because SINK_ARN is a queue").
    pub fn require<V: Variable>(&mut self, variable: &V, reason: &str) -> Option<V::Value> {
        let value = self.read(variable);
        if value.is_none() && !self.has_rejected(variable.name()) {
            let allowed = variable.describe().allowed;
            self.reject(variable.name(), format!("is not set, but needed {reason}; allowed: {allowed}"));
        }
        value
    }

    /// Whether there is a variable of this name, known or not.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Notes a problem that concerns `name`, such as one between two variables. `what` continues a sentence that begins with the name.
    pub fn reject(&mut self, name: &str, what: impl Into<String>) {
        let problem = Problem { name: name.to_owned(), what: what.into() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Whether a problem with `name` is noted already.
    #[must_use]
    pub fn has_rejected(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| problem.name == name)
    }

    pub(super) fn note_group(&mut self, group: DescribedGroup) {
        self.groups.push(group);
    }

    pub(super) fn into_groups(self) -> Vec<DescribedGroup> {
        self.groups
    }

    /// What was composed of the variables, if none had a problem and none that is not known looks as if it were meant to be.
    pub(super) fn finish<T>(mut self, settings: Option<T>) -> Result<Configured<T>, ConfigError> {
        for Problem { name, what } in unknown::problems(&self.variables, &self.further, &self.groups) {
            self.reject(&name, what);
        }
        match settings {
            Some(settings) if self.problems.is_empty() => Ok(Configured { settings, changed: self.changed() }),
            _ => Err(ConfigError { problems: self.problems }),
        }
    }

    fn changed(&self) -> Vec<Changed> {
        let mut changed: Vec<Changed> = Vec::new();
        for variable in self.groups.iter().flat_map(|group| &group.variables) {
            let Some(value) = self.variables.get(variable.name) else { continue };
            let is_default = variable.default.as_deref() == Some(value);
            // Its members are shown one by one.
            let is_container = variable.name == further_settings::NAME;
            let is_told = changed.iter().any(|told| told.name == variable.name);
            if !is_default && !is_container && !is_told {
                changed.push(Changed { name: variable.name, value: (!variable.secret).then(|| shown(value)) });
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Group, Integer, Text, TextList};
    use super::*;

    const AGE: Integer =
        Integer { name: "AGE_SECONDS", allowed: 1..=10, default: Some(5), unit: "seconds", meaning: "An age." };
    const NAME: Text<String> = Text {
        name: "OWN_NAME",
        allowed: "a name",
        default: None,
        parse: |text| Some(text.to_owned()),
        secret: false,
        meaning: "A name.",
    };
    const TOKENS: TextList<u8> = TextList {
        name: "OWN_TOKENS",
        allowed: "tokens",
        parse: |text| text.parse().ok(),
        secret: true,
        meaning: "Tokens.",
    };
    const GROUP: Group<(u64, String)> = Group {
        heading: "Test",
        variables: &[&AGE, &NAME, &TOKENS],
        replaced: &[],
        read: |environment| {
            let age = environment.read(&AGE);
            let tokens = environment.read(&TOKENS);
            let name = environment.require(&NAME, "always");
            tokens?;
            age.zip(name)
        },
    };

    fn configured(variables: &[(&str, &str)]) -> Result<Configured<(u64, String)>, ConfigError> {
        super::super::read(variables.iter().copied(), |environment| environment.group(&GROUP))
    }

    fn read(variables: &[(&str, &str)]) -> Result<(u64, String), ConfigError> {
        configured(variables).map(|configured| configured.settings)
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        assert_eq!(read(&[("AGE_SECONDS", " "), ("OWN_NAME", "x")]), Ok((5, "x".to_owned())));
    }

    #[test]
    fn the_bounds_are_inclusive() {
        for (value, accepted) in [("0", false), ("1", true), ("10", true), ("11", false)] {
            assert_eq!(read(&[("AGE_SECONDS", value), ("OWN_NAME", "x")]).is_ok(), accepted, "{value}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_value_unless_that_may_be_a_secret() {
        let error = read(&[("AGE_SECONDS", "soon"), ("OWN_TOKENS", "1,hunter2")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration has 3 problems\
             \n  AGE_SECONDS is \"soon\"; allowed: 1 to 10 seconds\
             \n  OWN_TOKENS has a wrong form at place 2 of the list (it may be a secret and is not shown); allowed: \
             tokens, separated by commas\
             \n  OWN_NAME is not set, but needed always; allowed: a name"
        );
    }

    #[test]
    fn a_refused_value_is_shown_up_to_a_bound_and_on_one_line() {
        let error = read(&[("AGE_SECONDS", &format!("\n{}", "9".repeat(5_000))), ("OWN_NAME", "x")]).unwrap_err();
        let told = error.problems[0].to_string();
        assert!(told.len() < 300 && told.contains("999…\""), "{told}");
        let error = read(&[("AGE_SECONDS", "a\nb"), ("OWN_NAME", "x")]).unwrap_err();
        assert!(error.problems[0].what.contains(r#""a\nb""#), "{error}");
    }

    #[test]
    fn what_differs_from_its_default_is_told_and_no_secret_with_it() {
        let changed = |variables: &[(&str, &str)]| configured(variables).unwrap().changed;
        let told = |name, value: Option<&str>| Changed { name, value: value.map(str::to_owned) };
        assert_eq!(changed(&[("AGE_SECONDS", "5"), ("OWN_NAME", "x")]), [told("OWN_NAME", Some("\"x\""))]);
        let all = [("OWN_NAME", "x"), ("WARMKEYS_SETTINGS", r#"{"AGE_SECONDS": 6, "OWN_TOKENS": "7"}"#)];
        let expected = [told("AGE_SECONDS", Some("\"6\"")), told("OWN_NAME", Some("\"x\"")), told("OWN_TOKENS", None)];
        assert_eq!(changed(&all), expected);
    }

    #[test]
    fn further_settings_are_variables_and_set_once() {
        let settings = |json| ("WARMKEYS_SETTINGS", json);
        assert_eq!(read(&[settings(r#"{"AGE_SECONDS": 7, "OWN_NAME": "y"}"#)]), Ok((7, "y".to_owned())));
        let problems = |variables: &[(&str, &str)]| read(variables).unwrap_err().to_string();
        let twice = problems(&[settings(r#"{"OWN_NAME": "y"}"#), ("OWN_NAME", "x")]);
        assert!(twice.contains("OWN_NAME is set twice: in the environment and in WARMKEYS_SETTINGS"), "{twice}");
        let unknown = problems(&[settings(r#"{"OTHER": 1, "AGE_SECOND": 1}"#), ("OWN_NAME", "x")]);
        assert!(unknown.contains("OTHER, in WARMKEYS_SETTINGS, is not a variable of this function"), "{unknown}");
        assert!(unknown.contains("did you mean AGE_SECONDS?"), "{unknown}");
        let of_aws = problems(&[settings(r#"{"AWS_REGION": "eu-west-1"}"#), ("OWN_NAME", "x")]);
        assert!(of_aws.contains("WARMKEYS_SETTINGS has \"AWS_REGION\""), "{of_aws}");
        assert!(problems(&[settings("AGE_SECONDS=6"), ("OWN_NAME", "x")]).contains("is not a JSON object"));
    }
}
