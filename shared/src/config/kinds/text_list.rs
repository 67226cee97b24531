//! Lists of texts.

use super::{Describe, Description, Variable, shown};

/// Texts of a form, separated by commas.
#[derive(Clone, Debug)]
pub struct TextList<T> {
    /// The name in the environment.
    pub name: &'static str,
    /// The form of one of them, in words.
    pub allowed: &'static str,
    /// Parses one of them; `None` if it does not have the form.
    pub parse: fn(&str) -> Option<T>,
    /// Whether its values are kept out of logs and errors.
    pub secret: bool,
    /// What it is for.
    pub meaning: &'static str,
}

impl<T> TextList<T> {
    fn allowed(&self) -> String {
        format!("{}, separated by commas", self.allowed)
    }
}

impl<T> Variable for TextList<T> {
    type Value = Vec<T>;

    fn default(&self) -> Option<Vec<T>> {
        Some(Vec::new())
    }

    fn parse(&self, raw: &str) -> Result<Vec<T>, String> {
        let parse_one = |(index, text): (usize, &str)| {
            (self.parse)(text.trim()).ok_or_else(|| {
                let (place, allowed) = (index + 1, self.allowed());
                if self.secret {
                    format!("has a wrong form at place {place} of the list (it may be a secret and is not shown); allowed: {allowed}")
                } else {
                    format!("has {} at place {place} of the list; allowed: {allowed}", shown(text.trim()))
                }
            })
        };
        raw.split(',').enumerate().map(parse_one).collect()
    }
}

impl<T> Describe for TextList<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self) -> Description {
        Description {
            name: self.name,
            allowed: self.allowed(),
            default: None,
            secret: self.secret,
            meaning: self.meaning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_place_of_the_wrong_text() {
        let list = TextList {
            name: "L",
            allowed: "digits",
            parse: |text| text.parse::<u8>().ok(),
            secret: false,
            meaning: "",
        };
        assert_eq!(list.parse("1, 2"), Ok(vec![1, 2]));
        assert_eq!(
            list.parse("1, two").unwrap_err(),
            "has \"two\" at place 2 of the list; allowed: digits, separated by commas"
        );
    }
}
