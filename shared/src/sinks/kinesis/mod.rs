//! Delivers opened records to a Kinesis stream.

pub(super) mod variables;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::RecordSink;
use crate::delivery::{Delivery, DeliveryError};
use crate::failure::describe;
use crate::kinesis::{
    KinesisWriter, ListShards, ListShardsError, OnUnknownOutcome, PutRecords, RecordError, StreamIdentifier,
    WriteError, WriterSettings, WrittenPrefix,
};
use crate::records::{OpenedRecord, UserRecord};
use crate::retry::Deadline;

/// Writes each record's plaintext to a stream, under the partition key (and explicit hash key) that it came with. A record that has
/// none is written under its sequence number.
///
/// With [`Ordering::PerPartitionKey`](crate::kinesis::Ordering::PerPartitionKey), the writer's default, the order of each partition
/// key is kept, also over a redelivery: no record is written while an earlier one of its key is not acknowledged. Of the records beyond the
/// delivered prefix, less than 500 may have been written, and are written again when they come again.
#[derive(Debug)]
pub struct KinesisSink<P, L> {
    stream: StreamIdentifier,
    writer: KinesisWriter<P, L>,
}

impl<P: PutRecords, L: ListShards> KinesisSink<P, L> {
    /// A sink that writes with `writer`, whose stream is `stream`.
    #[must_use]
    pub fn new(stream: StreamIdentifier, writer: KinesisWriter<P, L>) -> Self {
        Self { stream, writer }
    }
}

/// What is configured of a [`KinesisSink`].
#[derive(Clone, Debug)]
pub struct KinesisSinkSettings {
    /// The stream that takes the records.
    pub stream: StreamIdentifier,
    /// How it is written to.
    pub writer: WriterSettings,
}

impl KinesisSinkSettings {
    /// The writer's defaults for a sink.
    ///
    /// A request with an unknown outcome is sent again, against the writer's own default: reporting it would bring back, and write
    /// again, all that follows it in the batch, and not just what was in the request. Records have no time to live of their own, but
    /// the invocation's time: what did not get through comes again, and would end the same way each time.
    #[must_use]
    pub fn default_writer() -> WriterSettings {
        WriterSettings {
            on_unknown_outcome: OnUnknownOutcome::SendAgain,
            record_time_to_live: Duration::MAX,
            ..WriterSettings::default()
        }
    }
}

impl<P: PutRecords, L: ListShards> RecordSink for KinesisSink<P, L> {
    fn destination(&self) -> String {
        format!("the Kinesis stream {}", self.stream.name())
    }

    fn writes_to(&self, stream_arn: &str) -> bool {
        matches!(&self.stream, StreamIdentifier::Arn(own) if own == stream_arn)
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        let limit = self.writer.settings().max_record_bytes.get();
        let len = record.plaintext.len() + partition_key(record).len();
        (len > limit).then_some(DeliveryError::TooLarge { len, limit })
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let limit = self.writer.settings().max_record_bytes;
        let mut outgoing = Vec::with_capacity(records.len());
        let mut unwritable = None;
        for record in records {
            let record = outgoing_record(record);
            // What cannot be delivered ends the prefix, so nothing behind it is written in vain.
            if let Err(error) = record.check(limit) {
                unwritable = Some(error);
                break;
            }
            outgoing.push(record);
        }
        let WrittenPrefix { written, failure } = self.writer.write_prefix(outgoing, REACH, deadline).await;
        match (failure, unwritable) {
            (Some(error), _) => Delivery::stopped_at(written, sink_error(error)),
            (None, Some(error)) => Delivery::stopped_at(written, unwritable_error(error)),
            (None, None) => Delivery::complete(written),
        }
    }
}

/// How many records are under way from the first undelivered one on: as many as fit one `PutRecords` request. One less may be written beyond
/// a record that is not, and again when they come again.
const REACH: NonZeroUsize = NonZeroUsize::new(500).unwrap();

fn outgoing_record(record: &OpenedRecord) -> UserRecord {
    UserRecord {
        partition_key: partition_key(record),
        explicit_hash_key: record.record.explicit_hash_key.clone(),
        data: Bytes::copy_from_slice(&record.plaintext),
    }
}

/// The key that the record came with. One without a key takes its sequence number: it spreads such records over the shards, and
/// the streams that have them promise no order to keep.
fn partition_key(record: &OpenedRecord) -> Arc<str> {
    let key = &record.record.partition_key;
    if key.is_empty() { record.record.sequence_number.as_str().into() } else { Arc::clone(key) }
}

fn sink_error(error: WriteError) -> DeliveryError {
    match error {
        WriteError::Unwritable(error) => unwritable_error(error),
        WriteError::Rejected(source) => {
            DeliveryError::never(&format!("Kinesis refuses it and takes other records: {}", describe(&*source)))
        }
        WriteError::Throttled | WriteError::ShardMapUnavailable(ListShardsError::Throttled(_)) => {
            DeliveryError::Throttled(Arc::new(error))
        }
        WriteError::Expired => DeliveryError::DeadlinePassed,
        WriteError::Refused(source) | WriteError::ShardMapUnavailable(ListShardsError::Refused(source)) => {
            DeliveryError::Refused(source)
        }
        WriteError::Failed
        | WriteError::EarlierRecordFailed { .. }
        | WriteError::OutcomeUnknown(_)
        | WriteError::ShardMapUnavailable(_) => DeliveryError::Transient(Arc::new(error)),
    }
}

fn unwritable_error(error: RecordError) -> DeliveryError {
    match error {
        RecordError::TooLarge { len, limit } => DeliveryError::TooLarge { len, limit },
        // No key comes here that a stream does not accept: an aggregate with one is not taken apart.
        error => DeliveryError::Refused(Arc::new(error)),
    }
}

#[cfg(test)]
mod tests;
