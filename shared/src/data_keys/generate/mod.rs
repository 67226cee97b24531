//! The encrypting wing: from a [`GenerationRequest`] to the materials that seal messages.
//!
//! The cache ([`CachingGeneration`]) asks for materials and counts what is sealed under them; the keyring ([`GenerationKeyring`]) has the
//! data key generated under one KMS key ([`KmsGenerateDataKey`]) and wrapped by the others ([`KmsEncrypt`]).

#[cfg(feature = "runtime")]
mod caching;
mod keyring;
mod kms_encrypt;
mod kms_generate_data_key;
mod request;

use std::future::Future;
use std::sync::Arc;

use super::DataKeyError;
#[cfg(feature = "runtime")]
use crate::materials_cache::CacheStatistics;
use crate::message::SealingMaterials;
use crate::retry::{CallStatistics, Deadline};

#[cfg(feature = "runtime")]
pub use caching::{CachingGeneration, UsageLimits, UsageLimitsError};
pub use keyring::{GenerationKeyring, GenerationKeyringSettings, GenerationKeyringSettingsError};
pub use kms_encrypt::{EncryptedPlaintext, KmsEncrypt};
pub use kms_generate_data_key::{GeneratedDataKey, KmsGenerateDataKey};
pub use request::{GenerationRequest, GenerationRequestError};

/// Generates data keys, and wraps them. Implemented by the wrapping keyring, and by the cache around it.
pub trait GenerateDataKey: Send + Sync {
    /// Materials that answer `request`, before `deadline`, to seal ONE message with: whoever seals another one has to ask again, so
    /// that it can be counted.
    ///
    /// `plaintext_len` is the message's length in bytes; `None` if it is not known yet (such a message gets a data key of its own).
    ///
    /// # Errors
    /// [`DataKeyError`]. None of them says anything about the message: even where the class is permanent, the message itself has
    /// not been looked at. Only [`InvalidRequest`](DataKeyError::InvalidRequest) may be the fault of its encryption context.
    fn generate_data_key(
        &self,
        request: &GenerationRequest,
        plaintext_len: Option<u64>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Arc<SealingMaterials>, DataKeyError>> + Send;

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
impl<G: GenerateDataKey> GenerateDataKey for Arc<G> {
    fn generate_data_key(
        &self,
        request: &GenerationRequest,
        plaintext_len: Option<u64>,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Arc<SealingMaterials>, DataKeyError>> + Send {
        G::generate_data_key(self, request, plaintext_len, deadline)
    }

    #[cfg(feature = "runtime")]
    fn cache_statistics(&self) -> Option<CacheStatistics> {
        G::cache_statistics(self)
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        G::call_statistics(self)
    }
}
