//! From the data key to the key that encrypts one message.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{self, Prk, Salt};
use zeroize::Zeroizing;

use crate::data_key::DataKey;

use super::header::{COMMITMENT_LEN, IV_LEN, TAG_LEN};
use super::{AlgorithmSuite, MessageError};

/// The longest key of any suite, in bytes.
const MAX_KEY_LEN: usize = 32;

/// The key that encrypts one message, and the commitment to it.
pub(super) struct DerivedKey {
    key: LessSafeKey,
    /// Only with the committing suites.
    pub(super) commitment: Option<[u8; COMMITMENT_LEN]>,
}

impl DerivedKey {
    pub(super) fn derive(suite: AlgorithmSuite, data_key: &DataKey, message_id: &[u8]) -> Result<Self, MessageError> {
        let secret = data_key.expose();
        let expected = suite.data_key_len();
        if secret.len() != expected {
            return Err(MessageError::DataKeyLength { expected, actual: secret.len() });
        }
        let Some(hkdf) = suite.hkdf() else { return Ok(Self { key: aead_key(suite, secret)?, commitment: None }) };

        let mut buffer = Zeroizing::new([0; MAX_KEY_LEN]);
        let (derived, _) = buffer.split_at_mut(expected);
        let id = suite.id().to_be_bytes();
        if suite.is_committing() {
            let prk = Salt::new(hkdf, message_id).extract(secret);
            expand(&prk, &[&id, b"DERIVEKEY"], derived)?;
            let mut commitment = [0; COMMITMENT_LEN];
            expand(&prk, &[b"COMMITKEY"], &mut commitment)?;
            Ok(Self { key: aead_key(suite, derived)?, commitment: Some(commitment) })
        } else {
            let prk = Salt::none(hkdf).extract(secret);
            expand(&prk, &[&id, message_id], derived)?;
            Ok(Self { key: aead_key(suite, derived)?, commitment: None })
        }
    }

    /// Authenticates and decrypts into `plaintext`, which has the ciphertext's length. `None`: it does not authenticate.
    pub(super) fn open(
        &self,
        iv: &[u8; IV_LEN],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; TAG_LEN],
        plaintext: &mut [u8],
    ) -> Option<()> {
        let nonce = Nonce::assume_unique_for_key(*iv);
        self.key.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, plaintext).ok()
    }
}

fn aead_key(suite: AlgorithmSuite, key: &[u8]) -> Result<LessSafeKey, MessageError> {
    UnboundKey::new(suite.aead(), key)
        .map(LessSafeKey::new)
        .map_err(|_| MessageError::Cryptography { operation: "expand the key" })
}

fn expand(prk: &Prk, info: &[&[u8]], out: &mut [u8]) -> Result<(), MessageError> {
    prk.expand(info, OutputLen(out.len()))
        .and_then(|okm| okm.fill(out))
        .map_err(|_| MessageError::Cryptography { operation: "derive the key" })
}

struct OutputLen(usize);

impl hkdf::KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}
