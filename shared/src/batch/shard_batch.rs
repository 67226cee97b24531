//! A batch, validated: records of one shard, in its order, aggregates taken apart.

use crate::kpl;
use crate::records::{SequenceNumber, ShardOrigin, ShardRecord};

/// The user records of one shard, in shard order.
#[derive(Clone, Debug, Default)]
pub struct ShardBatch {
    /// The stream and the shard. `None` for an event without records, which does not tell.
    pub origin: Option<ShardOrigin>,
    /// The user records. Those that share a sequence number (of one aggregate) are neighbours.
    pub records: Vec<ShardRecord>,
    /// The sequence numbers of aggregates without any user record. There is nothing in them to deliver or to quarantine.
    pub empty_aggregates: Vec<SequenceNumber>,
    /// Whether a redrive sent it, which wants to know more than an event source mapping.
    pub is_redrive: bool,
}

impl ShardBatch {
    /// The most records of one event (inclusive): the largest `BatchSize` of an event source mapping.
    pub const MAX_EVENT_RECORDS: usize = 10_000;

    /// The most user records of one event (inclusive) that are too short to be encrypted and are judged one by one all the same: as
    /// many as an event has records. Each takes some hundred bytes, and six in an aggregate.
    pub(super) const MAX_SHORT_USER_RECORDS: usize = Self::MAX_EVENT_RECORDS;

    /// Adds a Kinesis record: itself, or the user records of the aggregate that it is. `max_short` is how many of these may be too
    /// short to be encrypted; it is lowered by their number.
    ///
    /// Where there are more, the aggregate itself comes after its user records, to be quarantined once for all those that were left
    /// out: no record format reads one.
    pub(super) fn push(&mut self, record: ShardRecord, max_short: &mut usize) {
        let Some(members) = kpl::deaggregate(&record.data, *max_short) else {
            self.records.push(record);
            return;
        };
        *max_short = max_short.saturating_sub(members.short);
        if members.user_records.is_empty() && members.left_out == 0 {
            self.empty_aggregates.push(record.sequence_number);
            return;
        }
        self.records.extend(members.user_records.into_iter().map(|(place, user)| ShardRecord {
            sequence_number: record.sequence_number.clone(),
            sub_sequence_number: Some(place),
            partition_key: user.partition_key,
            explicit_hash_key: user.explicit_hash_key,
            approximate_arrival_timestamp: record.approximate_arrival_timestamp,
            data: user.data,
        }));
        if members.left_out > 0 {
            self.records.push(record);
        }
    }
}
