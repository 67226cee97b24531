//! The library's writer and the AWS SDK against the embedded Kinesis: what is in the stream in the end.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_kinesis::Client;
use local_stack::kinesis::{Effect, EmbeddedKinesis, KinesisSettings, Operation};
use local_stack::stream::{InMemoryStream, StreamRecord};
use warmkeys::clock::{Clock, Now, SystemClock};
use warmkeys::kinesis::{
    KinesisClient, KinesisWriter, ListShardsError, MaxRecordBytes, OnUnknownOutcome, Outcome, Receipt,
    StreamIdentifier, UnknownCause, WriteError, WriterSettings,
};
use warmkeys::records::UserRecord;
use warmkeys::retry::{Deadline, RetryPolicy};

use crate::kinesis_protocol::sdk_config;

const ONE: NonZeroU32 = NonZeroU32::MIN;

struct Setup {
    stream: Arc<InMemoryStream>,
    kinesis: EmbeddedKinesis,
    writer: KinesisWriter<KinesisClient, KinesisClient>,
}

impl Setup {
    async fn start(shards: u32, kinesis: KinesisSettings, writer: WriterSettings) -> Self {
        Self::start_with_clock(shards, kinesis, writer, Arc::new(SystemClock)).await
    }

    async fn start_with_clock(
        shards: u32,
        kinesis: KinesisSettings,
        writer: WriterSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let stream = Arc::new(InMemoryStream::new("orders", shards));
        let kinesis = EmbeddedKinesis::start_with_clock(Arc::clone(&stream), kinesis, clock).await.unwrap();
        let writer = writer_to(&kinesis, "orders", writer);
        Self { stream, kinesis, writer }
    }

    async fn write(&self, records: Vec<UserRecord>) -> Vec<Result<Receipt, WriteError>> {
        self.writer.write(records, Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60))).await
    }

    /// What is in the stream, in the order of its sequence numbers.
    fn stored(&self) -> Vec<StreamRecord> {
        let shards = self.stream.shards();
        let mut stored: Vec<_> =
            shards.iter().flat_map(|shard| self.stream.read(&shard.id, 0, usize::MAX).unwrap()).collect();
        stored.sort_by(|one, other| one.sequence_number.as_str().cmp(other.sequence_number.as_str()));
        stored
    }
}

/// A clock of which each reading comes 50 ms after the one before, so that the service's limits are met by the number of
/// requests, however fast or slow this machine is.
#[derive(Debug)]
struct ClockByReadings {
    start: Now,
    readings: AtomicU32,
}

impl Clock for ClockByReadings {
    fn now(&self) -> Now {
        let elapsed = Duration::from_millis(50) * self.readings.fetch_add(1, Ordering::Relaxed);
        Now { monotonic: self.start.monotonic + elapsed, wall: self.start.wall + elapsed }
    }
}

fn writer_to(
    kinesis: &EmbeddedKinesis,
    stream: &str,
    settings: WriterSettings,
) -> KinesisWriter<KinesisClient, KinesisClient> {
    let client = KinesisClient::new(&sdk_config(kinesis), StreamIdentifier::parse(stream).unwrap());
    KinesisWriter::new(client.clone(), client, settings, Arc::new(SystemClock))
}

/// Unpaced, so that the service's limits are met, and with short backoffs, so that no test waits long.
fn eager() -> WriterSettings {
    let retry = RetryPolicy {
        base_delay: Duration::from_millis(10),
        max_delay: Duration::from_millis(200),
        max_attempts: NonZeroU32::new(100).unwrap(),
        ..WriterSettings::default().retry
    };
    WriterSettings {
        rate_limit_percent: None,
        record_time_to_live: Duration::from_secs(60),
        shard_map_refresh_interval: Duration::from_millis(50),
        retry,
        ..WriterSettings::default()
    }
}

/// So many records, each with its number as data, spread over so many partition keys.
fn records(count: usize, partition_keys: usize) -> Vec<UserRecord> {
    let record = |number: usize| UserRecord {
        partition_key: format!("key-{}", number % partition_keys).into(),
        explicit_hash_key: None,
        data: format!("{number:06}").into(),
    };
    (0..count).map(record).collect()
}

