//! The metrics of the built functions: that they come out, are valid, and count exactly.
#![cfg(test)]

mod documentation;
mod encryptor;
mod schema;
#[path = "../support/mod.rs"]
mod support;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use local_stack::event_source_mapping::{BatchResult, kinesis_event};
use local_stack::events::scenarios;
use local_stack::kinesis::{Effect as StreamEffect, EmbeddedKinesis, KinesisSettings};
use local_stack::kms::{Effect, EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, Invocation, OutputLine, OutputLines};
use local_stack::stream::InMemoryStream;
use local_stack::{binaries, metrics};
use serde_json::{Value, json};
use warmkeys::metrics::Presence;

/// The documents of a function that has been shut down: every one valid, and with known metrics only.
async fn documents(function: Function, output: OutputLines) -> Vec<Value> {
    function.shut_down().await;
    of_lines(&output.collect().await)
}

fn of_lines(lines: &[OutputLine]) -> Vec<Value> {
    let documents: Vec<_> =
        lines.iter().filter(|line| line.is_metrics()).map(|line| schema::check(&line.text)).collect();
    let known = metrics::all();
    for document in &documents {
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let known = known.iter().find(|known| known.name == name);
            let known = known.unwrap_or_else(|| panic!("{name} is in no documentation"));
            assert_eq!(metric["Unit"], known.unit.name(), "{name}");
            assert!(known.presence == Presence::Always || document[name] != json!(0), "{name} is written although 0");
        }
    }
    documents
}

/// The whole numbers of these metrics; 0 for one that is not there.
fn counts<const N: usize>(document: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| document.get(name).map_or(0, |value| value.as_u64().unwrap_or_else(|| panic!("{name}: {value}"))))
}

fn seconds(document: &Value, name: &str) -> f64 {
    document[name].as_f64().unwrap_or_else(|| panic!("{name} in {document}"))
}

const RECORDS: [&str; 5] = [
    "messaging.client.consumed.messages",
    "records.decrypted",
    "records.delivered",
    "records.quarantined",
    "records.checkpointed",
];

const KMS: [&str; 4] = ["kms.calls", "kms.attempts", "kms.throttles", "kms.calls.saved"];

