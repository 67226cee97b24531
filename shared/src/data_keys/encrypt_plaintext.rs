//! The seam below the wrapping keyring: one KMS `Encrypt`.

use std::fmt;
use std::future::Future;

use super::{DataKeyError, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Deadline;

/// Wraps one data key with a KMS key. Implemented by the KMS client, and by the retry loop around it.
pub trait EncryptPlaintext: Send + Sync {
    /// Encrypts what `request` holds, before `deadline`.
    ///
    /// # Errors
    /// [`DataKeyError`]; never one of those that blame an encrypted data key: there is none yet.
    fn encrypt_plaintext(
        &self,
        request: PlaintextRequest<'_>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<EncryptedPlaintext, DataKeyError>> + Send;
}

/// One KMS `Encrypt` request.
#[derive(Clone, Copy)]
pub struct PlaintextRequest<'a> {
    /// The key to encrypt with.
    pub key: &'a KeyArn,
    /// What to encrypt.
    pub plaintext: &'a DataKey,
    /// The whole context that the ciphertext is bound to.
    pub encryption_context: &'a EncryptionContext,
    /// Grants that KMS may not know of everywhere yet: at most 10.
    pub grant_tokens: &'a [String],
}

impl fmt::Debug for PlaintextRequest<'_> {
    /// Without the grant tokens, which grant something. (A data key redacts itself.)
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaintextRequest")
            .field("key", &self.key)
            .field("plaintext", &self.plaintext)
            .field("encryption_context", &self.encryption_context)
            .field("grant_tokens", &self.grant_tokens.len())
            .finish()
    }
}

/// What KMS answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedPlaintext {
    /// The `CiphertextBlob`.
    pub ciphertext: Vec<u8>,
    /// The key that KMS says it encrypted with.
    pub key: KeyArn,
}