/// Asserts that the stream has each of so many records once, and each partition key's in their order.
fn assert_each_once_and_in_order(stored: &[StreamRecord], count: usize) {
    let mut last_of_key = BTreeMap::new();
    for record in stored {
        if let Some(before) = last_of_key.insert(record.partition_key.as_ref(), record.data.as_ref()) {
            assert!(before < record.data.as_ref(), "{} is out of order or doubled", record.partition_key);
        }
    }
    assert_eq!(stored.len(), count);
}

#[tokio::test]
async fn twenty_thousand_records_survive_throttling_a_split_and_a_merge() {
    const COUNT: usize = 20_000;
    let clock = Arc::new(ClockByReadings { start: SystemClock.now(), readings: AtomicU32::new(0) });
    let setup = Setup::start_with_clock(3, KinesisSettings::default(), eager(), clock).await;
    let (results, ()) = tokio::join!(setup.write(records(COUNT, 1_000)), reshard_in_the_middle(&setup, COUNT));
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|receipt| !receipt.possibly_duplicated)));
    assert_each_once_and_in_order(&setup.stored(), COUNT);
    let entries = setup.kinesis.calls().entries;
    assert_eq!(entries.written, 20_000);
    assert!(entries.throttled > 100, "{entries:?}");
    let written_into = |number: usize| {
        let shard = &setup.stream.shards()[number];
        setup.stream.read(&shard.id, 0, usize::MAX).unwrap().len()
    };
    assert!((0..6).all(|shard| written_into(shard) > 0), "every shard, parents and children, took a part");
}

/// Splits the first shard when a third is written, and merges the upper half with its neighbour at two thirds.
async fn reshard_in_the_middle(setup: &Setup, count: usize) {
    let client = Client::new(&sdk_config(&setup.kinesis));
    let third = u64::try_from(count / 3).unwrap();
    let mut puts = setup.stream.subscribe();
    puts.wait_for(|puts| *puts >= third).await.unwrap();
    let split = client.split_shard().stream_name("orders").shard_to_split("shardId-000000000000");
    split.new_starting_hash_key((u128::MAX / 6).to_string()).send().await.unwrap();
    puts.wait_for(|puts| *puts >= 2 * third).await.unwrap();
    let merge = client.merge_shards().stream_name("orders").shard_to_merge("shardId-000000000004");
    merge.adjacent_shard_to_merge("shardId-000000000001").send().await.unwrap();
}

#[tokio::test]
async fn a_throttled_request_is_sent_again_whole() {
    let setup = Setup::start(2, KinesisSettings::unlimited(), eager()).await;
    let three = NonZeroU32::new(3).unwrap();
    setup.kinesis.disturb_puts(three, Effect::Fail { code: "KMSThrottlingException".to_owned() });
    let results = setup.write(records(100, 100)).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|receipt| receipt.attempts == 4)), "{results:?}");
    assert_each_once_and_in_order(&setup.stored(), 100);
    assert_eq!(setup.kinesis.calls().of(Operation::PutRecords), 4);
}

#[tokio::test]
async fn entries_that_failed_inside_kinesis_are_sent_again_without_the_others() {
    let setup = Setup::start(2, KinesisSettings::unlimited(), eager()).await;
    let effect = Effect::FailEntries { nth: NonZeroUsize::new(3).unwrap() };
    setup.kinesis.disturb_puts(NonZeroU32::new(5).unwrap(), effect);
    let results = setup.write(records(1_000, 100)).await;
    assert!(results.iter().all(Result::is_ok));
    assert_each_once_and_in_order(&setup.stored(), 1_000);
    let entries = setup.kinesis.calls().entries;
    assert_eq!(entries.written, 1_000);
    assert!(entries.failed > 0);
}

