//! The sink on a fake stream, on tokio's paused time.

use super::*;

use crate::clock::{Clock as _, SystemClock};
use crate::kinesis::{Aggregation, MaxRecordBytes, PutRecordsError};
use crate::message::EncryptionContext;
use crate::records::{SequenceNumber, ShardRecord};
use crate::retry::Jitter;
use crate::testing::FakeKinesis;

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

type Sink = KinesisSink<Arc<FakeKinesis>, Arc<FakeKinesis>>;

fn sink(kinesis: &Arc<FakeKinesis>) -> Sink {
    sink_with(kinesis, |_| ())
}

/// A sink with a sink's own defaults, and pauses that are the same in every run.
fn sink_with(kinesis: &Arc<FakeKinesis>, change: impl FnOnce(&mut WriterSettings)) -> Sink {
    let mut settings = KinesisSinkSettings::default_writer();
    settings.retry.jitter = Jitter::seeded(7);
    change(&mut settings);
    let (put, list) = (Arc::clone(kinesis), Arc::clone(kinesis));
    let writer = KinesisWriter::new(put, list, settings, Arc::new(SystemClock));
    KinesisSink::new(StreamIdentifier::Name("orders".to_owned()), writer)
}

fn within(seconds: u64) -> Deadline {
    Deadline::after(SystemClock.now().monotonic, Duration::from_secs(seconds))
}

async fn deliver(kinesis: &Arc<FakeKinesis>, records: &[OpenedRecord]) -> Delivery {
    sink(kinesis).deliver(records, within(5)).await
}

#[test]
fn the_sinks_own_stream_is_told_by_its_arn() {
    const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders";
    let sink = KinesisSink { stream: StreamIdentifier::parse(STREAM).unwrap(), ..sink(&FakeKinesis::with_shards(1)) };
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

#[tokio::test(start_paused = true)]
async fn a_throttled_record_leaves_less_than_500_written_beyond_it() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| fake.blocked_shard = Some("shardId-000000000000".into()));
    let upper = u128::MAX.to_string();
    let others = (0..4_000).map(|number| opened(&format!("other-{number}"), Some(&upper), vec![1]));
    let records: Vec<_> = std::iter::once(opened("first", Some("0"), vec![0])).chain(others).collect();
    let sink = sink(&kinesis);
    let delivery = sink.deliver(&records, within(20)).await;
    assert_eq!(delivery.delivered, 0);
    assert!(matches!(delivery.failure, Some(DeliveryError::Throttled(_))), "{:?}", delivery.failure);
    assert_eq!(kinesis.read(|fake| fake.written.len()), 499);

    kinesis.configure(|fake| fake.blocked_shard = None);
    assert_eq!(sink.deliver(&records, within(20)).await.delivered, 4_001);
    assert_eq!(kinesis.read(|fake| fake.written.len()), 4_001 + 499);
}

/// One record after the other, each a round trip of 50 ms: 45 s, which is more than records live elsewhere.
#[tokio::test(start_paused = true)]
async fn the_records_of_a_long_aggregate_of_one_key_live_as_long_as_the_invocation() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.round_trip = Duration::from_millis(50));
    let records: Vec<_> = (0..900).map(|_| opened("key", None, vec![1])).collect();
    let delivery = sink(&kinesis).deliver(&records, within(120)).await;
    assert!((delivery.delivered, delivery.failure.is_none()) == (900, true), "{:?}", delivery.failure);
}

#[tokio::test(start_paused = true)]
async fn the_one_record_that_kinesis_refuses_is_for_the_quarantine_and_those_behind_it_come_through() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| fake.refused_content = Some(b"refused"));
    let mut records: Vec<_> = (0..100).map(|number| opened(&format!("key-{number}"), None, vec![1])).collect();
    records[50].plaintext = b"refused".to_vec();
    let sink = sink(&kinesis);
    let delivery = sink.deliver(&records, within(20)).await;
    assert_eq!(delivery.delivered, 50);
    let failure = delivery.failure.unwrap();
    assert!(matches!(&failure, DeliveryError::Never { reason } if reason.contains("ValidationException")), "{failure}");
    // What the batch does once the record is in quarantine.
    assert_eq!(sink.deliver(&records[51..], within(20)).await.delivered, 49);
}

#[tokio::test(start_paused = true)]
async fn a_split_under_aggregates_loses_nothing_to_the_kcl() {
    let kinesis = FakeKinesis::with_shards(1);
    let sink = sink_with(&kinesis, |settings| settings.aggregation = Aggregation::SameShard);
    assert_eq!(sink.deliver(&[opened("loads the map", None, vec![0])], within(20)).await.delivered, 1);
    kinesis.split(0);
    let records: Vec<_> = (0..192).map(|number| opened(&format!("customer-{}", number % 40), None, vec![1])).collect();
    assert_eq!(sink.deliver(&records, within(20)).await.delivered, 192);
    assert_eq!(kinesis.read_by_the_kcl().len(), 1 + 192);
}
