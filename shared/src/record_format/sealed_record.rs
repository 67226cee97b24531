//! A record that was read but not opened.

use super::activity_stream::ActivityRecord;
use super::{ActivityStreamFormat, ContentError, EncryptionSdkFormat, KmsCiphertextFormat, RequiredDataKey};
use crate::data_keys::DecryptionMaterials;
use crate::message::{AlgorithmSuite, EncryptionContext, SealedMessage};

/// A record that was read but not opened: nothing in it is authenticated yet. Borrows the payload, and the format it was read as.
#[derive(Clone, Debug)]
pub struct SealedRecord<'a>(Sealed<'a>);

/// What was read, with what its format says about it: no record can be opened as another format than it was read as.
#[derive(Clone, Debug)]
pub(super) enum Sealed<'a> {
    Message(&'a EncryptionSdkFormat, SealedMessage<'a>),
    KmsCiphertext(&'a KmsCiphertextFormat, &'a [u8]),
    ActivityStream(&'a ActivityStreamFormat, ActivityRecord<'a>),
}

/// What decides which data key a record needs: records of one stream with equal identities share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataKeyIdentity<'a> {
    suite: Option<AlgorithmSuite>,
    bytes: &'a [u8],
}

impl<'a> SealedRecord<'a> {
    pub(super) fn new(sealed: Sealed<'a>) -> Self {
        Self(sealed)
    }

    /// The record's data key, told without parsing or allocating.
    #[must_use]
    pub fn data_key_identity(&self) -> DataKeyIdentity<'a> {
        match &self.0 {
            Sealed::Message(_, message) => {
                DataKeyIdentity { suite: Some(message.suite()), bytes: message.data_key_identity() }
            }
            Sealed::KmsCiphertext(_, ciphertext) => DataKeyIdentity { suite: None, bytes: ciphertext },
            Sealed::ActivityStream(_, record) => DataKeyIdentity { suite: None, bytes: record.data_key_identity() },
        }
    }

    /// What it takes to have the record's data key decrypted, after the encryption context is checked.
    ///
    /// The answer is the same for all records with one [`DataKeyIdentity`], so that a batch asks once for each.
    ///
    /// # Errors
    /// [`ContentError::ContextMismatch`] or [`ContentError::ActivityStream`].
    pub fn required_data_key(&self) -> Result<RequiredDataKey, ContentError> {
        match &self.0 {
            Sealed::Message(format, message) => format.required_data_key(message),
            Sealed::KmsCiphertext(format, ciphertext) => Ok(format.required_data_key(ciphertext)),
            Sealed::ActivityStream(format, record) => {
                format.required_data_key(record).map_err(ContentError::ActivityStream)
            }
        }
    }

    /// Opens the record: authenticates all of it, then returns its plaintext.
    ///
    /// `reproduced_context` is that of the record's [`RequiredDataKey`].
    ///
    /// # Errors
    /// [`ContentError::NotAuthentic`] or [`ContentError::ActivityStream`].
    pub fn open(
        &self,
        materials: &DecryptionMaterials,
        reproduced_context: &EncryptionContext,
    ) -> Result<Vec<u8>, ContentError> {
        match &self.0 {
            Sealed::Message(_, message) => message
                .open(&materials.data_key, materials.verification_key.as_ref(), reproduced_context)
                .map_err(ContentError::NotAuthentic),
            // KMS has authenticated it: what it decrypted is the content.
            Sealed::KmsCiphertext(..) => Ok(materials.data_key.expose().to_vec()),
            Sealed::ActivityStream(format, record) => {
                format.open(record, &materials.data_key).map_err(ContentError::ActivityStream)
            }
        }
    }
}
