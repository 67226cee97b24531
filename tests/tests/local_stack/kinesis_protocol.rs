//! The embedded Kinesis as the AWS SDK meets it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Shard, ShardIteratorType};
use local_stack::kinesis::{Effect, EmbeddedKinesis, KinesisSettings, Operation, ShardLimits};
use local_stack::stream::{InMemoryStream, ShardId};
use warmkeys::clock::{Clock, Now, SystemClock};

const ONE: NonZeroU32 = NonZeroU32::MIN;

pub(crate) fn sdk_config(kinesis: &EmbeddedKinesis) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "test")))
        .endpoint_url(kinesis.endpoint_url())
        .retry_config(RetryConfig::disabled())
        .build()
}

async fn start(shards: u32, settings: KinesisSettings) -> (EmbeddedKinesis, Arc<InMemoryStream>, Client) {
    let stream = Arc::new(InMemoryStream::new("orders", shards));
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), settings).await.unwrap();
    let client = Client::new(&sdk_config(&kinesis));
    (kinesis, stream, client)
}

fn entry(partition_key: &str, len: usize) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key(partition_key).data(Blob::new(vec![7; len])).build().unwrap()
}

async fn put(
    client: &Client,
    entries: Vec<PutRecordsRequestEntry>,
) -> Result<PutRecordsOutput, SdkError<PutRecordsError>> {
    client.put_records().stream_name("orders").set_records(Some(entries)).send().await
}

async fn refusal(client: &Client, entries: Vec<PutRecordsRequestEntry>) -> String {
    put(client, entries).await.unwrap_err().code().unwrap_or_default().to_owned()
}

/// A clock that stands still.
#[derive(Debug)]
struct StoppedClock(Now);

impl Clock for StoppedClock {
    fn now(&self) -> Now {
        self.0
    }
}

#[tokio::test]
async fn records_land_in_the_shards_of_their_keys() {
    let (kinesis, stream, client) = start(2, KinesisSettings::default()).await;
    let low = PutRecordsRequestEntry::builder().partition_key("k").explicit_hash_key("0").data(Blob::new("low"));
    let high = PutRecordsRequestEntry::builder().partition_key("k").explicit_hash_key(u128::MAX.to_string());
    let entries = vec![low.build().unwrap(), high.data(Blob::new("high")).build().unwrap()];
    let results = put(&client, entries).await.unwrap().records;
    let shard_ids: Vec<_> = results.iter().map(|result| result.shard_id().unwrap()).collect();
    assert_eq!(shard_ids, ["shardId-000000000000", "shardId-000000000001"]);
    let stored = stream.read(&ShardId::new(1), 0, 10).unwrap();
    assert_eq!(stored[0].data.as_ref(), b"high");
    assert_eq!(Some(stored[0].sequence_number.as_str()), results[1].sequence_number());
    assert_eq!(kinesis.calls().entries.written, 2);
}

#[tokio::test]
async fn what_a_shard_has_no_room_for_fails_alone() {
    let stream = Arc::new(InMemoryStream::new("orders", 1));
    let limits = ShardLimits { records_per_second: NonZeroU32::new(3).unwrap(), ..ShardLimits::SERVICE };
    let settings = KinesisSettings { shard_limits: Some(limits), ..KinesisSettings::default() };
    let clock = Arc::new(StoppedClock(SystemClock.now()));
    let kinesis = EmbeddedKinesis::start_with_clock(stream, settings, clock).await.unwrap();
    let client = Client::new(&sdk_config(&kinesis));
    let output = put(&client, (0..5).map(|_| entry("k", 1)).collect()).await.unwrap();
    assert_eq!(output.failed_record_count, Some(2));
    assert!(output.records[..3].iter().all(|result| result.sequence_number.is_some() && result.error_code.is_none()));
    assert_eq!(output.records[3].error_code(), Some("ProvisionedThroughputExceededException"));
    assert_eq!(
        output.records[4].error_message(),
        Some("Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.")
    );
    assert!(output.records[4].shard_id.is_none() && output.records[4].sequence_number.is_none());
}

