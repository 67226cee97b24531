//! The AWS Encryption SDK message format: bytes in, bytes out, given a data key. No I/O, no clock, no AWS.
//!
//! A message is read in two steps, because everything between them is somebody else's business (the data key):
//! [`SealedMessage::read`] parses the header and finds where everything ends, without cryptography or copying;
//! [`SealedMessage::open`] derives the message's key from the data key, authenticates and decrypts.
//!
//! <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message.md>

mod algorithm_suite;
mod body;
mod body_aad;
mod commitment_policy;
mod derived_key;
mod error;
mod header;
mod header_aad;
mod limits;
mod open;
mod reader;
mod sealed_message;
mod signature;

pub use algorithm_suite::AlgorithmSuite;
pub use commitment_policy::CommitmentPolicy;
pub use error::MessageError;
pub use limits::{DEFAULT_MAX_ENCRYPTED_DATA_KEYS, DEFAULT_MAX_PLAINTEXT_LEN, MessageLimits};
pub use sealed_message::SealedMessage;
pub use signature::{PUBLIC_KEY_CONTEXT_KEY, VerificationKey};
