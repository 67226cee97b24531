//! Configuration: the only module that reads the process's environment.
//!
//! A [`Group`] is a few variables that are documented and read together, such as "the sink" or "the cache of data keys". Each lives in a file
//! `variables.rs` beside what it configures. A function composes its own configuration from groups, those of this crate and those of its own,
//! in one function that [reads each group](Environment::group). That one function does everything:
//!
//! - [`from_environment`] runs it on the process's environment, and reports every problem at once.
//! - [`describe`] runs it on an empty environment, and tells which variables there are: the documentation is written from that.
//! - What was not read cannot be known: a misspelt variable is noticed, because it begins or looks like one that was.
//!
//! Every group has to be read before the first missing one ends the composition, as below: otherwise neither its variables nor their
//! problems are reported.
//!
//! ```
//! use warmkeys::config::{self, Environment, Group, Text};
//! use warmkeys::lambda::StreamDecryptorConfig;
//!
//! /// The variables of a sink of your own.
//! const TABLE: Group<String> = Group {
//!     heading: "Table",
//!     variables: &[&TABLE_NAME],
//!     replaced: &[],
//!     read: |environment| environment.require(&TABLE_NAME, "always"),
//! };
//!
//! const TABLE_NAME: Text<String> = Text {
//!     name: "TABLE_NAME",
//!     allowed: "a table's name",
//!     default: None,
//!     parse: |text| (text.len() <= 255).then(|| text.to_owned()),
//!     secret: false,
//!     meaning: "Where orders go.",
//! };
//!
//! struct OrdersConfig {
//!     decryptor: StreamDecryptorConfig,
//!     table: String,
//! }
//!
//! fn compose(environment: &mut Environment) -> Option<OrdersConfig> {
//!     let decryptor = StreamDecryptorConfig::read(environment);
//!     let table = environment.group(&TABLE);
//!     Some(OrdersConfig { decryptor: decryptor?, table: table? })
//! }
//!
//! // `config::from_environment(compose)` in a function; here the environment is given.
//! let variables = [
//!     ("AWS_REGION", "eu-west-1"),
//!     ("KMS_KEY_ARNS", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
//!     ("TABLE_NAMES", "orders"),
//! ];
//! let error = config::read(variables, compose).err().unwrap();
//! assert!(error.to_string().contains("TABLE_NAMES is not a variable of this function; did you mean TABLE_NAME?"));
//! ```

mod compose;
mod configured;
mod described;
mod environment;
mod error;
mod further_settings;
mod group;
mod kinds;
mod region;
mod unknown;

use std::time::Duration;

pub use compose::{describe, from_environment, read};
pub use configured::{Changed, Configured};
pub use described::{DescribedGroup, Replaced};
pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use group::Group;
pub use kinds::{Choice, Describe, Description, Integer, Pairs, Text, TextList, Variable};
pub use region::REGION;

/// The default of a variable that is given in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "defaults are seconds or less")]
pub(crate) const fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis() as u64
}
