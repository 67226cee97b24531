//! What the driver asks for.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

/// A line of the input.
#[derive(Debug, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Seal plaintexts under one data key.
    Write(WriteRequest),
    /// Open a message.
    Open(OpenRequest),
}

/// Each of `plaintexts` becomes a message of its own, in the file at the same place in `messages`.
#[derive(Debug, Deserialize)]
pub(crate) struct WriteRequest {
    /// The id in hexadecimal digits.
    pub(crate) suite: String,
    /// In bytes. Zero asks for a message without frames, which this library does not write.
    pub(crate) frame_len: NonZeroU32,
    /// What the messages shall carry, the public key of a signing suite excepted.
    pub(crate) context: BTreeMap<String, String>,
    /// What wraps the data key, in the order of the header.
    pub(crate) keys: Vec<WrappingKey>,
    pub(crate) plaintexts: Vec<PathBuf>,
    pub(crate) messages: Vec<PathBuf>,
}

/// `message` is opened into `plaintext`.
#[derive(Debug, Deserialize)]
pub(crate) struct OpenRequest {
    /// What the reader holds.
    pub(crate) keys: Vec<WrappingKey>,
    pub(crate) message: PathBuf,
    pub(crate) plaintext: PathBuf,
}

/// What wraps data keys.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WrappingKey {
    /// A KMS key, by its ARN.
    Kms(String),
    /// An AES key in the reader's and the writer's own hands.
    Raw {
        provider_id: String,
        name: String,
        /// 16, 24 or 32 bytes, which are nobody's secret.
        key_base64: String,
    },
}
