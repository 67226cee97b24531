//! Data keys, in plaintext and as they travel in a message.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A plaintext data key: 1 to 4,096 secret bytes (what one KMS `Decrypt` can return), wiped from memory with its last clone.
///
/// Clones share one allocation, so that the secret exists once however many records use it. `Debug` shows the length only.
#[derive(Clone)]
pub struct DataKey {
    secret: Arc<Zeroizing<Box<[u8]>>>,
}

impl DataKey {
    /// Takes over `secret`. The vector's allocation becomes the key's (a `Vec` with spare capacity is copied and wiped).
    #[must_use]
    pub fn new(secret: Vec<u8>) -> Self {
        let mut secret = Zeroizing::new(secret);
        let boxed = if secret.len() == secret.capacity() {
            std::mem::take(&mut *secret).into_boxed_slice()
        } else {
            // `into_boxed_slice` would reallocate and leave the old bytes behind.
            Box::from(secret.as_slice())
        };
        Self { secret: Arc::new(Zeroizing::new(boxed)) }
    }

    /// The secret bytes. Never log, format or store them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({} bytes, redacted)", self.secret.len())
    }
}

/// One encrypted data key of a message header: the same data key may be wrapped by several providers.
///
/// Each field is at most 65,535 bytes.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/structures.md#encrypted-data-key>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncryptedDataKey {
    /// Who wrapped it: `aws-kms` for KMS.
    pub provider_id: String,
    /// What the provider needs to find its wrapping key: the key ARN for `aws-kms`.
    pub provider_info: Vec<u8>,
    /// The wrapped data key: the `CiphertextBlob` for `aws-kms`.
    pub ciphertext: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use crate::message::*;

    #[test]
    fn debug_shows_no_secret_byte() {
        let key = DataKey::new(vec![0xAB; 32]);
        assert_eq!(format!("{key:?}"), "DataKey(32 bytes, redacted)");
    }

    #[test]
    fn spare_capacity_does_not_reach_the_key() {
        let mut secret = Vec::with_capacity(64);
        secret.extend_from_slice(&[7; 16]);
        assert_eq!(DataKey::new(secret).expose(), [7; 16]);
    }
}
