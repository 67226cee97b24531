//! Signatures of the signing suites.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;

use super::signature_algorithm::SignatureAlgorithm;
use super::{AlgorithmSuite, EncryptionContext, MessageError};

/// The key of the encryption context under which the signing suites keep their public key; reserved.
pub const PUBLIC_KEY_CONTEXT_KEY: &str = "aws-crypto-public-key";

/// A parsed public key of a signing suite. Cheap to clone: clones share the parsed key.
#[derive(Clone)]
pub struct VerificationKey {
    algorithm: SignatureAlgorithm,
    key: Arc<ParsedPublicKey>,
}

impl VerificationKey {
    /// Parses the public key in `context`, which decompresses the point: done once for a data key, not for each message.
    ///
    /// `None` if `suite` does not sign.
    ///
    /// # Errors
    /// [`MessageError::MissingPublicKey`] or [`MessageError::UnexpectedPublicKey`] if the context does not fit the suite,
    /// [`MessageError::InvalidPublicKey`] if what is there is not a compressed point of the suite's curve in base64.
    pub fn from_encryption_context(
        suite: AlgorithmSuite,
        context: &EncryptionContext,
    ) -> Result<Option<Self>, MessageError> {
        match (suite.signature(), context.get(PUBLIC_KEY_CONTEXT_KEY)) {
            (Some(algorithm), Some(public_key)) => Self::parse(algorithm, public_key).map(Some),
            //= framework/default-cmm.md#decrypt-materials
            //# If this key is not present in the encryption context, the operation MUST fail without returning any
            //# decryption materials.
            (Some(_), None) => Err(MessageError::MissingPublicKey),
            //= framework/default-cmm.md#decrypt-materials
            //# If the algorithm suite does not contain a signing algorithm, but the encryption context includes the
            //# reserved `aws-crypto-public-key` key, the operation MUST fail without returning any decryption materials.
            (None, Some(_)) => Err(MessageError::UnexpectedPublicKey),
            (None, None) => Ok(None),
        }
    }

    fn parse(algorithm: SignatureAlgorithm, public_key: &str) -> Result<Self, MessageError> {
        let point = base64_simd::STANDARD.decode_to_vec(public_key).map_err(|_| MessageError::InvalidPublicKey)?;
        if point.len() != algorithm.compressed_point_len() {
            return Err(MessageError::InvalidPublicKey);
        }
        let key = ParsedPublicKey::new(algorithm.verification(), point).map_err(|_| MessageError::InvalidPublicKey)?;
        Ok(Self { algorithm, key: Arc::new(key) })
    }

    /// Verifies that `signature` (DER) was made by this key over `signed`.
    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), MessageError> {
        if self.algorithm != algorithm {
            return Err(MessageError::InvalidPublicKey);
        }
        self.key.verify_sig(signed, signature).map_err(|_| MessageError::SignatureInvalid)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerificationKey({:?})", self.algorithm)
    }
}