#[tokio::test]
async fn each_invocation_writes_one_document_that_tells_what_became_of_its_records() {
    for format in ["JSON", "Text"] {
        let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
        let stream = support::stream_of(&kms, 3).await;
        let records = support::records(&stream);
        let environment = [("AWS_LAMBDA_LOG_FORMAT", format)];
        let (function, output) = Function::new(support::settings(&kms).with_environment(environment));
        for _ in 0..2 {
            support::result(&function.invoke(support::event(&stream, &records)).await, &records);
        }
        let documents = documents(function, output).await;
        let [cold, warm] = documents.as_slice() else { panic!("{documents:?}") };
        for (number, document) in [cold, warm].into_iter().enumerate() {
            assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Warmkeys");
            let dimensions = &document["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
            assert_eq!(*dimensions, json!([["FunctionName", "StreamName"]]));
            assert_eq!(
                (&document["FunctionName"], &document["StreamName"]),
                (&json!("stream-decryptor"), &json!("orders"))
            );
            assert_eq!(document["shardId"], stream.shards()[0].id.as_str());
            assert_eq!(document["requestId"], format!("00000000-0000-4000-8000-{:012}", number + 1));
            assert_eq!((&document["version"], &document["level"]), (&json!(env!("CARGO_PKG_VERSION")), &json!("INFO")));
            assert_eq!(counts(document, RECORDS), [3, 3, 3, 0, 0]);
            let payloads: usize = records.iter().map(|record| record.data.len()).sum();
            let sizes = counts(document, ["payloads.size", "plaintexts.size"]);
            assert_eq!(sizes, [payloads as u64, 3 * "order 0".len() as u64]);
            assert!((0.0..60.0).contains(&seconds(document, "delivery.lag")));
            let left = seconds(document, "invocation.time_left") + seconds(document, "faas.invoke_duration");
            assert!((1.0..=61.0).contains(&left), "{left}");
        }
        let cache = ["faas.coldstarts", "cache.misses", "cache.hits", "cache.entries", "data_keys.distinct"];
        assert_eq!((counts(cold, cache), counts(warm, cache)), ([1, 3, 0, 3, 3], [0, 0, 3, 3, 3]));
        assert_eq!((counts(cold, KMS), counts(warm, KMS)), ([3, 3, 0, 0], [0, 0, 0, 3]));
        let latencies: Vec<u64> = serde_json::from_value(cold["kms.attempt.duration"]["Counts"].clone()).unwrap();
        assert_eq!((latencies.iter().sum::<u64>(), warm.get("kms.attempt.duration")), (3, None));
    }
}

#[tokio::test]
async fn throttles_are_counted_also_where_a_retry_succeeded_and_the_checkpoint_by_its_class() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = support::stream_of(&kms, 6).await;
    let records = support::records(&stream);
    let one_by_one = [("KMS_MAX_CONCURRENCY", "1"), ("KMS_ATTEMPT_TIMEOUT_MILLISECONDS", "500")];
    let (function, output) = Function::new(support::settings(&kms).with_environment(one_by_one));
    let throttle = |times| {
        let code = "ThrottlingException".to_owned();
        kms.disturb_decrypts(NonZeroU32::new(times).unwrap(), Effect::Fail { code });
    };
    let decrypts = || kms.calls().of(Operation::Decrypt);
    // Twice, and then no more.
    throttle(2);
    let passed = function.invoke(support::event(&stream, &records[..2])).await;
    assert_eq!(support::result(&passed, &records[..2]), BatchResult::Succeeded);
    let first = decrypts();
    // And then until the time is up.
    throttle(u32::MAX);
    let timeout = Duration::from_secs(3);
    let stopped = function.invoke_within(support::event(&stream, &records), timeout).await;
    assert_eq!(support::result(&stopped, &records), BatchResult::FailedFrom(2));
    let all = decrypts();
    function.shut_down().await;
    let lines = output.collect().await;
    let finished = support::numbers(&records[..2]);
    assert_eq!(support::delivered(&lines), [&finished[..], &finished].concat());
    let documents = of_lines(&lines);
    let [passed, stopped] = documents.as_slice() else { panic!("{documents:?}") };

    assert_eq!(counts(passed, RECORDS), [2, 2, 2, 0, 0]);
    assert_eq!(counts(passed, KMS), [2, 4, 2, 0]);
    assert_eq!((first.calls, first.throttled), (4, 2));
    assert_eq!(counts(stopped, RECORDS), [6, 2, 2, 0, 4]);
    let throttled = all.throttled - first.throttled;
    assert_eq!(counts(stopped, KMS), [1, all.calls - first.calls, throttled, 1]);
    assert_eq!(counts(stopped, ["kms.errors.throttled", "batches.checkpointed"]), [throttled, 1]);
    assert_eq!(counts(stopped, ["batches.checkpointed.throttled", "batches.held"]), [1, 0]);
    assert!(seconds(stopped, "kms.wait.duration") > 0.0, "{stopped}");
}

#[tokio::test]
async fn poison_is_counted_by_its_reason() {
    let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == "poison-record").unwrap();
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let settings = support::settings(&kms).with_environment(&scenario.expected.environment);
    let (function, output) = Function::new(settings);
    function.invoke(scenario.event.clone()).await;
    // And one that is damaged in transit, and one that is no message at all, in a batch with a good one.
    let sealed = support::stream_of(&kms, 2).await;
    let [good, other] = support::records(&sealed).try_into().unwrap_or_else(|records| panic!("{records:?}"));
    let stream = InMemoryStream::new("orders", 1);
    let mut damaged = other.data.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    for data in [good.data, damaged.into(), "no message".into()] {
        stream.put("customer", None, data, std::time::SystemTime::UNIX_EPOCH);
    }
    let records = support::records(&stream);
    support::result(&function.invoke(support::event(&stream, &records)).await, &records);
    let documents = documents(function, output).await;
    let [of_scenario, mixed] = documents.as_slice() else { panic!("{documents:?}") };
    let (delivered, quarantined) =
        (scenario.expected.delivered.len() as u64, scenario.expected.quarantined.len() as u64);
    assert_eq!(counts(of_scenario, RECORDS), [delivered + quarantined, delivered, delivered, quarantined, 0]);
    assert_eq!(counts(mixed, RECORDS), [3, 1, 1, 2, 0]);
    let by_reason = ["records.quarantined.not_authentic", "records.quarantined.malformed"];
    assert_eq!(counts(mixed, by_reason), [1, 1]);
    assert_eq!(counts(mixed, KMS), [2, 2, 0, 0]);
    assert!(seconds(mixed, "phase.quarantine.duration") > 0.0);
}

