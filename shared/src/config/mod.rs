//! Configuration: the only module that reads the environment.
//!
//! It is parsed once, at start. Every problem is reported at once, by variable name, with what is allowed; values are not
//! repeated unless they are numbers or one of a few words, since a mistake may have put a secret in the wrong place.

mod data_key_cache;
mod destinations;
mod environment;
mod error;
mod format;
mod kinds;
mod kinesis;
mod kms;
mod kms_requests;
mod record_encryptor;
mod runtime;
mod stream_decryptor;

use std::time::Duration;

pub use environment::Environment;
pub use error::{ConfigError, Problem};
pub use kinds::{Choice, Describe, Description, Integer, Pairs, Text, TextList, Variable};
pub use kms::KmsConfig;
pub use kms_requests::KmsRequestConfig;
pub use record_encryptor::RecordEncryptorConfig;
pub use runtime::RuntimeConfig;
pub use stream_decryptor::StreamDecryptorConfig;

/// Looks `name` up in the process's environment. A value that is not UTF-8 counts as absent.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The default of a variable that is given in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "defaults are seconds or less")]
const fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis() as u64
}
