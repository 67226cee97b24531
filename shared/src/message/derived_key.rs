//! From the data key to the key that encrypts one message.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{AlgorithmSuite, DataKey, MessageError};

use super::header::{COMMITMENT_LEN, IV_LEN, TAG_LEN};
use super::hkdf::PseudorandomKey;

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
        let Some(hash) = suite.kdf_hash() else { return Ok(Self { key: aead_key(suite, secret)?, commitment: None }) };

        let mut buffer = Zeroizing::new([0; MAX_KEY_LEN]);
        let (derived, _) = buffer.split_at_mut(expected);
        let id = suite.id().to_be_bytes();
        let commitment = if suite.is_committing() {
            let pseudorandom_key = PseudorandomKey::extract(hash, message_id, secret)?;
            //= framework/transitive-requirements.md#hkdf-encryption-key
            //# then the input info MUST be a concatenation of the algorithm suite ID followed by the string `DERIVEKEY` as
            //# UTF8 encoded bytes.
            pseudorandom_key.expand([&id, b"DERIVEKEY"], derived)?;
            //= framework/transitive-requirements.md#hkdf-commit-key
            //# The input info MUST the string `COMMITKEY` as UTF8 encoded bytes
            let mut commitment = [0; COMMITMENT_LEN];
            pseudorandom_key.expand([b"COMMITKEY", b""], &mut commitment)?;
            Some(commitment)
        } else {
            PseudorandomKey::extract(hash, &[], secret)?.expand([&id, message_id], derived)?;
            None
        };
        Ok(Self { key: aead_key(suite, derived)?, commitment })
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

    /// Encrypts into `ciphertext`, which has the plaintext's length, and `tag`.
    pub(super) fn seal(
        &self,
        iv: [u8; IV_LEN],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), MessageError> {
        let nonce = Nonce::assume_unique_for_key(iv);
        self.key
            .seal_out_of_place_scatter(nonce, Aad::from(aad), plaintext, ciphertext, &[], tag)
            .map_err(|_| MessageError::Cryptography { operation: "encrypt" })
    }
}

fn aead_key(suite: AlgorithmSuite, key: &[u8]) -> Result<LessSafeKey, MessageError> {
    UnboundKey::new(suite.aead(), key)
        .map(LessSafeKey::new)
        .map_err(|_| MessageError::Cryptography { operation: "expand the key" })
}
