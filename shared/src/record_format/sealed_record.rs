//! A record that was read but not opened.

use super::ContentError;
use crate::data_keys::DecryptionMaterials;
use crate::message::{AlgorithmSuite, EncryptionContext, SealedMessage};

/// A record that was read but not opened: nothing in it is authenticated yet. Borrows the payload.
#[derive(Clone, Debug)]
pub enum SealedRecord<'a> {
    /// A message of the AWS Encryption SDK.
    Message(SealedMessage<'a>),
    /// A bare KMS ciphertext.
    KmsCiphertext(&'a [u8]),
}

/// What decides which data key a record needs: records of one stream with equal identities share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataKeyIdentity<'a> {
    suite: Option<AlgorithmSuite>,
    bytes: &'a [u8],
}

impl<'a> SealedRecord<'a> {
    /// The record's data key, told without parsing or allocating.
    #[must_use]
    pub fn data_key_identity(&self) -> DataKeyIdentity<'a> {
        match self {
            Self::Message(message) => {
                DataKeyIdentity { suite: Some(message.suite()), bytes: message.data_key_identity() }
            }
            Self::KmsCiphertext(ciphertext) => DataKeyIdentity { suite: None, bytes: ciphertext },
        }
    }

    /// Opens the record: authenticates all of it, then returns its plaintext.
    ///
    /// `reproduced_context` is that of the record's [`RequiredDataKey`](super::RequiredDataKey).
    ///
    /// # Errors
    /// [`ContentError::NotAuthentic`].
    pub fn open(
        &self,
        materials: &DecryptionMaterials,
        reproduced_context: &EncryptionContext,
    ) -> Result<Vec<u8>, ContentError> {
        match self {
            Self::Message(message) => message
                .open(&materials.data_key, materials.verification_key.as_ref(), reproduced_context)
                .map_err(ContentError::NotAuthentic),
            // KMS has authenticated it: what it decrypted is the content.
            Self::KmsCiphertext(_) => Ok(materials.data_key.expose().to_vec()),
        }
    }
}
