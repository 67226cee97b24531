//! Texts of a form.

use super::{Describe, Description, Variable, wrong};

/// A text of a form, such as a name or an ARN.
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
    /// Whether its values are kept out of logs and errors.
    pub secret: bool,
    /// What it is for.
    pub meaning: &'static str,
}

impl<T> Variable for Text<T> {
    type Value = T;

    fn default(&self) -> Option<T> {
        self.default.and_then(self.parse)
    }

    fn parse(&self, raw: &str) -> Result<T, String> {
        (self.parse)(raw).ok_or_else(|| wrong(raw, self.secret, self.allowed))
    }
}

impl<T> Describe for Text<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self) -> Description {
        Description {
            name: self.name,
            allowed: self.allowed.to_owned(),
            default: self.default.map(str::to_owned),
            secret: self.secret,
            meaning: self.meaning,
        }
    }
}
