//! Reading variables, and collecting what is wrong with them.

use super::{ConfigError, Problem, Variable};

/// The environment as seen through a look-up function, and the problems met so far.
///
/// A variable with a problem reads as `None` (or its default), so that reading goes on and all problems come together.
pub struct Environment<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl<'a> Environment<'a> {
    /// An environment in which `look_up` finds the value of a name.
    #[must_use]
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { look_up, problems: Vec::new() }
    }

    /// The value of `variable`, or its default. `None` if it has neither, or a problem.
    ///
    /// A value that is empty or only white space counts as absent: a template cannot leave a variable out.
    pub fn read<V: Variable>(&mut self, variable: &V) -> Option<V::Value> {
        let Some(raw) = (self.look_up)(variable.name()).filter(|raw| !raw.trim().is_empty()) else {
            return variable.default();
        };
        match variable.parse(raw.trim()) {
            Ok(value) => Some(value),
            Err(what) => {
                self.reject(variable.name(), what);
                variable.default()
            }
        }
    }

    /// The value of `variable`, which must be there because of `reason` ("because SINK is kinesis").
    pub fn require<V: Variable>(&mut self, variable: &V, reason: &str) -> Option<V::Value> {
        let problems = self.problems.len();
        let value = self.read(variable);
        if value.is_none() && self.problems.len() == problems {
            self.reject(variable.name(), format!("is not set, but needed {reason}; allowed: {}", variable.allowed()));
        }
        value
    }

    /// Notes a problem that concerns `name`, such as one between two variables.
    pub fn reject(&mut self, name: &'static str, what: impl Into<String>) {
        self.problems.push(Problem { name, what: what.into() });
    }

    /// Whether a problem with `name` is noted already.
    #[must_use]
    pub fn has_rejected(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| problem.name == name)
    }

    /// `value`, if no variable had a problem.
    ///
    /// # Errors
    /// All problems met.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(ConfigError { problems: self.problems }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Integer, Text};
    use super::*;

    const AGE: Integer =
        Integer { name: "AGE_SECONDS", allowed: 1..=10, default: Some(5), unit: "seconds", meaning: "An age." };
    const NAME: Text<String> = Text {
        name: "NAME",
        allowed: "a name",
        default: None,
        parse: |text| Some(text.to_owned()),
        meaning: "A name.",
    };

    fn read(pairs: &[(&str, &str)]) -> Result<(u64, String), ConfigError> {
        let look_up = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut environment = Environment::new(&look_up);
        let age = environment.read(&AGE);
        let name = environment.require(&NAME, "always");
        environment.finish(age.zip(name))
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        assert_eq!(read(&[("AGE_SECONDS", " "), ("NAME", "x")]), Ok((5, "x".to_owned())));
    }

    #[test]
    fn the_bounds_are_inclusive() {
        for (value, accepted) in [("0", false), ("1", true), ("10", true), ("11", false)] {
            assert_eq!(read(&[("AGE_SECONDS", value), ("NAME", "x")]).is_ok(), accepted, "{value}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let error = read(&[("AGE_SECONDS", "soon")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration has 2 problem(s)\
             \n  AGE_SECONDS: is not a whole number; allowed: 1 to 10 seconds\
             \n  NAME: is not set, but needed always; allowed: a name"
        );
    }
}
