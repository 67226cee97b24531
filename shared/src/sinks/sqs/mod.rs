//! Delivery to an SQS queue, standard or FIFO.

mod body;
mod fifo;
mod message;
mod requests;
mod settings;

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;

use super::batching::{RequestEntry as _, RequestLimits, RequestPlan, deliver_in_requests};
use super::{Delivery, OpenedRecord, RecordSink, SinkError};
use crate::clock::Clock;
use crate::retry::Deadline;
use requests::SendMessageBatch;

pub(crate) use fifo::{FifoIds, deduplication_id, group_id};
pub(crate) use message::{Message, escape_for_sqs};
pub use settings::{FifoOrder, MessageLimit, QueueUrl, SqsSettings};

/// Sends each plaintext to an SQS queue as one message.
///
/// The body is the plaintext itself where SQS allows its characters, else its base64; the attribute `contentEncoding` tells which
/// (`text`, `base64`, or `empty` for an empty plaintext, which SQS cannot carry: the body is `-`). Further attributes:
/// `sequenceNumber`, `subSequenceNumber` (records of an aggregate only), `approximateArrivalTimestamp` (RFC 3339) and
/// `partitionKey` (binary UTF-8 where SQS does not allow its characters). They count towards the message's size.
///
/// To a standard queue several requests are under way at once, as it keeps no order anyway. A FIFO queue (its URL ends with `.fifo`)
/// gets the partition key as message group, so that order is kept per partition key as Kinesis keeps it, see [`FifoOrder`],
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
    fn refusal(&self, record: &OpenedRecord) -> Option<SinkError> {
        let limits = request_plan(&self.queue.settings).limits;
        // Whether the text is sent as it is, or as the longer base64, takes reading it: that is for the few that may be too large.
        limits.refusal(body::max_len(record)).and_then(|_| limits.refusal(body::message(record, false).len()))
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let fifo = self.queue.settings.queue_url.is_fifo();
        let messages: Vec<_> = records.iter().map(|record| body::message(record, fifo)).collect();
        self.queue.send(&messages, deadline).await
    }
}

/// A queue and how messages are sent to it. The sink and the quarantine share it.
#[derive(Debug)]
pub(crate) struct SqsQueue {
    client: Client,
    settings: SqsSettings,
    clock: Arc<dyn Clock>,
}

impl SqsQueue {
    pub(crate) fn new(sdk: &SdkConfig, settings: SqsSettings, clock: Arc<dyn Clock>) -> Self {
        let config = aws_sdk_sqs::config::Builder::from(sdk)
            .retry_config(super::client::no_retries())
            .timeout_config(super::client::timeouts(&settings.retry))
            .build();
        Self { client: Client::from_conf(config), settings, clock }
    }

    #[cfg(test)]
    pub(crate) fn with_client(client: Client, settings: SqsSettings, clock: Arc<dyn Clock>) -> Self {
        Self { client, settings, clock }
    }

    pub(crate) fn settings(&self) -> &SqsSettings {
        &self.settings
    }

    /// Sends `messages`, and tells how long a prefix has arrived.
    pub(crate) async fn send(&self, messages: &[Message<'_>], deadline: Deadline) -> Delivery {
        let sender = SendMessageBatch { client: &self.client, queue_url: &self.settings.queue_url };
        let plan = request_plan(&self.settings);
        deliver_in_requests(&sender, messages, &plan, &self.settings.retry, deadline, &*self.clock).await
    }
}

fn request_plan(settings: &SqsSettings) -> RequestPlan {
    /// "A single message batch request can include a maximum of 10 messages."
    const MAX_MESSAGES: usize = 10;
    /// What queues took of a request before August 2025, whatever the limit of a single message was set to. Whether a lower limit
    /// for messages lowers that of requests is not documented; a request that is refused as too long would tell.
    const LEAST_REQUEST_BYTES: usize = 256 * 1024;
    let entry_bytes = settings.message_limit.get();
    RequestPlan {
        limits: RequestLimits { entries: MAX_MESSAGES, bytes: entry_bytes.max(LEAST_REQUEST_BYTES), entry_bytes },
        order: settings.fifo_order.group_order(),
        concurrency: settings.concurrency,
    }
}

#[cfg(test)]
mod tests;
