//! The seam below the keyring: one KMS `Decrypt`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{DataKeyError, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Deadline;

/// Decrypts one ciphertext of KMS. Implemented by the KMS client, and by the retry loop around it.
pub trait DecryptCiphertext: Send + Sync {
    /// Decrypts what `request` holds, before `deadline`.
    ///
    /// # Errors
    /// [`DataKeyError`]; never [`NoAllowedKey`](DataKeyError::NoAllowedKey) or [`Materials`](DataKeyError::Materials), which
    /// the keyring decides.
    fn decrypt_ciphertext(
        &self,
        request: CiphertextRequest<'_>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptedCiphertext, DataKeyError>> + Send;
}

/// One KMS `Decrypt` request.
#[derive(Clone, Copy)]
pub struct CiphertextRequest<'a> {
    /// The key to decrypt with. `None` leaves it to KMS, which knows the key from the ciphertext.
    pub key: Option<&'a KeyArn>,
    /// The `CiphertextBlob`: 1 to 6,144 bytes.
    pub ciphertext: &'a [u8],
    /// The whole context that the ciphertext is bound to.
    pub encryption_context: &'a EncryptionContext,
    /// Grants that KMS may not know of everywhere yet: at most 10.
    pub grant_tokens: &'a [String],
}

impl fmt::Debug for CiphertextRequest<'_> {
    /// Without the ciphertext, which is long, and the grant tokens, which grant something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CiphertextRequest")
            .field("key", &self.key)
            .field("ciphertext_bytes", &self.ciphertext.len())
            .field("encryption_context", &self.encryption_context)
            .field("grant_tokens", &self.grant_tokens.len())
            .finish()
    }
}

/// What KMS answered.
#[derive(Clone, Debug)]
pub struct DecryptedCiphertext {
    /// The plaintext.
    pub data_key: DataKey,
    /// The key that KMS says it decrypted with.
    pub key: KeyArn,
}

/// So that the composing code can keep a handle on a part of the stack, to read its statistics.
impl<D: DecryptCiphertext> DecryptCiphertext for Arc<D> {
    fn decrypt_ciphertext(
        &self,
        request: CiphertextRequest<'_>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptedCiphertext, DataKeyError>> + Send {
        D::decrypt_ciphertext(self, request, deadline)
    }
}
