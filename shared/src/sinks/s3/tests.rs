use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::delivery::testing::{clock, http_answer, mocked_client, opened, quick_retries, within};
use crate::failure::FailureClass;

const ARN: &str = "arn:aws:s3:::orders/clear";

fn sink(rules: &[&Rule]) -> S3Sink {
    let settings = settings_of_arn(&Arn::parse(ARN).unwrap()).unwrap();
    let settings = S3Settings { retry: quick_retries(), ..settings };
    S3Sink { store: ObjectStore::with_client(mocked_client!(aws_sdk_s3, rules), settings, clock()) }
}

fn records(plaintexts: &[&str]) -> Vec<OpenedRecord> {
    let record = |(index, text): (usize, &&str)| {
        let mut record = opened(&(index + 7).to_string(), "key", text.as_bytes());
        record.record.approximate_arrival_timestamp = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600));
        record
    };
    plaintexts.iter().enumerate().map(record).collect()
}

/// A rule that keeps objects as a bucket does, one per key.
fn bucket() -> (Rule, Arc<Mutex<BTreeMap<String, String>>>) {
    let objects = Arc::new(Mutex::new(BTreeMap::new()));
    let stored = Arc::clone(&objects);
    let rule = mock!(Client::put_object)
        .match_requests(|request| {
            request.bucket() == Some("orders") && request.content_type() == Some("application/x-ndjson")
        })
        .then_compute_output(move |request| {
            let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
            stored.lock().unwrap().insert(request.key().unwrap().to_owned(), body);
            PutObjectOutput::builder().build()
        });
    (rule, objects)
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_one_object_of_lines_in_shard_order() {
    let (rule, objects) = bucket();
    let delivery = sink(&[&rule]).deliver(&records(&["one", "two"]), within(60)).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 2);
    let objects = objects.lock().unwrap();
    let [(key, body)] = objects.iter().collect::<Vec<_>>()[..] else { panic!("{objects:?}") };
    assert!(key.starts_with("clear/2026/01/01/00/7-") && key.ends_with(".jsonl"), "{key}");
    let texts: Vec<serde_json::Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(texts.iter().map(|line| &line["text"]).collect::<Vec<_>>(), ["one", "two"]);
    assert!(body.ends_with('\n'));
}

#[tokio::test(start_paused = true)]
async fn what_comes_again_overwrites_its_own_object_and_never_one_of_more_records() {
    let (rule, objects) = bucket();
    let sink = sink(&[&rule]);
    // How many records there are each time, and how many objects then.
    for (count, expected) in [(3, 1), (3, 1), (2, 2), (1, 3), (3, 3)] {
        assert_eq!(sink.deliver(&records(&["one", "two", "three"][..count]), within(60)).await.delivered, count);
        assert_eq!(objects.lock().unwrap().len(), expected);
    }
    let lines: Vec<_> = objects.lock().unwrap().values().map(|body| body.lines().count()).collect();
    assert_eq!((lines.iter().max(), lines.iter().sum()), (Some(&3), 6));
}

#[tokio::test(start_paused = true)]
async fn without_records_nothing_is_written_and_without_an_arrival_time_the_folder_says_so() {
    let (rule, objects) = bucket();
    let sink = sink(&[&rule]);
    assert_eq!(sink.deliver(&[], within(60)).await.delivered, 0);
    let mut undated = records(&["one"]);
    undated[0].record.approximate_arrival_timestamp = None;
    let _ = sink.deliver(&undated, within(60)).await;
    let objects = objects.lock().unwrap();
    assert!(objects.len() == 1 && objects.keys().all(|key| key.starts_with("clear/undated/7-")), "{objects:?}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_tried_again_and_a_refusal_delivers_nothing() {
    let throttled = mock!(Client::put_object)
        .sequence()
        .http_response(|| http_answer(503, "<Error><Code>SlowDown</Code></Error>"))
        .output(|| PutObjectOutput::builder().build())
        .build();
    let delivery = sink(&[&throttled]).deliver(&records(&["one"]), within(60)).await;
    assert!((delivery.delivered, throttled.num_calls()) == (1, 2) && delivery.failure.is_none());

    let denied =
        mock!(Client::put_object).then_http_response(|| http_answer(403, "<Error><Code>AccessDenied</Code></Error>"));
    let delivery = sink(&[&denied]).deliver(&records(&["one", "two"]), within(60)).await;
    assert_eq!(delivery.delivered, 0);
    assert_eq!(delivery.failure.map(|failure| failure.class()), Some(FailureClass::Unavailable));
}

#[test]
fn an_arn_names_a_bucket_and_perhaps_a_prefix() {
    let settings = |arn: &str| settings_of_arn(&Arn::parse(arn).unwrap());
    let place =
        |arn| settings(arn).map(|settings| (settings.bucket.as_str().to_owned(), settings.prefix.as_str().to_owned()));
    assert_eq!(place("arn:aws:s3:::orders"), Some(("orders".to_owned(), String::new())));
    assert_eq!(place("arn:aws:s3:::orders/clear/eu"), Some(("orders".to_owned(), "clear/eu".to_owned())));
    assert_eq!(place("arn:aws:s3:::orders/"), Some(("orders".to_owned(), String::new())));
    for wrong in [
        "arn:aws:s3:::/clear",
        "arn:aws:s3:::o",
        "arn:aws:s3:::orders//",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/a",
    ] {
        assert_eq!(place(wrong), None, "{wrong}");
    }
}
