//! Which of the two events an invocation brings.

use aws_lambda_events::sqs::SqsEvent;
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

/// The two shapes in one; the members' names tell them apart.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(borrow)]
    records: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "Records")]
    queue_records: Option<&'a RawValue>,
}

impl Event {
    /// Parses an event.
    ///
    /// # Errors
    /// [`EventError`].
    pub(crate) fn parse(event: &RawValue) -> Result<Self, EventError> {
        // The parser's own error might repeat content.
        let shape: Shape<'_> = serde_json::from_str(event.get()).map_err(|_| EventError::Unknown)?;
        match (shape.records, shape.queue_records) {
            (Some(records), None) if records.len() > MAX_RECORDS => {
                Err(EventError::TooManyRecords { number: records.len() })
            }
            (Some(records), None) => {
                Ok(Self::Direct(records.into_iter().map(|record| RecordRequest::parse(record.get())).collect()))
            }
            (None, Some(_)) => {
                let event: SqsEvent = serde_json::from_str(event.get()).map_err(|_| EventError::Unknown)?;
                Ok(Self::Queue(QueueBatch::try_from(event)?))
            }
            (None, None) | (Some(_), Some(_)) => Err(EventError::Unknown),
        }
    }
}
