//! Payloads that are messages of the AWS Encryption SDK.

use std::sync::Arc;

use super::{ContentError, RequiredDataKey};
use crate::data_keys::{DecryptionRequest, WrappedDataKey};
use crate::message::{CommitmentPolicy, EncryptionContext, MessageLimits, SealedMessage};

/// Which messages of the AWS Encryption SDK are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionSdkFormat {
    /// Which suites may be read.
    pub commitment_policy: CommitmentPolicy,
    /// What a message may ask of the reader.
    pub limits: MessageLimits,
    /// Pairs that every record must have been sealed with. Those that a message carries must have these values; the others
    /// are taken as reproduced: they are part of the context that KMS checks and that authenticates the header.
    pub required_encryption_context: EncryptionContext,
}

impl EncryptionSdkFormat {
    pub(super) fn read<'a>(&self, payload: &'a [u8]) -> Result<SealedMessage<'a>, ContentError> {
        let message = SealedMessage::read(payload, &self.limits).map_err(ContentError::Malformed)?;
        //= client-apis/client.md#commitment-policy
        //# - decrypt MUST only support algorithm suites that have a Key Commitment value of True
        if !self.commitment_policy.allows_reading(message.suite()) {
            return Err(ContentError::SuiteNotAllowed(message.suite()));
        }
        Ok(message)
    }

    /// Checks the required pairs outside any cache: they are not part of a cache entry's id.
    pub(super) fn required_data_key(&self, message: &SealedMessage<'_>) -> Result<RequiredDataKey, ContentError> {
        let mut encryption_context = message.encryption_context();
        let mut reproduced_context = EncryptionContext::empty();
        for (key, required) in self.required_encryption_context.iter() {
            match encryption_context.get(key) {
                Some(carried) if carried == required => {}
                Some(_) => return Err(ContentError::ContextMismatch { key: key.to_owned() }),
                None => {
                    encryption_context.insert(key, required);
                    reproduced_context.insert(key, required);
                }
            }
        }
        let wrapped =
            WrappedDataKey::Message { suite: message.suite(), encrypted_data_keys: message.encrypted_data_keys() };
        Ok(RequiredDataKey {
            request: DecryptionRequest { wrapped, encryption_context },
            reproduced_context: Arc::new(reproduced_context),
        })
    }
}
