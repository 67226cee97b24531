//! One of a few words.

use super::{Describe, Description, Variable, wrong};

/// One of a few words, in capital or small letters.
#[derive(Clone, Debug)]
pub struct Choice<T: 'static> {
    /// The name in the environment.
    pub name: &'static str,
    /// The words and what they stand for. The first is the default.
    pub choices: &'static [(&'static str, T)],
    /// What it is for.
    pub meaning: &'static str,
}

impl<T> Choice<T> {
    fn allowed(&self) -> String {
        let words: Vec<_> = self.choices.iter().map(|(word, _)| *word).collect();
        words.join(", ")
    }
}

impl<T: Copy> Variable for Choice<T> {
    type Value = T;

    fn default(&self) -> Option<T> {
        self.choices.first().map(|(_, choice)| *choice)
    }

    fn parse(&self, raw: &str) -> Result<T, String> {
        let found = self.choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(raw)).map(|(_, choice)| *choice);
        found.ok_or_else(|| wrong(raw, false, &self.allowed()))
    }
}

impl<T> Describe for Choice<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self) -> Description {
        let default = self.choices.first().map(|(word, _)| (*word).to_owned());
        Description { name: self.name, allowed: self.allowed(), default, secret: false, meaning: self.meaning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_may_be_in_capital_letters() {
        let choice = Choice { name: "C", choices: &[("off", 0), ("on", 1)], meaning: "" };
        assert_eq!(choice.parse("ON"), Ok(1));
        assert_eq!(choice.parse("onn"), Err("is \"onn\"; allowed: off, on".to_owned()));
    }
}
