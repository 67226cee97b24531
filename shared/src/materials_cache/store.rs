//! The entries, least recently used first out.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use hashlink::LruCache;

use super::{AgeLimits, CacheId, RefreshAhead, Returning, age};
use crate::clock::Now;

/// A bounded store of values that age.
///
/// No expired entry is ever returned: ages are checked at every read, by both clocks. Those that nobody reads any more are
/// dropped when something is inserted, so that secrets do not outstay their age for want of a reader.
pub(super) struct Store<V> {
    entries: LruCache<CacheId, Entry<V>>,
    capacity: NonZeroUsize,
    limits: AgeLimits,
    returning: Returning,
    last_purge: Option<Now>,
    evicted: u64,
    expired: u64,
}

struct Entry<V> {
    value: V,
    created: Now,
    is_refreshed_ahead: bool,
    refresh_tried: Option<Now>,
}

/// A found entry.
#[derive(Debug)]
pub(super) struct Hit<'a, V> {
    /// The value; mutable for those that count their uses in it.
    pub(super) value: &'a mut V,
    /// Whether the one who found it is to replace it. Said to one finder in a [refresh interval](AgeLimits::refresh_interval).
    pub(super) refresh_due: bool,
}

/// The least time between two looks for expired entries among all: often enough for ages of minutes, seldom enough not to be felt.
const PURGE_INTERVAL: Duration = Duration::from_secs(10);

impl<V> Store<V> {
    /// An empty store for at most `capacity` entries.
    pub(super) fn new(capacity: NonZeroUsize, limits: AgeLimits, refresh_ahead: RefreshAhead) -> Self {
        let (entries, returning) = (LruCache::new(capacity.get()), Returning::new(refresh_ahead, capacity));
        Self { entries, capacity, limits, returning, last_purge: None, evicted: 0, expired: 0 }
    }

    /// Finds the value for `id` and makes it the most recently used. An expired one is dropped instead.
    pub(super) fn get(&mut self, id: CacheId, now: Now) -> Option<Hit<'_, V>> {
        let is_expired = self.limits.is_expired(self.entries.peek(&id)?.created, now);
        if is_expired {
            self.entries.remove(&id);
            self.returning.expired(id);
            self.expired += 1;
            return None;
        }
        let entry = self.entries.get_mut(&id)?;
        let refresh_due =
            entry.is_refreshed_ahead && self.limits.is_refresh_due(entry.created, entry.refresh_tried, now);
        if refresh_due {
            entry.refresh_tried = Some(now);
        }
        Some(Hit { value: &mut entry.value, refresh_due })
    }

    /// Stores `value`, in place of the one that `id` had. A full store drops its least recently used entry first.
    ///
    /// It ages from `asked` on, when it was asked for: the one who gave it may have decided just then, and whatever held up the answer
    /// (a frozen sandbox, above all) must not make it younger. What is past its age on arrival is not stored.
    pub(super) fn insert(&mut self, id: CacheId, value: V, asked: Now, now: Now) {
        self.purge(now);
        if self.limits.is_expired(asked, now) {
            return;
        }
        let is_renewal = self.entries.contains_key(&id);
        if self.entries.len() >= self.capacity.get() && !is_renewal {
            self.entries.remove_lru();
            self.evicted += 1;
        }
        let is_refreshed_ahead = self.returning.takes(id, is_renewal);
        self.entries.insert(id, Entry { value, created: asked, is_refreshed_ahead, refresh_tried: None });
    }

    /// Drops the entry for `id`, if there is one.
    pub(super) fn remove(&mut self, id: CacheId) {
        self.entries.remove(&id);
    }

    /// The number of entries, expired ones that nobody has read or purged included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many entries had to make room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many entries were dropped because of their age.
    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    fn purge(&mut self, now: Now) {
        let is_recent = |last| age(last, now).is_some_and(|since| since < PURGE_INTERVAL);
        if self.last_purge.is_some_and(is_recent) {
            return;
        }
        self.last_purge = Some(now);
        let before = self.entries.len();
        let (limits, returning) = (self.limits, &mut self.returning);
        self.entries.retain(|id, entry| {
            let is_expired = limits.is_expired(entry.created, now);
            if is_expired {
                returning.expired(*id);
            }
            !is_expired
        });
        self.expired += before.saturating_sub(self.entries.len()) as u64;
    }
}

impl<V> fmt::Debug for Store<V> {
    /// Without the values, which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} of {} entries)", self.len(), self.capacity)
    }
}

#[cfg(test)]
mod tests;
