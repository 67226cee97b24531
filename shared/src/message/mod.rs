//! The AWS Encryption SDK message format: bytes in, bytes out, given a data key. No I/O, no clock, no AWS.
//!
//! A message is read in two steps, because everything between them is somebody else's business (the data key):
//! [`SealedMessage::read`] parses the header and finds where everything ends, without cryptography or copying;
//! [`SealedMessage::open`] derives the message's key from the data key, authenticates and decrypts.
//! [`seal()`] writes messages that every implementation of the format reads.
//!
//! <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/data-format/message.md>

mod algorithm_suite;
mod body;
mod body_aad;
mod commitment_policy;
mod data_key;
mod derived_key;
mod encryption_context;
mod error;
mod header;
mod header_aad;
mod hkdf;
mod limits;
mod open;
mod raw_aes_key;
mod reader;
mod seal;
mod sealed_message;
mod sealing_materials;
mod short_bytes;
mod signature;
mod signature_algorithm;
mod signing_key;
#[cfg(test)]
mod tests;

pub use algorithm_suite::AlgorithmSuite;
pub use commitment_policy::CommitmentPolicy;
pub use data_key::{DataKey, EncryptedDataKey};
pub use encryption_context::EncryptionContext;
pub use error::MessageError;
pub use limits::{DEFAULT_MAX_ENCRYPTED_DATA_KEYS, DEFAULT_MAX_PLAINTEXT_LEN, MessageLimits};
pub use raw_aes_key::RawAesKey;
pub use seal::{DEFAULT_FRAME_LEN, seal};
pub use sealed_message::SealedMessage;
pub use sealing_materials::SealingMaterials;
pub use signature::{PUBLIC_KEY_CONTEXT_KEY, VerificationKey};
pub use signing_key::SigningKey;
