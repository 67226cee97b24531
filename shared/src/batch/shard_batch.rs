//! A batch, validated: records of one shard, in its order, aggregates taken apart.

use bytes::Bytes;

use super::event::{self, ForeignEvent};
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

/// Why an event is not a batch of one shard. The invocation fails, and with it the whole batch.
///
/// Nothing less would do: a record without a sequence number cannot be the checkpoint, so nothing after it can be retried. No
/// variant holds anything of the event but places and counts, so that the error may be logged and answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event is not JSON.
    #[error("the event is not valid JSON at byte {at}")]
    NotJson {
        /// The place in the event, in bytes from 0.
        at: usize,
    },
    /// The event is not one of Kinesis.
    #[error("{0}")]
    Foreign(ForeignEvent),
    /// More records than a mapping can be set to send.
    #[error("the event has more than {} records", ShardBatch::MAX_EVENT_RECORDS)]
    TooManyRecords,
    /// An entry of `Records` is not an object.
    #[error("the event's record at index {index} is not an object")]
    NotARecord {
        /// The record's place in the event, from 0.
        index: usize,
    },
    /// A field is absent or not as Kinesis writes it.
    #[error("the event's record at index {index} has no valid {field}")]
    InvalidField {
        /// The record's place in the event, from 0.
        index: usize,
        /// The field's name in the event.
        field: &'static str,
    },
    /// A record names another stream or shard than the first.
    #[error("the event's record at index {index} comes from another shard than the first")]
    OtherShard {
        /// The record's place in the event, from 0.
        index: usize,
    },
}

impl EventError {
    /// A name by which alarms and filters can tell the errors apart.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "Event.NotJson",
            Self::Foreign(_) => "Event.Foreign",
            Self::TooManyRecords => "Event.TooManyRecords",
            Self::NotARecord { .. } => "Event.NotARecord",
            Self::InvalidField { .. } => "Event.InvalidField",
            Self::OtherShard { .. } => "Event.OtherShard",
        }
    }
}

impl ShardBatch {
    /// The most records of one event (inclusive): the largest `BatchSize` of an event source mapping.
    pub const MAX_EVENT_RECORDS: usize = 10_000;

    /// Reads an event, as the bytes that the function was invoked with.
    ///
    /// The payloads share the event's buffer. If nobody else holds it, it is not copied, but decoded in place.
    ///
    /// Of a record are needed its sequence number, its data, its event id (for the shard) and the stream's ARN; a partition key
    /// and an arrival time may be missing. Beside a Kinesis event it takes what holds one: the object of an on-failure
    /// destination, whose `payload` is the event; and a quarantine message, which is a batch of its one record.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn read(event: impl Into<Bytes>) -> Result<Self, EventError> {
        event::read(event.into())
    }

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
