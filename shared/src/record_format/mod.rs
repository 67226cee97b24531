//! Reads a payload as what it is: a message of the AWS Encryption SDK, a bare KMS ciphertext, or a record of a database activity stream.
//!
//! A format knows how a payload names its data key and how the data key opens it. It asks nobody for the data key. A further
//! format is a variant of [`RecordFormat`], one of what a [`SealedRecord`] holds, and what the two match on.

mod activity_stream;
mod content_error;
mod encryption_sdk;
mod hint;
mod kms_ciphertext;
mod sealed_record;
mod variables;

use std::sync::Arc;

use self::sealed_record::Sealed;
use crate::data_keys::DecryptionRequest;
use crate::message::EncryptionContext;

pub use activity_stream::{ActivityStreamError, ActivityStreamFormat, DatabaseResource, InflateError};
pub use content_error::ContentError;
pub use encryption_sdk::EncryptionSdkFormat;
pub use hint::Look;
pub use kms_ciphertext::KmsCiphertextFormat;
pub use sealed_record::{DataKeyIdentity, SealedRecord};
pub use variables::{ACTIVITY_STREAM, VARIABLES};

/// What the payloads of a stream are. One stream has one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFormat {
    /// Every payload is one message of the AWS Encryption SDK.
    EncryptionSdk(EncryptionSdkFormat),
    /// Every payload is one `CiphertextBlob` of KMS `Encrypt`.
    KmsCiphertext(KmsCiphertextFormat),
    /// Every payload is one record of an Aurora or RDS database activity stream.
    ActivityStream(ActivityStreamFormat),
}

impl RecordFormat {
    /// Parses `payload` as far as it goes without cryptography. Borrows it, and allocates nothing but where a
    /// context's keys are out of order.
    ///
    /// # Errors
    /// [`ContentError::Malformed`], [`ContentError::SuiteNotAllowed`], [`ContentError::CiphertextLength`] or
    /// [`ContentError::ActivityStream`].
    pub fn read<'a>(&'a self, payload: &'a [u8]) -> Result<SealedRecord<'a>, ContentError> {
        let sealed = match self {
            Self::EncryptionSdk(format) => format.read(payload).map(|message| Sealed::Message(format, message)),
            Self::KmsCiphertext(format) => format.read(payload).map(|payload| Sealed::KmsCiphertext(format, payload)),
            Self::ActivityStream(format) => format
                .read(payload)
                .map(|record| Sealed::ActivityStream(format, record))
                .map_err(ContentError::ActivityStream),
        };
        sealed.map(SealedRecord::new)
    }

    /// What every record's data key is asked for with that no record carries: the variables, and what they say. `None` if it is nothing.
    pub(crate) fn settings_told_to_kms(&self) -> Option<(&'static str, String)> {
        match self {
            Self::EncryptionSdk(format) => {
                let required = &format.required_encryption_context;
                (!required.is_empty()).then(|| ("REQUIRED_ENCRYPTION_CONTEXT", keys_of(required)))
            }
            Self::KmsCiphertext(format) => Some((
                "RECORD_FORMAT, KMS_CIPHERTEXT_ENCRYPTION_CONTEXT or KMS_KEY_ARNS",
                format!("kms-ciphertext, with {}", keys_of(&format.encryption_context)),
            )),
            Self::ActivityStream(format) => {
                Some(("ACTIVITY_STREAM_RESOURCE_ID or KMS_KEY_ARNS", format.database.as_str().to_owned()))
            }
        }
    }
}

/// The keys of a configured context, in words: its values may name a customer.
pub(crate) fn keys_of(context: &EncryptionContext) -> String {
    let keys: Vec<_> = context.iter().map(|(key, _)| format!("{key:?}")).collect();
    if keys.is_empty() { "no encryption context".to_owned() } else { format!("values for {}", keys.join(", ")) }
}

/// What it takes to have a record's data key decrypted, and what opening the record takes besides the data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredDataKey {
    /// What is asked of KMS.
    pub request: DecryptionRequest,
    /// The pairs of the request's context that the record does not carry; they are authenticated with its header.
    pub reproduced_context: Arc<EncryptionContext>,
}
