//! Where opened records go, in shard order.

pub(crate) mod batching;
pub(crate) mod client;
mod configured;
mod error;
mod firehose;
pub(crate) mod json_lines;
mod kinesis;
mod opened_record;
pub(crate) mod service_failure;
pub(crate) mod sqs;
mod stdout;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod timestamp;

use std::future::Future;

use crate::retry::Deadline;

pub use batching::RequestConcurrency;
pub use client::{DEFAULT_ATTEMPT_TIMEOUT, delivery_retry_policy};
pub use configured::{ConfiguredSink, SinkSettings};
pub use error::SinkError;
pub use firehose::{DeliveryStreamName, FirehoseSettings, FirehoseSink};
pub use kinesis::{KinesisSink, KinesisSinkSettings};
pub use opened_record::OpenedRecord;
pub use sqs::{FifoOrder, MessageLimit, QueueUrl, SqsSettings, SqsSink};
pub use stdout::StdoutSink;

/// Delivers opened records.
pub trait RecordSink: Send + Sync {
    /// Why the sink can never take `record`, whenever it is asked; `None` if it may. Asked for every record before it is delivered,
    /// so it looks at no more than it must, above all at the record's size.
    ///
    /// Such a record goes to quarantine. If only [`deliver`](Self::deliver) told, records of its aggregate would have been
    /// delivered by then, and would be again whenever the quarantine fails.
    fn refusal(&self, _record: &OpenedRecord) -> Option<SinkError> {
        None
    }

    /// Delivers `records`, which are in shard order and none of which it has [refused](Self::refusal), before `deadline`, and tells how
    /// long a prefix was delivered.
    ///
    /// Whatever is not in the delivered prefix comes again with the redelivered batch, so a sink delivers as little as it can
    /// beyond the first record that it cannot deliver.
    fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> impl Future<Output = Delivery> + Send;
}

/// How much of what was given to a sink (or to the quarantine) has arrived.
#[derive(Debug)]
#[must_use]
pub struct Delivery {
    /// The first `delivered` records have arrived, all of them.
    pub delivered: usize,
    /// Why the record at `delivered` has not; `None` if all have.
    pub failure: Option<SinkError>,
}

impl Delivery {
    /// All `count` records have arrived.
    pub fn complete(count: usize) -> Self {
        Self { delivered: count, failure: None }
    }

    /// Only the first `delivered` records have arrived.
    pub fn stopped_at(delivered: usize, failure: SinkError) -> Self {
        Self { delivered, failure: Some(failure) }
    }
}
