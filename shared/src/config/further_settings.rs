//! `WARMKEYS_SETTINGS`: further variables in one JSON object.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::{Describe, Description};

pub(super) const NAME: &str = "WARMKEYS_SETTINGS";

/// The variables in `json`, by name.
///
/// # Errors
/// What is wrong with it. Values are not repeated: one may be a secret.
pub(super) fn parse(json: &str) -> Result<BTreeMap<String, String>, String> {
    if !json.trim_start().starts_with('{') {
        return Err(format!("is not a JSON object; allowed: {ALLOWED}")); // serde_json would quote it
    }
    let wrong = |error: serde_json::Error| format!("cannot be read: {error}; allowed: {ALLOWED}");
    Ok(serde_json::from_str::<Settings>(json).map_err(wrong)?.0)
}

const ALLOWED: &str = "a JSON object whose values are strings, numbers, true or false";

pub(super) struct FurtherSettings;

impl Describe for FurtherSettings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> Description {
        Description {
            name: NAME,
            allowed: ALLOWED.to_owned(),
            default: None,
            secret: true,
            meaning: "Any of the variables above, such as {\"KMS_MAX_ATTEMPTS\": 5}. A variable is set here or in the \
                      environment, not in both. Those of AWS (AWS_…) cannot be set here.",
        }
    }
}

struct Settings(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

/// Reads a name only once: of two equal ones, JSON readers take the last without a word.
struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
        let mut settings = BTreeMap::new();
        while let Some((name, Scalar(value))) = map.next_entry::<String, Scalar>()? {
            if settings.contains_key(&name) {
                return Err(serde::de::Error::custom(format_args!("{name:?} is there twice")));
            }
            settings.insert(name, value);
        }
        Ok(Settings(settings))
    }
}

/// A value as it would be written in the environment.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            serde_json::Value::Bool(truth) => Ok(Self(truth.to_string())),
            _ => Err(serde::de::Error::custom("a value is null, a list or an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_numbers_and_truths_are_values() {
        let settings = parse(r#"{"A": "x", "B": 5, "C": true}"#).unwrap();
        let expected = [("A", "x"), ("B", "5"), ("C", "true")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_no_object_of_such_values_is_refused_without_a_value() {
        for json in [
            r#"{"A": ["sk-secret"]}"#,
            r#"{"A": null, "B": "sk-secret"}"#,
            r#""sk-secret""#,
            "sk-secret",
            r#"{"A": "sk-secret""#,
        ] {
            let what = parse(json).unwrap_err();
            assert!(what.contains(ALLOWED) && !what.contains("secret"), "{what}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        assert!(parse(r#"{"A": 1, "A": 2}"#).unwrap_err().contains("\"A\" is there twice"));
    }
}
