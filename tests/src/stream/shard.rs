//! One shard and what it holds.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use warmkeys::batch::SequenceNumber;

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
    /// The shard it was split from.
    pub parent: Option<ShardId>,
    /// Whether it takes no more records, because it was split.
    pub closed: bool,
}

/// A shard with its records.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) description: ShardDescription,
    pub(super) records: Vec<StreamRecord>,
}

impl Shard {
    pub(super) fn new(number: usize, hash_keys: HashKeyRange, parent: Option<ShardId>) -> Self {
        let description = ShardDescription { id: ShardId::new(number), hash_keys, parent, closed: false };
        Self { description, records: Vec::new() }
    }
}
