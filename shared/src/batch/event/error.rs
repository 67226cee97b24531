//! Why an event is not a batch.

use super::ForeignEvent;
use super::scanner::NotJson;
use crate::batch::ShardBatch;

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

impl From<NotJson> for EventError {
    fn from(NotJson { at }: NotJson) -> Self {
        Self::NotJson { at }
    }
}
