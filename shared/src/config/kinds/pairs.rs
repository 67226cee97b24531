//! Pairs of texts.

use std::collections::BTreeMap;

use super::{Describe, Description, Variable};

/// Pairs as a JSON object of strings, such as an encryption context. Absent pairs are told from none (`{}`).
///
/// They are kept out of logs and errors: an encryption context is not secret, but it often names a customer.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The name in the environment.
    pub name: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

impl Variable for Pairs {
    type Value = BTreeMap<String, String>;

    fn default(&self) -> Option<Self::Value> {
        None
    }

    fn parse(&self, raw: &str) -> Result<Self::Value, String> {
        serde_json::from_str(raw).map_err(|_| format!("has the wrong form (it is not shown); allowed: {ALLOWED}"))
    }
}

impl Describe for Pairs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self) -> Description {
        Description { name: self.name, allowed: ALLOWED.to_owned(), default: None, secret: true, meaning: self.meaning }
    }
}

const ALLOWED: &str = "a JSON object whose values are strings";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_an_object_of_strings() {
        let pairs = Pairs { name: "P", meaning: "" };
        assert_eq!(pairs.parse(r#"{"tenant":"acme"}"#), Ok([("tenant".to_owned(), "acme".to_owned())].into()));
        for wrong in [r#"{"tenant":1}"#, "tenant=acme"] {
            assert!(!pairs.parse(wrong).unwrap_err().contains("tenant"));
        }
    }
}
