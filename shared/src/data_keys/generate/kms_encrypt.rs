//! What the keyring asks of KMS for each further key: one `Encrypt`.

use crate::data_keys::{DataKeyError, GrantTokens, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Request;

/// One `Encrypt` request of KMS: it wraps a data key with a KMS key. (A data key and grant tokens redact themselves.)
#[derive(Clone, Debug)]
pub struct KmsEncrypt {
    /// The key to encrypt with.
    pub key: KeyArn,
    /// What to encrypt.
    pub plaintext: DataKey,
    /// The whole context that the ciphertext is bound to.
    pub encryption_context: EncryptionContext,
    /// Grants that KMS may not know of everywhere yet.
    pub grant_tokens: GrantTokens,
}

impl Request for KmsEncrypt {
    type Answer = EncryptedPlaintext;
    /// Never one of those that blame an encrypted data key: there is none yet.
    type Error = DataKeyError;
}

/// What KMS answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedPlaintext {
    /// The `CiphertextBlob`.
    pub ciphertext: Vec<u8>,
    /// The key that KMS says it encrypted with.
    pub key: KeyArn,
}
