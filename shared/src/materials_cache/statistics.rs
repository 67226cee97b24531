//! What a cache has counted.

/// What a cache has counted since the start: each request is exactly one of the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests answered by a remembered permanent failure.
    pub failure_hits: u64,
    /// Requests that began a load, because the materials were not cached.
    pub loads: u64,
    /// Requests that waited for a load that was under way already.
    pub coalesced: u64,
    /// Requests that may not be cached, and began a load.
    pub bypasses: u64,
    /// Times that a request began once more, because the load that it had joined gave up before the request's own deadline, or
    /// was used up by others.
    pub rejoined: u64,
    /// Refreshes begun.
    pub refreshes: u64,
    /// Refreshes that failed; the entry served on.
    pub failed_refreshes: u64,
    /// Entries dropped because one more use would have exceeded a limit (of data keys to encrypt with).
    pub used_up: u64,
    /// Entries dropped to make room.
    pub evictions: u64,
    /// Entries dropped because of their age.
    pub expirations: u64,
    /// Entries now.
    pub entries: usize,
}

impl CacheStatistics {
    /// What was counted after `before`; the entries are those of now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(before.hits),
            failure_hits: self.failure_hits.saturating_sub(before.failure_hits),
            loads: self.loads.saturating_sub(before.loads),
            coalesced: self.coalesced.saturating_sub(before.coalesced),
            bypasses: self.bypasses.saturating_sub(before.bypasses),
            rejoined: self.rejoined.saturating_sub(before.rejoined),
            refreshes: self.refreshes.saturating_sub(before.refreshes),
            failed_refreshes: self.failed_refreshes.saturating_sub(before.failed_refreshes),
            used_up: self.used_up.saturating_sub(before.used_up),
            evictions: self.evictions.saturating_sub(before.evictions),
            expirations: self.expirations.saturating_sub(before.expirations),
            entries: self.entries,
        }
    }

    /// Logs, at debug, what was counted since `before`.
    pub(crate) fn log_since(&self, before: &Self) {
        let counted = self.since(before);
        tracing::debug!(
            hits = counted.hits,
            failure_hits = counted.failure_hits,
            misses = counted.loads,
            waited_for_another = counted.coalesced,
            not_cacheable = counted.bypasses,
            rejoined = counted.rejoined,
            refreshes = counted.refreshes,
            failed_refreshes = counted.failed_refreshes,
            used_up = counted.used_up,
            evictions = counted.evictions,
            expirations = counted.expirations,
            entries = counted.entries,
            "data keys"
        );
    }
}
