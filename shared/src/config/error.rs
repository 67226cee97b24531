//! What is wrong with a configuration.

use std::fmt;

/// Everything that is wrong with a configuration: never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order in which the variables are read.
    pub problems: Vec<Problem>,
}

/// What is wrong with one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub name: &'static str,
    /// What is wrong with its value, and what is allowed.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s)", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n  {}: {}", problem.name, problem.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
