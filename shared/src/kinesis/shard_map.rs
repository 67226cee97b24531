//! Which shard a hash key belongs to.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::service::{ListedShard, RecordDistribution};
use super::shard_pace::ShardPace;
use crate::records::HashKey;

/// The open shards at one time, at least one. Immutable: a refresh makes a new map, which replaces the old one whole. Only the pace
/// of surviving shards is carried over.
#[derive(Debug)]
pub(super) struct ShardMap {
    /// Counts the refreshes.
    pub(super) version: u64,
    pub(super) listed_at: Instant,
    /// By what the stream chooses a record's shard, as far as it said.
    pub(super) distribution: RecordDistribution,
    /// By the first hash key.
    shards: Vec<Arc<Shard>>,
    by_id: HashMap<Arc<str>, usize>,
}

/// One open shard.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: Arc<str>,
    hash_keys: RangeInclusive<u128>,
    /// Guards the shard's tokens and backoff; held while one request is filled from one queue, never across an await.
    pace: Mutex<ShardPace>,
}

impl ShardMap {
    /// The map of the open shards among `listed`; `None` if none is open.
    ///
    /// Shards that `previous` knows keep their token buckets; new ones start with empty buckets. A shard is known by its id and its
    /// range: a stream that is created again under its name begins again with the same ids, and has other ranges behind them.
    pub(super) fn new(
        listed: Vec<ListedShard>,
        distribution: RecordDistribution,
        previous: Option<&Self>,
        rate_limit_percent: Option<NonZeroU32>,
        now: Instant,
    ) -> Option<Self> {
        let mut shards: Vec<_> = listed
            .into_iter()
            .filter(|shard| shard.open)
            .map(|shard| match previous.and_then(|previous| previous.same_shard(&shard)) {
                Some(known) => Arc::clone(known),
                None => Arc::new(Shard {
                    id: shard.shard_id.into(),
                    hash_keys: shard.hash_keys,
                    pace: Mutex::new(ShardPace::new(rate_limit_percent, now)),
                }),
            })
            .collect();
        if shards.is_empty() {
            return None;
        }
        shards.sort_by_key(|shard| *shard.hash_keys.start());
        let by_id = shards.iter().enumerate().map(|(index, shard)| (Arc::clone(&shard.id), index)).collect();
        let version = previous.map_or(0, |previous| previous.version + 1);
        Some(Self { version, listed_at: now, distribution, shards, by_id })
    }

    fn same_shard(&self, listed: &ListedShard) -> Option<&Arc<Shard>> {
        self.shard_by_id(&listed.shard_id).filter(|known| known.hash_keys == listed.hash_keys)
    }

    /// The index of the shard that takes `hash_key`.
    ///
    /// Where the listing has a hole (it may be caught in the middle of a resharding) the shard before it is named: a wrong
    /// prediction costs a wrong pace for one request, and the result tells the right shard.
    pub(super) fn index_of(&self, hash_key: HashKey) -> usize {
        self.shards.partition_point(|shard| *shard.hash_keys.start() <= hash_key.0).saturating_sub(1)
    }

    /// The shard that takes `hash_key`.
    pub(super) fn shard_of(&self, hash_key: HashKey) -> Option<&Arc<Shard>> {
        self.shards.get(self.index_of(hash_key))
    }

    pub(super) fn shard_by_id(&self, id: &str) -> Option<&Arc<Shard>> {
        self.by_id.get(id).and_then(|index| self.shards.get(*index))
    }

    /// By the first hash key; [`index_of`](Self::index_of) indexes this.
    pub(super) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }
}

impl Shard {
    pub(super) fn takes(&self, hash_key: HashKey) -> bool {
        self.hash_keys.contains(&hash_key.0)
    }

    pub(super) fn pace(&self) -> MutexGuard<'_, ShardPace> {
        // A pace is whole after every statement that changes it, so one that a panic left behind is as good as any.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    fn listed(shard_id: &str, hash_keys: RangeInclusive<u128>, open: bool) -> ListedShard {
        ListedShard { shard_id: shard_id.into(), hash_keys, open }
    }

    fn map(shards: Vec<ListedShard>, previous: Option<&ShardMap>) -> Option<ShardMap> {
        ShardMap::new(shards, RecordDistribution::ByPartitionKey, previous, None, SystemClock.now().monotonic)
    }

    fn id_of(map: &ShardMap, hash_key: u128) -> &str {
        &map.shard_of(HashKey(hash_key)).unwrap().id
    }

    #[test]
    fn a_hash_key_belongs_to_the_open_shard_whose_range_holds_it() {
        let shards = vec![
            listed("upper", 100..=u128::MAX, true),
            listed("parent", 0..=u128::MAX, false),
            listed("lower", 0..=99, true),
        ];
        let map = map(shards, None).unwrap();
        assert_eq!([id_of(&map, 0), id_of(&map, 99)], ["lower", "lower"]);
        assert_eq!([id_of(&map, 100), id_of(&map, u128::MAX)], ["upper", "upper"]);
        assert!(map.shard_by_id("parent").is_none());
    }

    #[test]
    fn without_an_open_shard_there_is_no_map() {
        assert!(map(vec![], None).is_none());
        assert!(map(vec![listed("closed", 0..=u128::MAX, false)], None).is_none());
    }

    #[test]
    fn a_hole_in_the_listing_falls_to_a_neighbour() {
        let map = map(vec![listed("a", 10..=19, true), listed("b", 30..=39, true)], None).unwrap();
        assert_eq!([id_of(&map, 0), id_of(&map, 25), id_of(&map, 99)], ["a", "a", "b"]);
        assert!(!map.shard_of(HashKey(25)).unwrap().takes(HashKey(25)));
    }

    #[test]
    fn surviving_shards_keep_their_pace() {
        let before = map(vec![listed("a", 0..=9, true), listed("b", 10..=99, true)], None).unwrap();
        let after = vec![
            listed("a", 0..=9, true),
            listed("b", 10..=99, false),
            listed("c", 10..=49, true),
            listed("d", 50..=99, true),
        ];
        let after = map(after, Some(&before)).unwrap();
        assert!(Arc::ptr_eq(before.shard_by_id("a").unwrap(), after.shard_by_id("a").unwrap()));
        assert_eq!((after.version, after.shards().len()), (1, 3));
    }

    /// A stream that was deleted and created again: the ids are the same, the ranges are not.
    #[test]
    fn a_new_map_replaces_the_ranges_of_shards_with_the_same_id() {
        let before = map(vec![listed("a", 0..=9, true), listed("b", 10..=99, true)], None).unwrap();
        let after = vec![listed("a", 0..=4, true), listed("b", 5..=9, true), listed("c", 10..=99, true)];
        let after = map(after, Some(&before)).unwrap();
        assert_eq!([id_of(&after, 4), id_of(&after, 5), id_of(&after, 10)], ["a", "b", "c"]);
        assert!(!after.shard_by_id("b").unwrap().takes(HashKey(10)));
        assert!(!Arc::ptr_eq(before.shard_by_id("a").unwrap(), after.shard_by_id("a").unwrap()));
    }
}
