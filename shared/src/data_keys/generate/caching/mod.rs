//! The materials cache in front of the wrapping keyring.

#[cfg(test)]
mod tests;
mod usage;

use std::fmt;
use std::sync::Arc;

use self::usage::{CountedMaterials, MessageUse};
use super::{GenerateDataKey, GenerationRequest};
use crate::clock::Clock;
use crate::data_keys::DataKeyError;
use crate::materials_cache::{
    CacheId, CacheIdBuilder, CacheSettings, CacheStatistics, Load, MaterialsCache, RefreshAhead,
};
use crate::message::SealingMaterials;
use crate::retry::{CallStatistics, Deadline};

pub use usage::{UsageLimits, UsageLimitsError};

/// Lets messages share the data keys that `G` generates, within limits of age, messages and bytes.
///
/// - A hit costs a hash, two readings of the clocks and one short lock. The message is counted before its materials are handed
///   out, so that no limit is ever exceeded, only left unused (by callers who are dropped, or fail to seal).
/// - One generation is under way for all who need the same materials; all of them are counted, and those for whom too little
///   is left wait for the next one together. A failure is shared by those who wait for it.
/// - From the refresh age on, a hit also begins the generation of a replacement, in a task of its own.
/// - Messages that would not fit into a whole entry, or whose length is not known, and suites that use the data key itself get a
///   data key of their own.
///
/// An entry answers for one suite and one encryption context under the wrapping keys of `G`; a signing suite's key pair lives and
/// dies with its entry. It implements the encrypting half of the caching cryptographic materials manager:
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/caching-cmm.md#get-encryption-materials>
pub struct CachingGeneration<G> {
    partition: String,
    limits: UsageLimits,
    cache: MaterialsCache<Generation<G>, Arc<CountedMaterials>, DataKeyError>,
}

impl<G> CachingGeneration<G> {
    /// An empty cache in front of `inner`. Entries live as `settings` say, and serve as much as `limits` say.
    #[must_use]
    pub fn new(inner: G, settings: &CacheSettings, limits: UsageLimits, clock: Arc<dyn Clock>) -> Self {
        let partition = settings.partition().to_owned();
        // Who encrypts decides here how long a data key is used, and replaces it while there is something to encrypt.
        let cache = MaterialsCache::new(Generation { inner, limits }, settings, RefreshAhead::All, clock);
        Self { partition, limits, cache }
    }

    /// What has happened since the start.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        self.cache.statistics()
    }

    /// How the cache counts a message; `None` for one that bypasses it.
    fn cached_use(&self, request: &GenerationRequest, plaintext_len: Option<u64>) -> Option<MessageUse> {
        //= framework/caching-cmm.md#get-encryption-materials
        //# If the algorithm suite requested contains an Identity KDF or if the request does not include a Max Plaintext
        //# Length value, the caching CMM MUST NOT store the encryption materials in the underlying CMC.
        let bytes = plaintext_len.filter(|_| request.suite().is_cacheable())?;
        (bytes <= self.limits.max_bytes()).then_some(MessageUse { bytes })
    }
}

impl<G: GenerateDataKey + 'static> GenerateDataKey for CachingGeneration<G> {
    async fn generate_data_key(
        &self,
        request: &GenerationRequest,
        plaintext_len: Option<u64>,
        deadline: Deadline,
    ) -> Result<Arc<SealingMaterials>, DataKeyError> {
        let counted = match self.cached_use(request, plaintext_len) {
            Some(use_) => self.cache.get(cache_id(&self.partition, request), true, request, use_, deadline).await?,
            None => self.cache.bypass(request, deadline).await?,
        };
        Ok(counted.materials())
    }

    fn cache_statistics(&self) -> Option<CacheStatistics> {
        Some(self.statistics())
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        self.cache.loader().inner.call_statistics()
    }
}

impl<G> fmt::Debug for CachingGeneration<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingGeneration").field("cache", &self.cache).finish_non_exhaustive()
    }
}

struct Generation<G> {
    inner: G,
    limits: UsageLimits,
}

impl<G: GenerateDataKey + 'static> Load<Arc<CountedMaterials>> for Generation<G> {
    type Request = GenerationRequest;
    type Error = DataKeyError;

    async fn load(
        &self,
        request: &GenerationRequest,
        deadline: Deadline,
    ) -> Result<Arc<CountedMaterials>, DataKeyError> {
        let materials = self.inner.generate_data_key(request, None, deadline).await?;
        Ok(Arc::new(CountedMaterials::new(materials, self.limits)))
    }
}

/// The id of `request` in `partition`: equal for requests that the same materials may answer, and for no others.
fn cache_id(partition: &str, request: &GenerationRequest) -> CacheId {
    CacheIdBuilder::new(partition, "generate a data key")
        .bytes(&request.suite().id().to_be_bytes())
        .encryption_context(request.encryption_context())
        .finish()
}
