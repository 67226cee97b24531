//! What the keyring asks of KMS: one `Decrypt`.

use std::fmt;

use crate::data_keys::{DataKeyError, GrantTokens, KeyArn};
use crate::message::{DataKey, EncryptionContext};
use crate::retry::Request;

/// One `Decrypt` request of KMS.
#[derive(Clone)]
pub struct KmsDecrypt {
    /// The key to decrypt with. `None` leaves it to KMS, which knows the key from the ciphertext.
    pub key: Option<KeyArn>,
    /// The `CiphertextBlob`: 1 to 6,144 bytes.
    pub ciphertext: Vec<u8>,
    /// The whole context that the ciphertext is bound to.
    pub encryption_context: EncryptionContext,
    /// Grants that KMS may not know of everywhere yet.
    pub grant_tokens: GrantTokens,
}

impl Request for KmsDecrypt {
    type Answer = DecryptedCiphertext;
    /// Never [`NoAllowedKey`](DataKeyError::NoAllowedKey) or [`Materials`](DataKeyError::Materials), which the keyring decides.
    type Error = DataKeyError;
}

impl fmt::Debug for KmsDecrypt {
    /// Without the ciphertext, which is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsDecrypt")
            .field("key", &self.key)
            .field("ciphertext_bytes", &self.ciphertext.len())
            .field("encryption_context", &self.encryption_context)
            .field("grant_tokens", &self.grant_tokens)
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
