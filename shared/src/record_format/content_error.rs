//! Why a record's content was refused.

use crate::failure::FailureClass;
use crate::message::{AlgorithmSuite, MessageError};

use super::ActivityStreamError;
use crate::data_keys::MAX_CIPHERTEXT_BYTES;
use crate::kpl::MIN_ENCRYPTED_LEN;

/// Why a record's content was refused. No text holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The payload is not a message of the AWS Encryption SDK, or asks for more than the limits allow.
    #[error("the payload cannot be read as a message of the AWS Encryption SDK")]
    Malformed(#[source] MessageError),
    /// The commitment policy does not allow to read the message's suite.
    #[error("the commitment policy (COMMITMENT_POLICY) does not allow reading algorithm suite {0:?}")]
    SuiteNotAllowed(AlgorithmSuite),
    /// The payload cannot be a KMS ciphertext.
    #[error("the payload has {len} bytes, a KMS ciphertext has {MIN_ENCRYPTED_LEN} to {MAX_CIPHERTEXT_BYTES}")]
    CiphertextLength {
        /// The payload's bytes.
        len: usize,
    },
    /// A configured pair of the encryption context has another value in the record.
    #[error("the encryption context has another value for {key:?} than REQUIRED_ENCRYPTION_CONTEXT")]
    ContextMismatch {
        /// The configured key, which is not secret.
        key: String,
    },
    /// The message does not authenticate under its data key.
    #[error("the message cannot be opened with its data key")]
    NotAuthentic(#[source] MessageError),
    /// The payload is not a record of a database activity stream, or does not open.
    #[error("the payload cannot be read as a record of a database activity stream")]
    ActivityStream(#[source] ActivityStreamError),
}

impl ContentError {
    /// Always permanent: the same bytes never become readable.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        FailureClass::Permanent
    }
}
