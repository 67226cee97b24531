//! Payloads that are bare KMS ciphertexts.

use std::sync::Arc;

use super::{ContentError, RequiredDataKey};
use crate::data_keys::{DecryptionRequest, MAX_CIPHERTEXT_BYTES, WrappedDataKey};
use crate::kpl::MIN_ENCRYPTED_LEN;
use crate::message::EncryptionContext;

/// How bare KMS ciphertexts are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KmsCiphertextFormat {
    /// The context that every record was encrypted with. A ciphertext does not carry it; KMS checks it.
    pub encryption_context: EncryptionContext,
}

impl KmsCiphertextFormat {
    #[expect(clippy::unused_self, reason = "reads as the other formats do")]
    pub(super) fn read<'a>(&self, payload: &'a [u8]) -> Result<&'a [u8], ContentError> {
        // What is shorter costs no call: of an aggregate, it may be ten thousand user records.
        if !(MIN_ENCRYPTED_LEN..=MAX_CIPHERTEXT_BYTES).contains(&payload.len()) {
            return Err(ContentError::CiphertextLength { len: payload.len() });
        }
        Ok(payload)
    }

    pub(super) fn required_data_key(&self, ciphertext: &[u8]) -> RequiredDataKey {
        RequiredDataKey {
            request: DecryptionRequest {
                wrapped: WrappedDataKey::KmsCiphertext(ciphertext.to_vec()),
                encryption_context: self.encryption_context.clone(),
            },
            reproduced_context: Arc::default(),
        }
    }
}
