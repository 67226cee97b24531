//! Which of the two events an invocation brings.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::direct::MAX_RECORDS;
use crate::queue::QueueBatch;
use crate::request::{InvalidRecord, RecordRequest};

/// An invocation's event, each record parsed on its own.
pub(crate) enum Event {
    /// `{"records": [...]}`, from whoever may invoke the function.
    Direct(Vec<Result<RecordRequest, InvalidRecord>>),
    /// `{"Records": [...]}`, from an event source mapping.
    Queue(QueueBatch),
}

/// Why an event is not one that the function knows. Nothing was written then; no variant's text holds content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Neither of the two shapes.
    #[error(
        "the event is neither {{\"records\": [...]}} nor a batch of an SQS queue; see events/record-encryptor for examples"
    )]
    Unknown,
    /// More records than one response can answer for.
    #[error("the event has {number} records; send at most {MAX_RECORDS} in one")]
    TooManyRecords {
        /// How many there are.
        number: usize,
    },
    /// A message that no response could name.
    #[error("message {index} of the batch has no messageId")]
    MissingMessageId {
        /// Its 0-based place in the batch.
        index: usize,
    },
}

/// What whoever may invoke the function sends. Nothing else is taken for it: a misspelt member would go unnoticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectEvent<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

impl Event {
    /// Parses an event, as the bytes that the function was invoked with.
    ///
    /// # Errors
    /// [`EventError`].
    pub(crate) fn parse(event: &[u8]) -> Result<Self, EventError> {
        // The parser's own errors might repeat content.
        if let Ok(DirectEvent { records }) = serde_json::from_slice(event) {
            return match records.len() {
                number if number > MAX_RECORDS => Err(EventError::TooManyRecords { number }),
                _ => Ok(Self::Direct(records.into_iter().map(|record| RecordRequest::parse(record.get())).collect())),
            };
        }
        QueueBatch::parse(event).map(Self::Queue)
    }
}
