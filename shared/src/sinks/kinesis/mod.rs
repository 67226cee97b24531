//! Delivers opened records to a Kinesis stream.

pub(super) mod variables;

use std::sync::Arc;

use bytes::Bytes;

use super::RecordSink;
use crate::delivery::{Delivery, DeliveryError};
use crate::kinesis::{
    KinesisWriter, ListShards, ListShardsError, OnUnknownOutcome, PutRecords, Receipt, RecordError, StreamIdentifier,
    WriteError, WriterSettings,
};
use crate::records::{OpenedRecord, UserRecord};
use crate::retry::Deadline;

/// Writes each record's plaintext to a stream, under the partition key (and explicit hash key) that it came with. A record that has
/// none is written under its sequence number.
///
/// With [`Ordering::PerPartitionKey`](crate::kinesis::Ordering::PerPartitionKey), the writer's default, the order of each partition
/// key is kept, also over a redelivery: no record is written while an earlier one of its key is not acknowledged. Records beyond the
/// delivered prefix may have been written, and are written again when they come again.
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
    /// again, all that follows it in the batch, and not just what was in the request.
    #[must_use]
    pub fn default_writer() -> WriterSettings {
        WriterSettings { on_unknown_outcome: OnUnknownOutcome::SendAgain, ..WriterSettings::default() }
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
        let results = self.writer.write(outgoing, deadline).await;
        let delivered = results.iter().take_while(|result| result.is_ok()).count();
        let failure = results.into_iter().nth(delivered).and_then(Result::<Receipt, _>::err);
        match (failure, unwritable) {
            (Some(error), _) => Delivery::stopped_at(delivered, sink_error(error)),
            (None, Some(error)) => Delivery::stopped_at(delivered, unwritable_error(error)),
            (None, None) => Delivery::complete(delivered),
        }
    }
}

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
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::clock::{Clock as _, SystemClock};
    use crate::kinesis::{MaxRecordBytes, PutRecordsError};
    use crate::message::EncryptionContext;
    use crate::records::{SequenceNumber, ShardRecord};
    use crate::testing::{FakeKinesis, seeded_settings};

    fn opened(partition_key: &str, explicit_hash_key: Option<&str>, plaintext: Vec<u8>) -> OpenedRecord {
        OpenedRecord {
            record: ShardRecord {
                sequence_number: SequenceNumber::parse("1").unwrap(),
                sub_sequence_number: None,
                partition_key: partition_key.into(),
                explicit_hash_key: explicit_hash_key.map(Into::into),
                approximate_arrival_timestamp: None,
                data: Bytes::new(),
            },
            encryption_context: Arc::new(EncryptionContext::empty()),
            plaintext,
        }
    }

    fn sink(kinesis: &Arc<FakeKinesis>) -> KinesisSink<Arc<FakeKinesis>, Arc<FakeKinesis>> {
        let (put, list) = (Arc::clone(kinesis), Arc::clone(kinesis));
        KinesisSink::new(
            StreamIdentifier::Name("orders".to_owned()),
            KinesisWriter::new(put, list, seeded_settings(), Arc::new(SystemClock)),
        )
    }

    async fn deliver(kinesis: &Arc<FakeKinesis>, records: &[OpenedRecord]) -> Delivery {
        let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(5));
        sink(kinesis).deliver(records, deadline).await
    }

    #[test]
    fn the_sinks_own_stream_is_told_by_its_arn() {
        const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders";
        let sink =
            KinesisSink { stream: StreamIdentifier::parse(STREAM).unwrap(), ..sink(&FakeKinesis::with_shards(1)) };
        assert!(sink.writes_to(STREAM));
        assert!(!sink.writes_to(&STREAM.replace("orders", "others")) && !sink.writes_to(&STREAM.replace("eu", "us")));
    }

    #[test]
    fn a_record_is_refused_from_one_byte_above_the_streams_limit_its_partition_key_included() {
        let limit = MaxRecordBytes::DEFAULT.get();
        let refusal = |len: usize| sink(&FakeKinesis::with_shards(1)).refusal(&opened("key", None, vec![0; len - 3]));
        assert!(refusal(limit - 1).is_none() && refusal(limit).is_none());
        assert!(matches!(refusal(limit + 1), Some(DeliveryError::TooLarge { len, .. }) if len == limit + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn plaintexts_arrive_under_their_partition_and_explicit_hash_keys() {
        let kinesis = FakeKinesis::with_shards(2);
        let records = [opened("a", None, b"one".to_vec()), opened("b", Some("0"), b"two".to_vec())];
        let delivery = deliver(&kinesis, &records).await;
        assert!((delivery.delivered, delivery.failure.is_none()) == (2, true));
        kinesis.read(|fake| {
            let two = fake.written.iter().find(|entry| &*entry.partition_key == "b").unwrap();
            assert_eq!((two.data.as_ref(), two.shard_id.as_str()), (b"two".as_ref(), "shardId-000000000000"));
        });
    }

    #[tokio::test(start_paused = true)]
    async fn an_oversized_record_ends_the_prefix_and_nothing_behind_it_is_written() {
        let kinesis = FakeKinesis::with_shards(1);
        let limit = MaxRecordBytes::DEFAULT.get();
        let records = [opened("a", None, vec![1]), opened("b", None, vec![2; limit]), opened("c", None, vec![3])];
        let delivery = deliver(&kinesis, &records).await;
        assert_eq!(delivery.delivered, 1);
        assert!(matches!(delivery.failure, Some(DeliveryError::TooLarge { len, .. }) if len == limit + 1));
        assert_eq!(kinesis.read(|fake| fake.written.len()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_delivered_prefix_ends_at_the_first_unacknowledged_record() {
        let kinesis = FakeKinesis::with_shards(2);
        let upper = u128::MAX.to_string();
        kinesis.configure(|fake| fake.blocked_shard = Some("shardId-000000000001".into()));
        let records =
            [opened("a", Some("0"), vec![1]), opened("b", Some(&upper), vec![2]), opened("c", Some("0"), vec![3])];
        let delivery = deliver(&kinesis, &records).await;
        assert_eq!(delivery.delivered, 1);
        assert!(matches!(delivery.failure, Some(DeliveryError::Throttled(_))), "{:?}", delivery.failure);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_told_as_one() {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| {
            fake.request_errors = vec![PutRecordsError::Refused(Arc::new(std::io::Error::other("denied")))];
        });
        let delivery = deliver(&kinesis, &[opened("a", None, vec![1])]).await;
        assert_eq!(delivery.delivered, 0);
        assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
    }
}
