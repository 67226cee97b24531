//! Command lines of the form `--name value`, for this package's programs.

use std::collections::BTreeMap;
use std::str::FromStr;

/// A command line, taken apart.
#[derive(Debug)]
pub struct Arguments {
    given: BTreeMap<String, Option<String>>,
}

/// What is wrong with a command line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// Something that does not begin with `--`.
    #[error("{0:?} is not an option; options begin with --")]
    NotAnOption(String),
    /// An option that the program does not have.
    #[error("there is no option --{0}")]
    Unknown(String),
    /// A value that does not fit.
    #[error("--{name} {value}: {expected} is expected")]
    Invalid {
        /// The option's name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would fit.
        expected: &'static str,
    },
}

impl Arguments {
    /// Takes apart what follows the program's name.
    ///
    /// # Errors
    /// [`ArgumentError::NotAnOption`].
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, ArgumentError> {
        let mut given = BTreeMap::new();
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else { return Err(ArgumentError::NotAnOption(argument)) };
            let value = arguments.next_if(|next| !next.starts_with("--"));
            given.insert(name.to_owned(), value);
        }
        Ok(Self { given })
    }

    /// Takes a flag, which has no value.
    ///
    /// # Errors
    /// [`ArgumentError::Invalid`] if it has one.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, ArgumentError> {
        match self.given.remove(name) {
            Some(Some(value)) => Err(ArgumentError::Invalid { name, value, expected: "no value" }),
            given => Ok(given.is_some()),
        }
    }

    /// Takes an option's value, if it is given; `expected` tells in words what fits.
    ///
    /// # Errors
    /// [`ArgumentError::Invalid`] if it does not fit, or is missing.
    pub fn value<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ArgumentError> {
        let Some(value) = self.given.remove(name) else { return Ok(None) };
        let value = value.unwrap_or_default();
        value.parse().map(Some).map_err(|_| ArgumentError::Invalid { name, value, expected })
    }

    /// Makes sure that nothing is left that was not taken.
    ///
    /// # Errors
    /// [`ArgumentError::Unknown`].
    pub fn finish(self) -> Result<(), ArgumentError> {
        self.given.into_keys().next().map_or(Ok(()), |name| Err(ArgumentError::Unknown(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Arguments {
        Arguments::parse(line.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn options_have_values_and_flags_have_none() {
        let mut arguments = parsed("--short --records 12");
        assert_eq!(arguments.flag("short"), Ok(true));
        assert_eq!(arguments.value("records", "a number"), Ok(Some(12)));
        assert_eq!(arguments.value::<u32>("shards", "a number"), Ok(None));
        assert_eq!(arguments.finish(), Ok(()));
    }

    #[test]
    fn a_wrong_value_and_an_unknown_option_are_named() {
        let mut arguments = parsed("--records many --colour red");
        let error = arguments.value::<u32>("records", "a number").unwrap_err();
        assert_eq!(error.to_string(), "--records many: a number is expected");
        assert_eq!(arguments.finish(), Err(ArgumentError::Unknown("colour".to_owned())));
    }
}
