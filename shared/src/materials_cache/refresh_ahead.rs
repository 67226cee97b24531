//! Which entries are renewed before they expire.

use std::num::NonZeroUsize;

use hashlink::LruCache;

use super::CacheId;

/// Which entries are renewed before they expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshAhead {
    /// All that are used past their refresh age.
    All,
    /// Of these, those that have been asked for again after they expired.
    ///
    /// Others decide how long what is cached is of use. Where that is about as long as the maximum age, renewing every entry loads
    /// nearly twice as often (1.71 times at 300 s each), and what it loads is never used. The price: whatever is used for longer is
    /// waited for once, at its first expiry.
    Returning,
}

/// Tells which entries return, by the ids of those that have expired. Ids only: no value outlives its age here.
pub(super) struct Returning {
    refresh_ahead: RefreshAhead,
    /// As many as entries; those that expired first make room.
    expired: LruCache<CacheId, ()>,
}

impl Returning {
    pub(super) fn new(refresh_ahead: RefreshAhead, capacity: NonZeroUsize) -> Self {
        Self { refresh_ahead, expired: LruCache::new(capacity.get()) }
    }

    /// Takes note that the entry for `id` has expired.
    pub(super) fn expired(&mut self, id: CacheId) {
        if self.refresh_ahead == RefreshAhead::Returning {
            self.expired.insert(id, ());
        }
    }

    /// Whether a new entry for `id` is to be renewed before it expires. `is_renewal`: it takes the place of another.
    pub(super) fn takes(&mut self, id: CacheId, is_renewal: bool) -> bool {
        match self.refresh_ahead {
            RefreshAhead::All => true,
            RefreshAhead::Returning => self.expired.remove(&id).is_some() || is_renewal,
        }
    }
}
