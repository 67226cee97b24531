//! The private half of the signing suites.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
};

use super::signature_algorithm::SignatureAlgorithm;
use super::{AlgorithmSuite, MessageError};

/// An ECDSA key pair of a signing suite. It exists in memory only; cheap to clone: clones share it, and the last one wipes it.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: SignatureAlgorithm,
    pair: Arc<EcdsaKeyPair>,
    public_key: Arc<str>,
}

impl SigningKey {
    /// A new key pair; `None` if `suite` does not sign.
    ///
    /// # Errors
    /// [`MessageError::Cryptography`] if the random number generator fails.
    pub fn generate(suite: AlgorithmSuite) -> Result<Option<Self>, MessageError> {
        suite.signature().map(Self::generate_for).transpose()
    }

    fn generate_for(algorithm: SignatureAlgorithm) -> Result<Self, MessageError> {
        const FAILED: MessageError = MessageError::Cryptography { operation: "generate a signing key" };
        let pair = EcdsaKeyPair::generate(signing(algorithm)).map_err(|_| FAILED)?;
        let point: EcPublicKeyCompressedBin<'_> = pair.public_key().as_be_bytes().map_err(|_| FAILED)?;
        let public_key = base64_simd::STANDARD.encode_to_string(point.as_ref()).into();
        Ok(Self { algorithm, pair: Arc::new(pair), public_key })
    }

    /// The public key as it stands in the encryption context under [`PUBLIC_KEY_CONTEXT_KEY`](super::PUBLIC_KEY_CONTEXT_KEY):
    /// the compressed point in base64.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The signature over `signed`, in DER.
    pub(super) fn sign(&self, signed: &[u8]) -> Result<impl AsRef<[u8]> + use<>, MessageError> {
        self.pair
            .sign(&SystemRandom::new(), signed)
            .map_err(|_| MessageError::Cryptography { operation: "sign the message" })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, redacted)", self.algorithm)
    }
}

fn signing(algorithm: SignatureAlgorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        SignatureAlgorithm::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{EncryptionContext, PUBLIC_KEY_CONTEXT_KEY, VerificationKey};

    #[test]
    fn the_public_key_in_the_context_verifies_what_the_pair_signed() {
        for suite in AlgorithmSuite::ALL {
            let Some(algorithm) = suite.signature() else {
                assert!(SigningKey::generate(suite).unwrap().is_none());
                continue;
            };
            let key = SigningKey::generate(suite).unwrap().unwrap();
            let context = EncryptionContext::from_iter([(PUBLIC_KEY_CONTEXT_KEY, key.public_key())]);
            let verification_key = VerificationKey::from_encryption_context(suite, &context).unwrap().unwrap();
            let signature = key.sign(b"message").unwrap();
            assert_eq!(verification_key.verify(algorithm, b"message", signature.as_ref()), Ok(()));
            assert_eq!(
                verification_key.verify(algorithm, b"massage", signature.as_ref()),
                Err(MessageError::SignatureInvalid)
            );
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SigningKey::generate(AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384).unwrap().unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(EcdsaP384Sha384, redacted)");
    }
}
