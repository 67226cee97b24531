//! The decrypting wing: from a [`DecryptionRequest`] to the materials that open records.
//!
//! The cache ([`CachingDecryption`]) asks for whole requests; the keyring ([`DecryptionKeyring`]) picks which encrypted data key is decrypted with which
//! KMS key, one [`KmsDecrypt`] at a time.

#[cfg(feature = "runtime")]
mod caching;
mod keyring;
mod kms_decrypt;
mod request;

use std::future::Future;
use std::sync::Arc;

use super::DataKeyError;
#[cfg(feature = "runtime")]
use crate::materials_cache::CacheStatistics;
use crate::message::{DataKey, VerificationKey};
use crate::retry::{CallStatistics, Deadline};

#[cfg(feature = "runtime")]
pub use caching::CachingDecryption;
pub use keyring::{
    AllowedKeys, DecryptionKeyring, DecryptionKeyringSettings, DecryptionKeyringSettingsError, DiscoveryFilter,
};
pub use kms_decrypt::{DecryptedCiphertext, KmsDecrypt};
pub use request::{DecryptionRequest, MAX_CIPHERTEXT_BYTES, WrappedDataKey};

/// Decrypts the data key that a record needs. Implemented by the KMS keyring, and by the decorators around it.
pub trait DecryptDataKey: Send + Sync {
    /// Decrypts the data key that `request` describes, before `deadline`.
    ///
    /// # Errors
    /// [`DataKeyError`], whose [`class`](DataKeyError::class) says what the failure means for the record.
    fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptionMaterials, DataKeyError>> + Send;

    /// The calls made since the start for data keys that were not obtained, for a reason that trying again does not change. What such
    /// calls may cost is limited by those who ask for many data keys.
    fn calls_in_vain(&self) -> u64 {
        0
    }

    /// What the cache has counted, where there is one: for logs and metrics.
    #[cfg(feature = "runtime")]
    fn cache_statistics(&self) -> Option<CacheStatistics> {
        None
    }

    /// What the calls to KMS have counted, where somebody counts: for metrics.
    fn call_statistics(&self) -> Option<CallStatistics> {
        None
    }
}

/// So that the composing code can keep a handle on a part of the stack, to read its statistics.
impl<D: DecryptDataKey> DecryptDataKey for Arc<D> {
    fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptionMaterials, DataKeyError>> + Send {
        D::decrypt_data_key(self, request, deadline)
    }

    fn calls_in_vain(&self) -> u64 {
        D::calls_in_vain(self)
    }

    #[cfg(feature = "runtime")]
    fn cache_statistics(&self) -> Option<CacheStatistics> {
        D::cache_statistics(self)
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        D::call_statistics(self)
    }
}

/// What it takes to open a record: the data key and what is parsed once with it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DecryptionMaterials {
    /// The plaintext data key (for [`WrappedDataKey::KmsCiphertext`]: whatever the ciphertext held, 1 to 4,096 bytes).
    pub data_key: DataKey,
    /// For signing suites, the parsed public key from the encryption context.
    pub verification_key: Option<VerificationKey>,
}
