//! Configuration: the only module that reads the environment.
//!
//! It is parsed once, at start. Every problem is reported at once, by variable name, with what is allowed; values are not
//! repeated unless they are numbers or one of a few words, since a mistake may have put a secret in the wrong place.

mod environment;
mod error;
mod kinds;

pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use kinds::{Choice, Describe, Description, Integer, Pairs, Text, TextList, Variable};
