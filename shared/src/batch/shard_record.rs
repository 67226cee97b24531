//! One record of a shard, validated.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::SequenceNumber;

/// One user record of a shard. Cheap to clone: the payload shares the event's buffer.
#[derive(Clone, Debug)]
pub struct ShardRecord {
    /// The place of the Kinesis record. Several user records of one aggregate share it.
    pub sequence_number: SequenceNumber,
    /// The 0-based place within a KPL aggregate; `None` for a record that was not aggregated.
    pub sub_sequence_number: Option<u32>,
    /// The partition key that the producer gave: up to 256 characters.
    pub partition_key: Arc<str>,
    /// The explicit hash key that the producer gave, where an aggregate tells it.
    pub explicit_hash_key: Option<Arc<str>>,
    /// When the stream received the record, by the service's clock.
    pub approximate_arrival_timestamp: SystemTime,
    /// The payload, still encrypted.
    pub data: Bytes,
}
