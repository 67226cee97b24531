//! The eleven algorithm suites of the message format.

use aws_lc_rs::aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM};
use aws_lc_rs::hmac::{self, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

use super::MessageError;
use super::signature_algorithm::SignatureAlgorithm;

/// One of the eleven algorithm suites, named by its id.
///
/// All of them encrypt with AES-GCM, a 12-byte IV and a 16-byte tag.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/algorithm-suites.md>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlgorithmSuite {
    /// `0014`: AES-128-GCM, the data key used as it is.
    Aes128GcmIv12Tag16NoKdf,
    /// `0046`: AES-192-GCM, the data key used as it is.
    Aes192GcmIv12Tag16NoKdf,
    /// `0078`: AES-256-GCM, the data key used as it is.
    Aes256GcmIv12Tag16NoKdf,
    /// `0114`: AES-128-GCM, HKDF-SHA256.
    Aes128GcmIv12Tag16HkdfSha256,
    /// `0146`: AES-192-GCM, HKDF-SHA256.
    Aes192GcmIv12Tag16HkdfSha256,
    /// `0178`: AES-256-GCM, HKDF-SHA256.
    Aes256GcmIv12Tag16HkdfSha256,
    /// `0214`: AES-128-GCM, HKDF-SHA256, ECDSA P-256.
    Aes128GcmIv12Tag16HkdfSha256EcdsaP256,
    /// `0346`: AES-192-GCM, HKDF-SHA384, ECDSA P-384.
    Aes192GcmIv12Tag16HkdfSha384EcdsaP384,
    /// `0378`: AES-256-GCM, HKDF-SHA384, ECDSA P-384.
    Aes256GcmIv12Tag16HkdfSha384EcdsaP384,
    /// `0478`: AES-256-GCM, HKDF-SHA512, key commitment.
    Aes256GcmHkdfSha512CommitKey,
    /// `0578`: AES-256-GCM, HKDF-SHA512, key commitment, ECDSA P-384.
    Aes256GcmHkdfSha512CommitKeyEcdsaP384,
}

impl AlgorithmSuite {
    /// Every suite, in the order of the ids.
    pub const ALL: [Self; 11] = [
        Self::Aes128GcmIv12Tag16NoKdf,
        Self::Aes192GcmIv12Tag16NoKdf,
        Self::Aes256GcmIv12Tag16NoKdf,
        Self::Aes128GcmIv12Tag16HkdfSha256,
        Self::Aes192GcmIv12Tag16HkdfSha256,
        Self::Aes256GcmIv12Tag16HkdfSha256,
        Self::Aes128GcmIv12Tag16HkdfSha256EcdsaP256,
        Self::Aes192GcmIv12Tag16HkdfSha384EcdsaP384,
        Self::Aes256GcmIv12Tag16HkdfSha384EcdsaP384,
        Self::Aes256GcmHkdfSha512CommitKey,
        Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384,
    ];

    /// The suite that a message header names with `id`.
    ///
    /// # Errors
    /// [`MessageError::UnknownSuite`] for every other id.
    pub fn from_id(id: u16) -> Result<Self, MessageError> {
        Self::ALL.into_iter().find(|suite| suite.id() == id).ok_or(MessageError::UnknownSuite { id })
    }

