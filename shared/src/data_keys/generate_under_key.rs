//! The seam below the wrapping keyring: one KMS `GenerateDataKey`.

use std::fmt;
use std::future::Future;

use super::{DataKeyError, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Deadline;

/// Generates one data key under a KMS key. Implemented by the KMS client, and by the retry loop around it.
pub trait GenerateUnderKey: Send + Sync {
    /// Generates what `request` asks for, before `deadline`.
    ///
    /// # Errors
    /// [`DataKeyError`]; never one of those that blame an encrypted data key: there is none yet.
    fn generate_under_key(
        &self,
        request: GeneratorRequest<'_>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<GeneratedDataKey, DataKeyError>> + Send;
}

/// One KMS `GenerateDataKey` request.
#[derive(Clone, Copy)]
pub struct GeneratorRequest<'a> {
    /// The key that wraps the new data key.
    pub key: &'a KeyArn,
    /// The data key's length in bytes: 1 to 1,024.
    pub data_key_len: usize,
    /// The whole context that the data key is bound to.
    pub encryption_context: &'a EncryptionContext,
    /// Grants that KMS may not know of everywhere yet: at most 10.
    pub grant_tokens: &'a [String],
}

impl fmt::Debug for GeneratorRequest<'_> {
    /// Without the grant tokens, which grant something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratorRequest")
            .field("key", &self.key)
            .field("data_key_len", &self.data_key_len)
            .field("encryption_context", &self.encryption_context)
            .field("grant_tokens", &self.grant_tokens.len())
            .finish()
    }
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
