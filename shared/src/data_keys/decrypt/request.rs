//! What decides which data key a record needs.

use crate::message::{AlgorithmSuite, EncryptedDataKey, EncryptionContext};

/// Everything that decides which data key a record needs. Two records with equal requests share one data key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecryptionRequest {
    /// The wrapped data key.
    pub wrapped: WrappedDataKey,
    /// The context that the data key was wrapped with: all of it, reproduced pairs included.
    pub encryption_context: EncryptionContext,
}

/// The longest ciphertext that KMS `Decrypt` takes, in bytes (inclusive).
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#KMS-Decrypt-request-CiphertextBlob>
pub const MAX_CIPHERTEXT_BYTES: usize = 6_144;

/// A data key as a record carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrappedDataKey {
    /// The header of an AWS Encryption SDK message: any one of the encrypted data keys will do.
    Message {
        /// The suite decides the data key's length and whether it may be cached.
        suite: AlgorithmSuite,
        /// In the order of the header.
        encrypted_data_keys: Vec<EncryptedDataKey>,
    },
    /// A bare KMS `CiphertextBlob`: the whole record.
    KmsCiphertext(Vec<u8>),
}