    /// The suite's id, as it stands in a message header.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128GcmIv12Tag16NoKdf => 0x0014,
            Self::Aes192GcmIv12Tag16NoKdf => 0x0046,
            Self::Aes256GcmIv12Tag16NoKdf => 0x0078,
            Self::Aes128GcmIv12Tag16HkdfSha256 => 0x0114,
            Self::Aes192GcmIv12Tag16HkdfSha256 => 0x0146,
            Self::Aes256GcmIv12Tag16HkdfSha256 => 0x0178,
            Self::Aes128GcmIv12Tag16HkdfSha256EcdsaP256 => 0x0214,
            Self::Aes192GcmIv12Tag16HkdfSha384EcdsaP384 => 0x0346,
            Self::Aes256GcmIv12Tag16HkdfSha384EcdsaP384 => 0x0378,
            Self::Aes256GcmHkdfSha512CommitKey => 0x0478,
            Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => 0x0578,
        }
    }

    /// The length of a plaintext data key for this suite, in bytes: 16, 24 or 32.
    #[must_use]
    pub fn data_key_len(self) -> usize {
        // The input of every suite's key derivation is as long as the key that comes out.
        self.aead().key_len()
    }

    /// Whether the header carries a commitment to the data key (and the message format is version 2).
    #[must_use]
    pub const fn is_committing(self) -> bool {
        matches!(self, Self::Aes256GcmHkdfSha512CommitKey | Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384)
    }

    /// Whether the message ends with a signature, whose public key is in the encryption context.
    #[must_use]
    pub const fn is_signing(self) -> bool {
        self.signature().is_some()
    }

    /// Whether a data key of this suite may be cached: not where the data key itself encrypts (identity KDF), because
    /// reusing it then wears it out.
    #[must_use]
    pub const fn is_cacheable(self) -> bool {
        !matches!(self, Self::Aes128GcmIv12Tag16NoKdf | Self::Aes192GcmIv12Tag16NoKdf | Self::Aes256GcmIv12Tag16NoKdf)
    }

    pub(super) fn aead(self) -> &'static aead::Algorithm {
        match self {
            Self::Aes128GcmIv12Tag16NoKdf
            | Self::Aes128GcmIv12Tag16HkdfSha256
            | Self::Aes128GcmIv12Tag16HkdfSha256EcdsaP256 => &AES_128_GCM,
            Self::Aes192GcmIv12Tag16NoKdf
            | Self::Aes192GcmIv12Tag16HkdfSha256
            | Self::Aes192GcmIv12Tag16HkdfSha384EcdsaP384 => &AES_192_GCM,
            Self::Aes256GcmIv12Tag16NoKdf
            | Self::Aes256GcmIv12Tag16HkdfSha256
            | Self::Aes256GcmIv12Tag16HkdfSha384EcdsaP384
            | Self::Aes256GcmHkdfSha512CommitKey
            | Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => &AES_256_GCM,
        }
    }

    /// The hash of the key derivation (HKDF); `None` is the identity KDF.
    pub(super) fn kdf_hash(self) -> Option<hmac::Algorithm> {
        match self {
            Self::Aes128GcmIv12Tag16NoKdf | Self::Aes192GcmIv12Tag16NoKdf | Self::Aes256GcmIv12Tag16NoKdf => None,
            Self::Aes128GcmIv12Tag16HkdfSha256
            | Self::Aes192GcmIv12Tag16HkdfSha256
            | Self::Aes256GcmIv12Tag16HkdfSha256
            | Self::Aes128GcmIv12Tag16HkdfSha256EcdsaP256 => Some(HMAC_SHA256),
            Self::Aes192GcmIv12Tag16HkdfSha384EcdsaP384 | Self::Aes256GcmIv12Tag16HkdfSha384EcdsaP384 => {
                Some(HMAC_SHA384)
            }
            Self::Aes256GcmHkdfSha512CommitKey | Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => Some(HMAC_SHA512),
        }
    }

    pub(super) const fn signature(self) -> Option<SignatureAlgorithm> {
        match self {
            Self::Aes128GcmIv12Tag16NoKdf
            | Self::Aes192GcmIv12Tag16NoKdf
            | Self::Aes256GcmIv12Tag16NoKdf
            | Self::Aes128GcmIv12Tag16HkdfSha256
            | Self::Aes192GcmIv12Tag16HkdfSha256
            | Self::Aes256GcmIv12Tag16HkdfSha256
            | Self::Aes256GcmHkdfSha512CommitKey => None,
            Self::Aes128GcmIv12Tag16HkdfSha256EcdsaP256 => Some(SignatureAlgorithm::EcdsaP256Sha256),
            Self::Aes192GcmIv12Tag16HkdfSha384EcdsaP384
            | Self::Aes256GcmIv12Tag16HkdfSha384EcdsaP384
            | Self::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => Some(SignatureAlgorithm::EcdsaP384Sha384),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_found_by_its_id_and_nothing_else_is() {
        let known: Vec<u16> = AlgorithmSuite::ALL.into_iter().map(AlgorithmSuite::id).collect();
        for id in 0..=u16::MAX {
            match AlgorithmSuite::from_id(id) {
                Ok(suite) => assert_eq!(suite.id(), id),
                Err(error) => {
                    assert!(!known.contains(&id));
                    assert_eq!(error, MessageError::UnknownSuite { id });
                }
            }
        }
    }

    #[test]
    fn the_last_byte_of_the_id_tells_the_length_of_the_data_key() {
        for suite in AlgorithmSuite::ALL {
            let len = match suite.id() & 0xFF {
                0x14 => 16,
                0x46 => 24,
                0x78 => 32,
                other => panic!("{other:#x}"),
            };
            assert_eq!(suite.data_key_len(), len);
        }
    }

    #[test]
    fn data_keys_that_encrypt_directly_are_not_cacheable() {
        for suite in AlgorithmSuite::ALL {
            assert_eq!(suite.is_cacheable(), suite.id() > 0x0100, "{suite:?}");
            assert_eq!(suite.is_cacheable(), suite.kdf_hash().is_some(), "{suite:?}");
        }
    }
}
