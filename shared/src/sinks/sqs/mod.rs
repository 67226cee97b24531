//! Delivery to an SQS queue, standard or FIFO.

mod body;
pub(super) mod variables;

use std::sync::Arc;

use aws_config::SdkConfig;

use super::RecordSink;
use crate::clock::Clock;
use crate::delivery::{Delivery, DeliveryError, RequestEntry as _};
use crate::records::OpenedRecord;
use crate::retry::Deadline;
use crate::sqs::{SqsQueue, SqsSettings, request_plan};

/// Sends each plaintext to an SQS queue as one message.
///
/// The body is the plaintext itself where SQS allows its characters, else its base64; the attribute `contentEncoding` tells which
/// (`text`, `base64`, or `empty` for an empty plaintext, which SQS cannot carry: the body is `-`). Further attributes:
/// `sequenceNumber`, `subSequenceNumber` (records of an aggregate only), `approximateArrivalTimestamp` (RFC 3339) and
/// `partitionKey` (binary UTF-8 where SQS does not allow its characters). They count towards the message's size.
///
/// To a standard queue several requests are under way at once, as it keeps no order anyway. A FIFO queue (its URL ends with `.fifo`)
/// gets the partition key as message group, so that order is kept per partition key as Kinesis keeps it (records without one share a group), see [`FifoOrder`](crate::sqs::FifoOrder),
/// and a deduplication id made of the record's place and content, so that what is delivered twice within five minutes is stored once.
#[derive(Debug)]
pub struct SqsSink {
    queue: SqsQueue,
}

impl SqsSink {
    /// A sink with its own client made from `sdk`, whose own retrying is off.
    #[must_use]
    pub fn new(sdk: &SdkConfig, settings: SqsSettings, clock: Arc<dyn Clock>) -> Self {
        Self { queue: SqsQueue::new(sdk, settings, clock) }
    }
}

impl RecordSink for SqsSink {
    fn destination(&self) -> String {
        self.queue.destination()
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        let limits = request_plan(self.queue.settings()).limits;
        // Whether the text is sent as it is, or as the longer base64, takes reading it: that is for the few that may be too large.
        limits.refusal(body::max_len(record)).and_then(|_| limits.refusal(body::message(record, false).len()))
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let fifo = self.queue.settings().queue_url.is_fifo();
        let messages: Vec<_> = records.iter().map(|record| body::message(record, fifo)).collect();
        self.queue.send(&messages, deadline).await
    }
}

#[cfg(test)]
mod tests;