#[tokio::test]
async fn a_closed_connection_leaves_the_outcome_unknown_whether_written_or_not() {
    for carried_out in [false, true] {
        let setup = Setup::start(1, KinesisSettings::unlimited(), eager()).await;
        setup.kinesis.disturb_puts(ONE, Effect::CloseConnection { carried_out });
        let results = setup.write(records(10, 10)).await;
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, WriteError::OutcomeUnknown(UnknownCause::Failed(_))), "{error:?}");
            assert_eq!(error.outcome(), Outcome::Unknown);
        }
        assert_eq!(setup.stored().len(), if carried_out { 10 } else { 0 });
    }
}

#[tokio::test]
async fn what_follows_a_record_of_unknown_outcome_is_not_written() {
    let setup = Setup::start(1, KinesisSettings::unlimited(), eager()).await;
    setup.kinesis.disturb_puts(ONE, Effect::CloseConnection { carried_out: true });
    let results = setup.write(records(3, 1)).await;
    assert!(matches!(results[0], Err(WriteError::OutcomeUnknown(_))));
    assert!(results[1..].iter().all(|result| matches!(result, Err(WriteError::EarlierRecordFailed { index: 0 }))));
    assert_eq!(setup.stored().len(), 1);
}

#[tokio::test]
async fn sending_again_after_an_unknown_outcome_doubles_and_says_so() {
    let settings = WriterSettings { on_unknown_outcome: OnUnknownOutcome::SendAgain, ..eager() };
    let setup = Setup::start(1, KinesisSettings::unlimited(), settings).await;
    setup.kinesis.disturb_puts(ONE, Effect::CloseConnection { carried_out: true });
    let results = setup.write(records(10, 10)).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|receipt| receipt.possibly_duplicated)));
    assert_eq!(setup.stored().len(), 20);
}

#[tokio::test]
async fn a_hanging_request_times_out_with_its_outcome_unknown() {
    let mut settings = eager();
    settings.retry.attempt_timeout = Duration::from_millis(200);
    let setup = Setup::start(1, KinesisSettings::unlimited(), settings).await;
    setup.kinesis.disturb_puts(ONE, Effect::Hang);
    let results = setup.write(records(1, 1)).await;
    assert!(matches!(results[0], Err(WriteError::OutcomeUnknown(UnknownCause::TimedOut))), "{results:?}");
    assert!(setup.write(records(1, 1)).await[0].is_ok());
}

#[tokio::test]
async fn with_a_limit_above_the_streams_own_only_what_is_too_large_fails() {
    let settings = WriterSettings { max_record_bytes: MaxRecordBytes::new(10 << 20).unwrap(), ..eager() };
    let setup = Setup::start(1, KinesisSettings::unlimited(), settings).await;
    let mut records = records(100, 10);
    records[33].data = vec![0; 2_000_000].into();
    let results = setup.write(records).await;
    let failed: Vec<_> = (0..100).filter(|index| results[*index].is_err()).collect();
    assert_eq!(failed, [33]);
    assert!(matches!(results[33], Err(WriteError::Rejected(_))), "{:?}", results[33]);
    assert_eq!(setup.stored().len(), 99);
}

#[tokio::test]
async fn the_shard_map_is_listed_page_by_page_and_without_closed_shards() {
    let settings = KinesisSettings { shards_per_page: NonZeroUsize::new(3).unwrap(), ..KinesisSettings::unlimited() };
    let setup = Setup::start(7, settings, eager()).await;
    let first = setup.stream.shards()[0].id.clone();
    setup.stream.split(&first, 1 << 64).unwrap();
    let results = setup.write(records(500, 500)).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|receipt| *receipt.shard_id != *first.as_str())));
    assert_eq!(setup.kinesis.calls().of(Operation::ListShards), 3, "eight open shards are three pages");
}

#[tokio::test]
async fn without_its_stream_nothing_is_written() {
    let setup = Setup::start(1, KinesisSettings::unlimited(), eager()).await;
    let writer = writer_to(&setup.kinesis, "other", eager());
    let results =
        writer.write(records(2, 2), Deadline::after(SystemClock.now().monotonic, Duration::from_secs(9))).await;
    let refused = |error: &WriteError| matches!(error, WriteError::ShardMapUnavailable(ListShardsError::Refused(_)));
    assert!(results.iter().all(|result| result.as_ref().is_err_and(refused)), "{results:?}");
}
