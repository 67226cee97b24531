//! What the keyring asks of KMS first: one `GenerateDataKey`.

use crate::data_keys::{DataKeyError, GrantTokens, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Request;

/// One `GenerateDataKey` request of KMS. (Grant tokens redact themselves.)
#[derive(Clone, Debug)]
pub struct KmsGenerateDataKey {
    /// The key that wraps the new data key.
    pub key: KeyArn,
    /// The data key's length in bytes: 1 to 1,024.
    pub data_key_len: usize,
    /// The whole context that the data key is bound to.
    pub encryption_context: EncryptionContext,
    /// Grants that KMS may not know of everywhere yet.
    pub grant_tokens: GrantTokens,
}

impl Request for KmsGenerateDataKey {
    type Answer = GeneratedDataKey;
    /// Never one of those that blame an encrypted data key: there is none yet.
    type Error = DataKeyError;
}

/// What KMS answered.
#[derive(Clone, Debug)]
pub struct GeneratedDataKey {
    /// The plaintext.
    pub data_key: DataKey,
    /// The wrapped data key: a `CiphertextBlob`.
    pub ciphertext: Vec<u8>,
    /// The key that KMS says it wrapped with.
    pub key: KeyArn,
}
