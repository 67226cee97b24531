//! The shards of the fake stream, and how they change.

use std::ops::RangeInclusive;

/// A change of the shards.
#[derive(Clone, Copy)]
pub enum Resharding {
    /// Of the open shard with this index, by hash key.
    Split(usize),
    /// Of the open shard with this index and the next.
    MergeWithNext(usize),
}

#[derive(Clone)]
pub(super) struct FakeShard {
    pub(super) id: String,
    pub(super) hash_keys: RangeInclusive<u128>,
    pub(super) open: bool,
}

/// Closes what is resharded, and opens its children.
pub(super) fn reshard(shards: &mut Vec<FakeShard>, resharding: Resharding) {
    let mut open: Vec<_> = (0..shards.len()).filter(|index| shards[*index].open).collect();
    open.sort_by_key(|index| *shards[*index].hash_keys.start());
    let mut close = |index: usize| {
        let shard = &mut shards[open[index]];
        shard.open = false;
        shard.hash_keys.clone()
    };
    let children = match resharding {
        Resharding::Split(index) => {
            let (start, end) = close(index).into_inner();
            let middle = start + (end - start) / 2;
            vec![start..=middle, middle + 1..=end]
        }
        Resharding::MergeWithNext(index) => {
            let (lower, upper) = (close(index), close(index + 1));
            vec![*lower.start()..=*upper.end()]
        }
    };
    for hash_keys in children {
        shards.push(FakeShard { id: shard_id(shards.len()), hash_keys, open: true });
    }
}

/// Open shards of equal ranges, whose ids begin with the first.
pub(super) fn shards_of_equal_ranges(count: u32) -> Vec<FakeShard> {
    let width = u128::MAX / u128::from(count);
    let shards = (0..count).map(|index| {
        let start = if index == 0 { 0 } else { width * u128::from(index) + 1 };
        let end = if index + 1 == count { u128::MAX } else { width * u128::from(index + 1) };
        FakeShard { id: shard_id(index as usize), hash_keys: start..=end, open: true }
    });
    shards.collect()
}

fn shard_id(index: usize) -> String {
    format!("shardId-{index:012}")
}