#[tokio::test]
async fn a_request_over_a_limit_is_refused_whole() {
    const MIB: usize = 1 << 20;
    let (_kinesis, stream, client) = start(1, KinesisSettings::unlimited()).await;
    assert!(put(&client, (0..500).map(|_| entry("k", 1)).collect()).await.is_ok());
    assert_eq!(refusal(&client, (0..501).map(|_| entry("k", 1)).collect()).await, "ValidationException");
    assert_eq!(refusal(&client, vec![]).await, "ValidationException");
    assert!(put(&client, (0..10).map(|_| entry("k", MIB - 1)).collect()).await.is_ok());
    let mut too_much: Vec<_> = (0..10).map(|_| entry("k", MIB - 1)).collect();
    too_much.push(entry("k", 0));
    assert_eq!(refusal(&client, too_much).await, "InvalidArgumentException");
    assert_eq!(refusal(&client, vec![entry("good", 1), entry("k", MIB)]).await, "InvalidArgumentException");
    assert!(put(&client, vec![entry(&"ü".repeat(256), 1)]).await.is_ok());
    assert_eq!(refusal(&client, vec![entry(&"ü".repeat(257), 1)]).await, "ValidationException");
    let wrong_hash_key = PutRecordsRequestEntry::builder().partition_key("k").explicit_hash_key("-1");
    let wrong_hash_key = wrong_hash_key.data(Blob::new("")).build().unwrap();
    assert_eq!(refusal(&client, vec![wrong_hash_key]).await, "InvalidArgumentException");
    assert_eq!(stream.read(&ShardId::new(0), 0, usize::MAX).unwrap().len(), 511);
}

#[tokio::test]
async fn another_stream_is_not_found() {
    let (_kinesis, stream, client) = start(1, KinesisSettings::default()).await;
    let named = client.list_shards().stream_name("other").send().await.unwrap_err();
    assert!(named.into_service_error().is_resource_not_found_exception());
    let unnamed = client.list_shards().send().await.unwrap_err();
    assert!(unnamed.into_service_error().is_invalid_argument_exception());
    assert!(client.list_shards().stream_arn(stream.arn()).send().await.is_ok());
}

/// All shards, page by page, and the number of pages.
async fn pages(client: &Client) -> (Vec<Shard>, usize) {
    let mut page = client.list_shards().stream_name("orders").send().await.unwrap();
    let (mut shards, mut pages) = (page.shards().to_vec(), 1);
    while let Some(token) = page.next_token() {
        page = client.list_shards().next_token(token).send().await.unwrap();
        shards.extend_from_slice(page.shards());
        pages += 1;
    }
    (shards, pages)
}

#[tokio::test]
async fn resharding_closes_parents_and_lists_them_with_their_children() {
    let settings = KinesisSettings { shards_per_page: NonZeroUsize::new(2).unwrap(), ..KinesisSettings::default() };
    let (_kinesis, _stream, client) = start(2, settings).await;
    let middle = (u128::MAX / 4).to_string();
    let split = client.split_shard().stream_name("orders").shard_to_split("shardId-000000000000");
    split.new_starting_hash_key(&middle).send().await.unwrap();
    let merge = client.merge_shards().stream_name("orders").shard_to_merge("shardId-000000000003");
    merge.adjacent_shard_to_merge("shardId-000000000001").send().await.unwrap();

    let (shards, page_count) = pages(&client).await;
    assert_eq!((shards.len(), page_count), (5, 3));
    let is_closed = |shard: &Shard| shard.sequence_number_range().unwrap().ending_sequence_number().is_some();
    assert_eq!(shards.iter().map(is_closed).collect::<Vec<_>>(), [true, true, false, true, false]);
    assert_eq!(shards[2].parent_shard_id(), Some("shardId-000000000000"));
    assert_eq!(shards[3].hash_key_range().unwrap().starting_hash_key(), middle);
    assert_eq!(shards[4].parent_shard_id(), Some("shardId-000000000003"));
    assert_eq!(shards[4].adjacent_parent_shard_id(), Some("shardId-000000000001"));
    let summary = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
    assert_eq!(summary.stream_description_summary().unwrap().open_shard_count, 2);
}

#[tokio::test]
async fn an_impossible_resharding_is_refused() {
    let (_kinesis, _stream, client) = start(3, KinesisSettings::default()).await;
    let merge = client.merge_shards().stream_name("orders").shard_to_merge("shardId-000000000000");
    let apart = merge.clone().adjacent_shard_to_merge("shardId-000000000002").send().await.unwrap_err();
    assert_eq!(apart.code(), Some("InvalidArgumentException"));
    let unknown = merge.adjacent_shard_to_merge("shardId-000000000009").send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
    let split = client.split_shard().stream_name("orders").shard_to_split("shardId-000000000000");
    let empty_half = split.new_starting_hash_key("0").send().await.unwrap_err();
    assert_eq!(empty_half.code(), Some("InvalidArgumentException"));
}

