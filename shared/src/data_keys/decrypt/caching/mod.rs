//! The materials cache in front of the keyring.

mod cache_ids;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use super::{DecryptDataKey, DecryptionMaterials, DecryptionRequest};
use crate::clock::Clock;
use crate::data_keys::DataKeyError;
use crate::materials_cache::{CacheSettings, CacheStatistics, Load, MaterialsCache, RefreshAhead, Reusable};
use crate::retry::{CallStatistics, Deadline};

/// Remembers what `D` decrypted, and asks it only once however many need the same data key.
///
/// - A hit costs a hash, two readings of the clocks and one short lock.
/// - Whoever asks for what is being loaded waits for that load, and shares its outcome: success or failure. Failures are not
///   remembered beyond those who wait, except permanent ones, briefly.
/// - A load has no task of its own: it goes on when the one who began it is dropped, and ends when the last who waits is.
/// - From the refresh age on, a hit also begins a refresh, in a task of its own, if the data key has been decrypted anew after an expiry
///   before: most keys are out of use by then.
///
/// It implements the decrypting half of the caching cryptographic materials manager; what the message format leaves out of the
/// cache id (commitment policy, required encryption context) has to be checked by the caller on every record.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/caching-cmm.md>
pub struct CachingDecryption<D> {
    partition: String,
    cache: MaterialsCache<Decryption<D>, DecryptionMaterials, DataKeyError>,
}

impl<D> CachingDecryption<D> {
    /// An empty cache in front of `inner`.
    #[must_use]
    pub fn new(inner: D, settings: &CacheSettings, clock: Arc<dyn Clock>) -> Self {
        let partition = settings.partition().to_owned();
        // Producers decide how long a data key is in use, often for about as long as it is cached.
        let cache = MaterialsCache::new(Decryption(inner), settings, RefreshAhead::Returning, clock);
        Self { partition, cache }
    }

    /// What has happened since the start.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        self.cache.statistics()
    }
}

impl<D: DecryptDataKey + 'static> DecryptDataKey for CachingDecryption<D> {
    async fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let id = cache_ids::cache_id(&self.partition, request);
        let is_cacheable = cache_ids::is_cacheable(&request.wrapped);
        self.cache.get(id, is_cacheable, request, (), deadline).await
    }

    fn calls_in_vain(&self) -> u64 {
        self.cache.loader().0.calls_in_vain()
    }

    fn cache_statistics(&self) -> Option<CacheStatistics> {
        Some(self.statistics())
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        self.cache.loader().0.call_statistics()
    }
}

impl<D> fmt::Debug for CachingDecryption<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingDecryption").field("cache", &self.cache).finish_non_exhaustive()
    }
}

struct Decryption<D>(D);

impl<D: DecryptDataKey + 'static> Load<DecryptionMaterials> for Decryption<D> {
    type Request = DecryptionRequest;
    type Error = DataKeyError;

    async fn load(&self, request: &DecryptionRequest, deadline: Deadline) -> Result<DecryptionMaterials, DataKeyError> {
        self.0.decrypt_data_key(request, deadline).await
    }
}

/// Decrypting wears no data key out: entries are limited by age and capacity only.
impl Reusable for DecryptionMaterials {
    type Use = ();

    fn claim(&self, (): ()) -> bool {
        true
    }
}
