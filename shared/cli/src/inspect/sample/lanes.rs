//! Which records share a sandbox: those of one shard, or of some of its partition keys.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use warmkeys::records::HashKey;

/// The shards, and the concurrent batches of each (`ParallelizationFactor`). Each lane has, at most, one sandbox with a cache of its own.
#[derive(Debug)]
pub(crate) struct Lanes {
    shards: Option<NonZeroU32>,
    factor: NonZeroU32,
    /// By shard id, in the order in which they come: for inputs that name shards, where nobody said how many there are.
    named: BTreeMap<String, u32>,
}

impl Lanes {
    pub(crate) fn new(shards: Option<NonZeroU32>, factor: NonZeroU32) -> Self {
        Self { shards, factor, named: BTreeMap::new() }
    }

    /// The lane of a record. `number` stands for a partition key that is not there.
    ///
    /// Kinesis divides the hash keys among the shards, evenly unless somebody has split one. How Lambda divides a shard's records is not
    /// documented but for this: those of one partition key stay together.
    pub(crate) fn of(&mut self, partition_key: Option<&str>, shard_id: Option<&str>, number: u64) -> u32 {
        let hash_key = match partition_key {
            Some(partition_key) => HashKey::of_partition_key(partition_key),
            None => HashKey::of_partition_key(&number.to_string()),
        };
        let factor = u128::from(self.factor.get());
        let shard = match (self.shards, shard_id) {
            (Some(shards), _) => {
                let width = u128::MAX / u128::from(shards.get());
                (hash_key.as_u128() / width).min(u128::from(shards.get()) - 1)
            }
            (None, Some(shard_id)) => self.number_of(shard_id),
            (None, None) => 0,
        };
        u32::try_from(shard * factor + hash_key.as_u128() % factor).unwrap_or(u32::MAX)
    }

    fn number_of(&mut self, shard_id: &str) -> u128 {
        let next = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        if let Some(number) = self.named.get(shard_id) {
            return u128::from(*number);
        }
        if next < MAX_NAMED_SHARDS {
            self.named.insert(shard_id.to_owned(), next);
        }
        u128::from(next)
    }

    /// The shards: as given, else those that were named, else one.
    pub(crate) fn shards(&self) -> u32 {
        let named = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        self.shards.map_or(named.max(1), NonZeroU32::get)
    }

    /// Whether somebody said how many shards there are, or the records did.
    pub(crate) fn are_known(&self) -> bool {
        self.shards.is_some() || !self.named.is_empty()
    }

    /// The concurrent batches of a shard.
    pub(crate) fn factor(&self) -> u32 {
        self.factor.get()
    }

    /// All lanes.
    pub(crate) fn count(&self) -> u32 {
        self.shards().saturating_mul(self.factor())
    }
}

/// The most shard ids that are told apart.
const MAX_NAMED_SHARDS: u32 = 100_000;