#[tokio::test]
async fn failures_come_as_scripted() {
    let (kinesis, stream, client) = start(1, KinesisSettings::default()).await;
    kinesis.disturb_puts(ONE, Effect::Fail { code: "KMSThrottlingException".to_owned() });
    kinesis.disturb_puts(ONE, Effect::FailEntries { nth: NonZeroUsize::new(2).unwrap() });
    kinesis.disturb_puts(ONE, Effect::CloseConnection { carried_out: false });
    kinesis.disturb_puts(ONE, Effect::CloseConnection { carried_out: true });
    kinesis.disturb_puts(ONE, Effect::Delay(Duration::from_millis(1)));

    let four = || (0..4).map(|_| entry("k", 1)).collect::<Vec<_>>();
    let stored = || stream.read(&ShardId::new(0), 0, usize::MAX).unwrap().len();
    assert_eq!(refusal(&client, four()).await, "KMSThrottlingException");
    let output = put(&client, four()).await.unwrap();
    let codes: Vec<_> = output.records.iter().map(|result| result.error_code()).collect();
    assert_eq!(codes, [None, Some("InternalFailure"), None, Some("InternalFailure")]);
    assert!(matches!(put(&client, four()).await, Err(SdkError::DispatchFailure(_))));
    assert_eq!(stored(), 2);
    assert!(matches!(put(&client, four()).await, Err(SdkError::DispatchFailure(_))));
    assert_eq!(stored(), 6);
    assert!(put(&client, four()).await.is_ok());
    assert_eq!(kinesis.calls().of(Operation::PutRecords), 5);
}

/// A place in the first shard.
async fn iterator(client: &Client, kind: ShardIteratorType, number: Option<&str>) -> String {
    let request = client.get_shard_iterator().stream_name("orders").shard_id("shardId-000000000000");
    let request = request.shard_iterator_type(kind).set_starting_sequence_number(number.map(str::to_owned));
    request.send().await.unwrap().shard_iterator.unwrap()
}

#[tokio::test]
async fn a_shard_is_read_from_any_place_on_to_its_end() {
    let (_kinesis, stream, client) = start(1, KinesisSettings::default()).await;
    let written = put(&client, (1..=5).map(|len| entry("k", len)).collect()).await.unwrap().records;
    let lens = |output: &GetRecordsOutput| -> Vec<_> {
        output.records.iter().map(|record| record.data.as_ref().len()).collect()
    };
    let third = written[2].sequence_number();
    for (kind, number, expected) in [
        (ShardIteratorType::TrimHorizon, None, vec![1, 2, 3, 4, 5]),
        (ShardIteratorType::AtSequenceNumber, third, vec![3, 4, 5]),
        (ShardIteratorType::AfterSequenceNumber, third, vec![4, 5]),
        (ShardIteratorType::Latest, None, vec![]),
    ] {
        let from = iterator(&client, kind, number).await;
        let output = client.get_records().shard_iterator(from).send().await.unwrap();
        assert_eq!(lens(&output), expected);
        assert!(output.next_shard_iterator.is_some(), "the shard is open");
    }

    let first = iterator(&client, ShardIteratorType::TrimHorizon, None).await;
    let first = client.get_records().shard_iterator(first).limit(2).send().await.unwrap();
    assert_eq!(lens(&first), [1, 2]);
    assert_eq!(first.records[0].sequence_number, written[0].sequence_number().unwrap());
    stream.split(&ShardId::new(0), 1 << 127).unwrap();
    let rest = client.get_records().set_shard_iterator(first.next_shard_iterator).send().await.unwrap();
    assert_eq!(lens(&rest), [3, 4, 5]);
    assert_eq!(rest.next_shard_iterator, None, "a closed shard that was read whole has ended");
}

#[tokio::test]
async fn an_answer_to_a_reader_keeps_the_limits_of_the_service() {
    const LARGE: usize = (1 << 20) - 1;
    let (_kinesis, _stream, client) = start(1, KinesisSettings::unlimited()).await;
    for _ in 0..2 {
        put(&client, (0..6).map(|_| entry("k", LARGE)).collect()).await.unwrap();
    }
    let first = iterator(&client, ShardIteratorType::TrimHorizon, None).await;
    let output = client.get_records().shard_iterator(&first).send().await.unwrap();
    assert_eq!(output.records.len(), 10, "of 12 records no more than 10 MiB");
    assert!(client.get_records().shard_iterator(&first).limit(10_001).send().await.is_err());
    for wrong in ["", "shardId-000000000000", "shardId-000000000000:x", "shardId-000000000009:0"] {
        assert!(client.get_records().shard_iterator(wrong).send().await.is_err(), "{wrong}");
    }
}
