//! One shard and what it holds.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use warmkeys::records::SequenceNumber;

use super::hash_key::HashKeyRange;

/// A shard's name, `shardId-` and twelve digits. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(Arc<str>);

impl ShardId {
    /// The name of a stream's shard number `number`.
    #[must_use]
    pub fn new(number: usize) -> Self {
        Self(format!("shardId-{number:012}").into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One Kinesis record, as the stream keeps it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StreamRecord {
    /// Its place in the shard.
    pub sequence_number: SequenceNumber,
    /// What the producer gave as partition key.
    pub partition_key: Arc<str>,
    /// The payload.
    pub data: Bytes,
    /// When it was put.
    pub approximate_arrival: SystemTime,
}

/// What `ListShards` tells of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardDescription {
    /// Its name.
    pub id: ShardId,
    /// The hash keys it takes, or took.
    pub hash_keys: HashKeyRange,
    /// The shard it was split from, or the lower one of those it was merged from.
    pub parent: Option<ShardId>,
    /// The upper one of the shards it was merged from.
    pub adjacent_parent: Option<ShardId>,
    /// Where it began.
    pub starting_sequence_number: SequenceNumber,
    /// Where it was closed by a split or a merge; `None` while it takes records.
    pub ending_sequence_number: Option<SequenceNumber>,
}

impl ShardDescription {
    /// Whether it takes no more records, because it was split or merged.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ending_sequence_number.is_some()
    }

    /// The shards whose hash keys it took over: none, one or two.
    pub fn parents(&self) -> impl Iterator<Item = &ShardId> {
        self.parent.iter().chain(&self.adjacent_parent)
    }
}

/// A shard with its records.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) description: ShardDescription,
    pub(super) records: Vec<StreamRecord>,
}

impl Shard {
    /// An open shard without records that begins at `starting_sequence_number`.
    pub(super) fn new(
        number: usize,
        hash_keys: HashKeyRange,
        [parent, adjacent_parent]: [Option<ShardId>; 2],
        starting_sequence_number: SequenceNumber,
    ) -> Self {
        let description = ShardDescription {
            id: ShardId::new(number),
            hash_keys,
            parent,
            adjacent_parent,
            starting_sequence_number,
            ending_sequence_number: None,
        };
        Self { description, records: Vec::new() }
    }
}
