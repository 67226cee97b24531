//! An embedded KMS, an embedded Kinesis and both functions at once, to be invoked by hand: what `cargo local` runs.
//!
//! KMS has a quota so low that `events/throttled.json` meets it. That event holds [`THROTTLED_EVENT_DATA_KEYS`] records under as many
//! data keys. In one invocation KMS cannot give them all, so the answer is a checkpoint. The data keys that were fetched stay cached
//! in the sandbox, so that the same event, sent again, finishes.

mod services;
mod settings;

pub use services::{LocalServices, ServicesError};
pub use settings::{Functions, LocalSettings, THROTTLED_EVENT_DATA_KEYS};

/// The function that decrypts.
pub const DECRYPTOR: &str = "stream-decryptor";

/// The function that encrypts.
pub const ENCRYPTOR: &str = "record-encryptor";
