//! The kinds of variables: what they allow, and how they are parsed.

use std::ops::RangeInclusive;

use crate::message::EncryptionContext;

/// An environment variable of a kind.
pub trait Variable: Describe {
    /// What the variable's text is parsed to.
    type Value;

    /// The value when the variable is absent.
    fn default(&self) -> Option<Self::Value>;

    /// Parses a value that is not empty.
    ///
    /// # Errors
    /// What is wrong, and what is allowed.
    fn parse(&self, raw: &str) -> Result<Self::Value, String>;
}

/// What documentation, templates and errors say of a variable.
pub trait Describe {
    /// The name in the environment.
    fn name(&self) -> &'static str;
    /// The allowed values, in words.
    fn allowed(&self) -> String;
    /// The whole description.
    fn describe(&self) -> Description;
}

/// A variable, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name in the environment.
    pub name: &'static str,
    /// The allowed values, in words.
    pub allowed: String,
    /// The value when the variable is absent, as it would be written; `None` if there is none.
    pub default: Option<String>,
    /// What it is for.
    pub meaning: &'static str,
}

/// A whole number with bounds and a unit.
#[derive(Clone, Debug)]
pub struct Integer {
    /// The name in the environment; ends in the unit where there is one.
    pub name: &'static str,
    /// Both bounds are allowed.
    pub allowed: RangeInclusive<u64>,
    /// The value when absent.
    pub default: Option<u64>,
    /// The unit, in words.
    pub unit: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

/// One of a few words.
#[derive(Clone, Debug)]
pub struct Choice<T: 'static> {
    /// The name in the environment.
    pub name: &'static str,
    /// The words and what they stand for. The first is the default.
    pub choices: &'static [(&'static str, T)],
    /// What it is for.
    pub meaning: &'static str,
}

/// A text of a form, such as a name or a URL.
#[derive(Clone, Debug)]
pub struct Text<T> {
    /// The name in the environment.
    pub name: &'static str,
    /// The form, in words.
    pub allowed: &'static str,
    /// The text that stands for an absent one; has the form.
    pub default: Option<&'static str>,
    /// Parses a text; `None` if it does not have the form.
    pub parse: fn(&str) -> Option<T>,
    /// What it is for.
    pub meaning: &'static str,
}

/// Texts of a form, separated by commas.
#[derive(Clone, Debug)]
pub struct TextList<T> {
    /// The name in the environment.
    pub name: &'static str,
    /// The form of one of them, in words.
    pub allowed: &'static str,
    /// Parses one of them; `None` if it does not have the form.
    pub parse: fn(&str) -> Option<T>,
    /// What it is for.
    pub meaning: &'static str,
}

/// Encryption-context pairs as a JSON object of strings.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The name in the environment.
    pub name: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

impl Variable for Integer {
    type Value = u64;

    fn default(&self) -> Option<u64> {
        self.default
    }

    fn parse(&self, raw: &str) -> Result<u64, String> {
        let number: u64 = raw.parse().map_err(|_| format!("is not a whole number; allowed: {}", self.allowed()))?;
        if self.allowed.contains(&number) {
            Ok(number)
        } else {
            Err(format!("is {number}; allowed: {}", self.allowed()))
        }
    }
}

impl Describe for Integer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn allowed(&self) -> String {
        format!("{} to {} {}", self.allowed.start(), self.allowed.end(), self.unit)
    }

    fn describe(&self) -> Description {
        let default = self.default.map(|number| number.to_string());
        Description { name: self.name, allowed: self.allowed(), default, meaning: self.meaning }
    }
}

impl<T: Copy> Variable for Choice<T> {
    type Value = T;

    fn default(&self) -> Option<T> {
        self.choices.first().map(|(_, choice)| *choice)
    }

    fn parse(&self, raw: &str) -> Result<T, String> {
        let found = self.choices.iter().find(|(word, _)| *word == raw).map(|(_, choice)| *choice);
        found.ok_or_else(|| format!("is none of the allowed words; allowed: {}", self.allowed()))
    }
}

impl<T> Describe for Choice<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn allowed(&self) -> String {
        let words: Vec<_> = self.choices.iter().map(|(word, _)| *word).collect();
        words.join(", ")
    }

    fn describe(&self) -> Description {
        let default = self.choices.first().map(|(word, _)| (*word).to_owned());
        Description { name: self.name, allowed: self.allowed(), default, meaning: self.meaning }
    }
}

impl<T> Variable for Text<T> {
    type Value = T;

    fn default(&self) -> Option<T> {
        self.default.and_then(self.parse)
    }

    fn parse(&self, raw: &str) -> Result<T, String> {
        (self.parse)(raw).ok_or_else(|| format!("has the wrong form; allowed: {}", self.allowed))
    }
}

impl<T> Describe for Text<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn allowed(&self) -> String {
        self.allowed.to_owned()
    }

    fn describe(&self) -> Description {
        let default = self.default.map(str::to_owned);
        Description { name: self.name, allowed: self.allowed(), default, meaning: self.meaning }
    }
}

impl<T> Variable for TextList<T> {
    type Value = Vec<T>;

    fn default(&self) -> Option<Vec<T>> {
        Some(Vec::new())
    }

    fn parse(&self, raw: &str) -> Result<Vec<T>, String> {
        let parse_one = |(place, text): (usize, &str)| {
            (self.parse)(text.trim()).ok_or_else(|| {
                format!("has a wrong form at place {} of the list; allowed: {}", place + 1, self.allowed())
            })
        };
        raw.split(',').enumerate().map(parse_one).collect()
    }
}

impl<T> Describe for TextList<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn allowed(&self) -> String {
        format!("{}, separated by commas", self.allowed)
    }

    fn describe(&self) -> Description {
        Description { name: self.name, allowed: self.allowed(), default: None, meaning: self.meaning }
    }
}

impl Variable for Pairs {
    type Value = EncryptionContext;

    fn default(&self) -> Option<EncryptionContext> {
        Some(EncryptionContext::empty())
    }

    fn parse(&self, raw: &str) -> Result<EncryptionContext, String> {
        let pairs: std::collections::BTreeMap<String, String> =
            serde_json::from_str(raw).map_err(|_| format!("has the wrong form; allowed: {}", self.allowed()))?;
        Ok(pairs.into_iter().collect())
    }
}

impl Describe for Pairs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn allowed(&self) -> String {
        "a JSON object whose values are strings".to_owned()
    }

    fn describe(&self) -> Description {
        Description { name: self.name, allowed: self.allowed(), default: None, meaning: self.meaning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_place_of_the_wrong_text_and_not_the_text() {
        let list = TextList { name: "L", allowed: "digits", parse: |text| text.parse::<u8>().ok(), meaning: "" };
        assert_eq!(Variable::parse(&list, "1, 2"), Ok(vec![1, 2]));
        assert_eq!(
            Variable::parse(&list, "1,secret").unwrap_err(),
            "has a wrong form at place 2 of the list; allowed: digits, separated by commas"
        );
    }

    #[test]
    fn pairs_are_an_object_of_strings() {
        let pairs = Pairs { name: "P", meaning: "" };
        assert_eq!(pairs.parse(r#"{"tenant":"acme"}"#).unwrap().get("tenant"), Some("acme"));
        assert!(pairs.parse(r#"{"tenant":1}"#).is_err());
        assert!(pairs.parse("tenant=acme").is_err());
    }
}
