//! A batch, validated: records of one shard, in its order, aggregates taken apart.

use crate::kpl;
use crate::records::{ShardOrigin, ShardRecord};

/// The user records of one shard, in shard order.
#[derive(Clone, Debug)]
pub struct ShardBatch {
    /// The stream and the shard. `None` for an event without records, which does not tell.
    pub origin: Option<ShardOrigin>,
    /// The user records. Those that share a sequence number (of one aggregate) are neighbours.
    pub records: Vec<ShardRecord>,
}

impl ShardBatch {
    /// The most records of one event (inclusive): the largest `BatchSize` of an event source mapping.
    pub const MAX_EVENT_RECORDS: usize = 10_000;

    /// Adds a Kinesis record: itself, or the user records of the aggregate that it is.
    pub(super) fn push(&mut self, record: ShardRecord) {
        let Some(user_records) = kpl::deaggregate(&record.data) else {
            self.records.push(record);
            return;
        };
        self.records.extend((0..).zip(user_records).map(|(sub_sequence_number, user)| ShardRecord {
            sequence_number: record.sequence_number.clone(),
            sub_sequence_number: Some(sub_sequence_number),
            partition_key: user.partition_key,
            explicit_hash_key: user.explicit_hash_key,
            approximate_arrival_timestamp: record.approximate_arrival_timestamp,
            data: user.data,
        }));
    }
}