#[tokio::test]
async fn a_sink_that_takes_only_a_part_is_a_checkpoint_of_its_own_class() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let source = support::stream_of(&kms, 4).await;
    let records = support::records(&source);
    let sink = Arc::new(InMemoryStream::new("sink", 1));
    let kinesis = EmbeddedKinesis::start(Arc::clone(&sink), KinesisSettings::unlimited()).await.unwrap();
    let variables = [("SINK_ARN", sink.arn().to_owned()), kinesis.environment()];
    let (function, output) = Function::new(support::settings(&kms).with_environment(variables));
    // The records of one partition key go one by one: the first two are taken, and then no more.
    kinesis.disturb_puts(NonZeroU32::new(2).unwrap(), StreamEffect::Delay(Duration::ZERO));
    kinesis.disturb_puts(NonZeroU32::MAX, StreamEffect::FailEntries { nth: NonZeroUsize::MIN });
    let event = kinesis_event(source.arn(), &source.shards()[0].id, &records);
    let invocation = function.invoke_within(event, Duration::from_secs(3)).await;
    assert_eq!(support::result(&invocation, &records), BatchResult::FailedFrom(2));
    let documents = documents(function, output).await;
    let [document] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!(counts(document, RECORDS), [4, 4, 2, 0, 2]);
    assert_eq!(counts(document, ["batches.checkpointed", "batches.checkpointed.transient"]), [1, 1]);
    assert!(seconds(document, "phase.deliver.duration") > 0.0);
}

#[tokio::test]
async fn an_invocation_that_fails_is_told_without_a_stream() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let (function, output) = Function::new(support::settings(&kms));
    let invocation: Invocation = function.invoke(r#"{"detail-type": "an event of somebody else"}"#).await;
    assert!(invocation.outcome.is_function_error());
    let documents = documents(function, output).await;
    let [document] = documents.as_slice() else { panic!("{documents:?}") };
    assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["FunctionName"]]));
    assert_eq!(counts(document, ["faas.errors", "faas.coldstarts"]), [1, 1]);
}

#[tokio::test]
async fn metrics_pass_lambdas_filter_at_every_log_level_and_none_are_written_if_they_are_off() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = support::stream_of(&kms, 1).await;
    let records = support::records(&stream);
    let written = async |variables: &[(&str, &str)]| {
        let settings = support::settings(&kms).with_environment(variables.iter().copied());
        let (function, output) = Function::new(settings);
        support::result(&function.invoke(support::event(&stream, &records)).await, &records);
        documents(function, output).await
    };
    for (level, passes_as) in [("TRACE", "INFO"), ("WARN", "WARN"), ("ERROR", "ERROR"), ("FATAL", "FATAL")] {
        let documents = written(&[("AWS_LAMBDA_LOG_LEVEL", level)]).await;
        assert_eq!((documents.len(), &documents[0]["level"]), (1, &json!(passes_as)));
        let timestamp = documents[0]["timestamp"].as_str().unwrap();
        assert!(timestamp.len() >= 20 && timestamp.ends_with('Z'), "{timestamp}");
    }
    assert!(written(&[("METRICS", "off")]).await.is_empty());
}

#[tokio::test]
async fn an_activity_stream_has_the_same_metrics() {
    let name = "database-activity-stream";
    let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == name).unwrap();
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let mut environment = scenario.expected.environment.clone();
    environment.remove("RECORD_FORMAT");
    let settings = FunctionSettings::new("activity-stream", binaries::activity_stream().unwrap())
        .with_environment(kms.environment())
        .with_environment([("SINK_ARN", "stdout"), ("QUARANTINE_ARN", "stderr")])
        .with_environment(&environment);
    let (function, output) = Function::new(settings);
    for _ in 0..2 {
        function.invoke(scenario.event.clone()).await;
    }
    let documents = documents(function, output).await;
    let [cold, warm] = documents.as_slice() else { panic!("{documents:?}") };
    let records = counts(cold, RECORDS)[0];
    assert_eq!(counts(warm, RECORDS), [records, records, records, 0, 0]);
    assert_eq!((counts(cold, KMS)[0], counts(warm, KMS)), (1, [0, 0, 0, records]));
    assert_eq!(cold["FunctionName"], "activity-stream");
}
