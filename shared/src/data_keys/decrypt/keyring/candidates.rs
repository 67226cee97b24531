//! Which encrypted data keys are worth a call, and with which key: pure decisions.

use std::sync::Arc;

use super::{AllowedKeys, DecryptionKeyringSettings, DiscoveryFilter};
use crate::data_keys::{DataKeyError, KMS_PROVIDER_ID, KeyArn, MAX_CIPHERTEXT_BYTES};
use crate::message::EncryptedDataKey;

/// An encrypted data key that is worth a call.
pub(super) struct Candidate<'a> {
    /// The key to decrypt with.
    pub(super) key: KeyArn,
    pub(super) ciphertext: &'a [u8],
}

/// Those of a message's encrypted data keys that an allowed key wrapped, in the header's order.
///
/// The same one again is passed over. Another one of the same key is not: the first may be damaged, and the second open the record.
pub(super) fn allowed<'a>(
    encrypted: &'a [EncryptedDataKey],
    settings: &DecryptionKeyringSettings,
) -> Vec<Candidate<'a>> {
    let mut candidates: Vec<Candidate<'a>> = Vec::new();
    for encrypted in encrypted {
        if let Some(key) = key_for(encrypted, settings)
            && !candidates.iter().any(|known| known.key == key && known.ciphertext == encrypted.ciphertext)
        {
            candidates.push(Candidate { key, ciphertext: &encrypted.ciphertext });
        }
    }
    candidates
}

/// The key to decrypt `encrypted` with, or `None` if none that is allowed wrapped it.
fn key_for(encrypted: &EncryptedDataKey, settings: &DecryptionKeyringSettings) -> Option<KeyArn> {
    if encrypted.provider_id != KMS_PROVIDER_ID {
        return None;
    }
    let wrapping: KeyArn = std::str::from_utf8(&encrypted.provider_info).ok()?.parse().ok()?;
    match &settings.allowed {
        // > `KeyId`: the configured AWS KMS key identifier
        AllowedKeys::Strict(keys) => keys.iter().find(|key| key.matches(&wrapping)).cloned(),
        // > If the provider info's resource is a multi-Region key then a new ARN MUST be created where the region part MUST
        // > equal the AWS KMS client region and every other part MUST equal the provider info.
        // > If it is not, the provider info's Region MUST match the AWS KMS client region.
        AllowedKeys::Discovery(filter) => {
            let key = wrapping.related_in(&settings.region);
            (key.region() == settings.region && lets_through(filter.as_ref(), &key)).then_some(key)
        }
    }
}

/// Refuses what KMS would refuse with a `ValidationException`, which also means mistakes of ours and so would leave a record
/// that can never be read in front of all others.
///
/// # Errors
/// [`DataKeyError::Undecryptable`].
pub(super) fn check_ciphertext_length(ciphertext: &[u8]) -> Result<(), DataKeyError> {
    if (1..=MAX_CIPHERTEXT_BYTES).contains(&ciphertext.len()) {
        return Ok(());
    }
    Err(DataKeyError::Undecryptable(Arc::new(CiphertextLength { bytes: ciphertext.len() })))
}

#[derive(Debug, thiserror::Error)]
#[error("the ciphertext has {bytes} bytes, and one of KMS has 1 to {MAX_CIPHERTEXT_BYTES}")]
struct CiphertextLength {
    bytes: usize,
}

impl AllowedKeys {
    /// Whether `key`, with which KMS says it has decrypted, is allowed.
    pub(super) fn allow(&self, key: &KeyArn) -> bool {
        match self {
            Self::Strict(keys) => keys.iter().any(|allowed| allowed.matches(key)),
            Self::Discovery(filter) => lets_through(filter.as_ref(), key),
        }
    }
}

fn lets_through(filter: Option<&DiscoveryFilter>, key: &KeyArn) -> bool {
    filter.is_none_or(|filter| filter.partition == key.partition() && filter.accounts.contains(key.account()))
}
