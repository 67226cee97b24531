//! The event source mapping with real processes: what arrives, how often and in which order.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use local_stack::binaries;
use local_stack::event_source_mapping::{EventSourceMapping, MappingReport, MappingSettings, Violation};
use local_stack::lambda_function::{Function, FunctionSettings};
use local_stack::stream::InMemoryStream;
use serde_json::{Value, json};
use warmkeys::clock::{Clock, SystemClock};

fn put(stream: &InMemoryStream, partition_key: &str, data: impl Into<Bytes>) {
    stream.put(partition_key, None, data.into(), SystemClock.now().wall);
}

fn quick() -> MappingSettings {
    let initial_backoff = Duration::from_millis(1);
    MappingSettings { initial_backoff, maximum_backoff: initial_backoff, ..MappingSettings::default() }
}

/// An empty directory of this test's own.
fn scratch(test: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    // It may not exist yet.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Runs the stream's records through a scripted function; tells what the mapping did and what the function printed.
async fn run(
    test: &str,
    stream: InMemoryStream,
    settings: MappingSettings,
    records: u64,
) -> (MappingReport, Vec<String>) {
    let function = FunctionSettings::new("scripted", binaries::scripted_function().unwrap())
        .with_environment([("SCRATCH_DIRECTORY", scratch(test))])
        .with_timeout(Duration::from_secs(5));
    let (function, output) = Function::new(function);
    let function = Arc::new(function);
    let mapping = EventSourceMapping::start(Arc::new(stream), Arc::clone(&function), settings, Arc::new(SystemClock));
    tokio::time::timeout(Duration::from_secs(60), mapping.settled(records)).await.unwrap();
    let report = mapping.stop().await;
    Arc::into_inner(function).unwrap().shut_down().await;
    let lines = output.collect().await.into_iter().map(|line| line.text).collect();
    (report, lines)
}

fn instruction(value: &Value) -> String {
    value.to_string()
}

#[tokio::test]
async fn batches_arrive_whole_and_in_order() {
    let stream = InMemoryStream::new("orders", 1);
    let numbers: Vec<_> = (0..250).map(|number| number.to_string()).collect();
    numbers.iter().for_each(|number| put(&stream, "key", number.clone()));
    let (report, lines) = run("whole", stream, quick(), 250).await;
    assert_eq!(lines, numbers);
    assert_eq!((report.records_finished, report.invocations, report.cold_starts), (250, 3, 1));
}

#[tokio::test]
async fn a_checkpoint_brings_the_rest_again() {
    let stream = InMemoryStream::new("orders", 1);
    put(&stream, "key", "1");
    put(&stream, "key", instruction(&json!({"do": "checkpoint", "once": "checkpoint"})));
    put(&stream, "key", "3");
    let (report, lines) = run("checkpoint", stream, quick(), 3).await;
    assert_eq!(lines[0], "1");
    assert_eq!(lines[2], "3");
    assert_eq!((lines.len(), report.checkpoints, report.function_errors), (3, 1, 0));
}

#[tokio::test]
async fn errors_crashes_and_time_outs_bring_the_batch_again() {
    let stream = InMemoryStream::new("orders", 1);
    put(&stream, "key", instruction(&json!({"do": "fail", "once": "fail"})));
    put(&stream, "key", instruction(&json!({"do": "exit", "status": 1, "once": "exit"})));
    put(&stream, "key", instruction(&json!({"do": "sleep", "milliseconds": 60_000, "once": "sleep"})));
    put(&stream, "key", "last");
    let (report, lines) = run("errors", stream, quick(), 4).await;
    assert_eq!(lines.last().unwrap(), "last");
    assert_eq!((report.function_errors, report.cold_starts, report.records_finished), (3, 3, 4));
}

#[tokio::test]
async fn poison_is_isolated_by_bisecting_and_described() {
    let stream = InMemoryStream::new("orders", 1);
    for number in 0..8 {
        let poison = instruction(&json!({"do": "fail"}));
        put(&stream, "key", if number == 5 { poison } else { number.to_string() });
    }
    let settings = MappingSettings { bisect_batch_on_function_error: true, maximum_retry_attempts: Some(0), ..quick() };
    let (report, lines) = run("bisect", stream, settings, 8).await;
    assert_eq!((report.records_finished, report.records_discarded), (7, 1));
    let described = &report.on_failure_records[0].0;
    assert_eq!(described["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(described["KinesisBatchInfo"]["batchSize"], 1);
    let first_of = |number: &str| lines.iter().position(|line| line == number);
    assert!(first_of("4") < first_of("6"), "{lines:?}");
}

#[tokio::test]
async fn answers_that_no_function_should_give_are_reported() {
    let stream = InMemoryStream::new("orders", 1);
    let body = json!({"batchItemFailures": [{"itemIdentifier": "1234567"}]});
    put(&stream, "key", instruction(&json!({"do": "answer", "body": body, "once": "foreign"})));
    let misspelt = json!({"batchItemFailure": []});
    put(&stream, "key", instruction(&json!({"do": "answer", "body": misspelt, "once": "misspelt"})));
    let (report, _) = run("violations", stream, quick(), 2).await;
    let expected =
        [Violation::UnknownIdentifier("1234567".to_owned()), Violation::UnknownMember("batchItemFailure".to_owned())];
    assert_eq!(report.violations, expected);
}

#[tokio::test]
async fn several_batches_of_a_shard_keep_each_partition_keys_order() {
    let stream = InMemoryStream::new("orders", 1);
    for number in 0..300 {
        put(&stream, &format!("key-{}", number % 10), format!("{} {number:03}", number % 10));
    }
    let settings = MappingSettings {
        parallelization_factor: NonZeroU32::new(4).unwrap(),
        batch_size: NonZeroUsize::new(20).unwrap(),
        ..quick()
    };
    let (report, lines) = run("lanes", stream, settings, 300).await;
    assert!(report.cold_starts > 1, "{report:?}");
    for key in 0..10 {
        let of_key: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{key} "))).collect();
        assert_eq!(of_key.len(), 30);
        assert!(of_key.is_sorted(), "{of_key:?}");
    }
}

#[tokio::test]
async fn a_split_shards_children_begin_when_it_is_finished() {
    let stream = InMemoryStream::new("orders", 1);
    put(&stream, "key", instruction(&json!({"do": "sleep", "milliseconds": 300})));
    put(&stream, "key", "before the split");
    let parent = stream.shards()[0].id.clone();
    stream.split(&parent, 1 << 127).unwrap();
    put(&stream, "key", "after the split");
    let (report, lines) = run("split", stream, quick(), 3).await;
    assert_eq!(lines, ["before the split", "after the split"]);
    assert_eq!(report.records_finished, 3);
}

#[tokio::test]
async fn a_merged_shard_begins_when_both_its_parents_are_finished() {
    let stream = InMemoryStream::new("orders", 2);
    let [low, high] = [0, u128::MAX];
    let put_at = |hash_key, data: String| stream.put("key", Some(hash_key), data.into(), SystemClock.now().wall);
    put_at(low, "low before the merge".to_owned());
    put_at(high, instruction(&json!({"do": "sleep", "milliseconds": 300})));
    put_at(high, "high before the merge".to_owned());
    let shards = stream.shards();
    stream.merge(&shards[0].id, &shards[1].id).unwrap();
    put_at(low, "after the merge".to_owned());
    let (_, lines) = run("merge", stream, quick(), 4).await;
    assert_eq!(lines, ["low before the merge", "high before the merge", "after the merge"]);
}
