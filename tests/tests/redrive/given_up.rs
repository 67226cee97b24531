//! Records that Lambda gave up come back: from the objects that hold them, and from the stream, of which a queue knows the places.

use std::time::Duration;

use local_stack::event_source_mapping::{Condition, Discard, OnFailureRecord};
use serde_json::Value;
use warmkeys::clock::{Clock, SystemClock};

use super::stage::{BUCKET, Stage, with};

/// What Lambda writes to its on-failure destination, a batch of `batch` records each.
fn on_failure(stage: &Stage, batch: usize) -> Vec<Value> {
    let mut written = Vec::new();
    for (shard, records) in stage.stream.shards().iter().zip(stage.records()) {
        for part in records.chunks(batch) {
            let condition = Condition::RetryAttemptsExhausted { function_error: false };
            let discard = Discard { records: part.to_vec(), condition, invocations: 3 };
            let function = "arn:aws:lambda:us-east-1:000000000000:function:stream-decryptor";
            let now = SystemClock.now().wall;
            written.push(OnFailureRecord::new(&discard, stage.stream.arn(), &shard.id, function, "request", now).0);
        }
    }
    written
}

fn put_objects(stage: &Stage, written: &[Value]) {
    // The last batch has the first key.
    for (number, record) in written.iter().rev().enumerate() {
        let key = format!("aws/lambda/mapping/shard/2026/03/01/2026-03-01T10.00.{number:02}-id");
        stage.s3.put(BUCKET, &key, record.to_string());
    }
}

#[tokio::test]
async fn all_of_the_on_failure_objects_come_back_in_shard_order() {
    let stage = Stage::new(2, 12, Duration::ZERO).await;
    let written = on_failure(&stage, 4);
    put_objects(&stage, &written);
    // Lambda may write the same batch twice.
    stage.s3.put(BUCKET, "aws/lambda/mapping/twice", written[0].to_string());
    let served = stage.serve(stage.settings(BUCKET)).await;
    let arguments = with(&stage.through(&format!("s3://{BUCKET}/aws/lambda/")), &["--batch-records", "5", "--delete"]);
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("records found"), ran.count("delivered")), (Some(0), 24, 24), "{ran:?}");
    assert_eq!(ran.count("objects and messages deleted"), 7);
    assert!(stage.s3.keys(BUCKET).is_empty());
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn poison_among_given_up_records_goes_to_quarantine_and_is_told() {
    let stage = Stage::new(1, 4, Duration::ZERO).await;
    stage.stream.put("customer", Some(0), "poison".into(), SystemClock.now().wall);
    put_objects(&stage, &on_failure(&stage, 10));
    let served = stage.serve(stage.settings(BUCKET)).await;
    let arguments = with(&stage.through(&format!("s3://{BUCKET}/aws/lambda/")), &["--delete"]);
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered"), ran.count("quarantined")), (Some(1), 4, 1), "{ran:?}");
    let keys = stage.s3.keys(BUCKET);
    assert!(matches!(keys.as_slice(), [key] if key.starts_with("quarantine/")), "{keys:?}");
    assert_eq!(served.delivered().await, stage.numbers()[..4]);
}

#[tokio::test]
async fn what_an_on_failure_queue_tells_the_place_of_is_read_from_the_stream_again() {
    let stage = Stage::new(2, 6, Duration::ZERO).await;
    for mut record in on_failure(&stage, 4).into_iter().rev() {
        record.as_object_mut().unwrap().remove("payload");
        stage.sqs.send("on-failure", &record.to_string());
    }
    let served = stage.serve(stage.settings(BUCKET)).await;
    let arguments = with(&stage.through(&stage.sqs.url("on-failure")), &["--delete"]);
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("records found"), ran.count("delivered")), (Some(0), 12, 12), "{ran:?}");
    assert!(stage.sqs.bodies("on-failure").is_empty());
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn records_that_the_stream_has_no_more_are_told_to_be_lost_and_their_message_stays() {
    let stage = Stage::new(1, 6, Duration::ZERO).await;
    let mut written = on_failure(&stage, 3);
    for record in &mut written {
        record.as_object_mut().unwrap().remove("payload");
    }
    written[0]["KinesisBatchInfo"]["startSequenceNumber"] = "1".into();
    for record in &written {
        stage.sqs.send("on-failure", &record.to_string());
    }
    let served = stage.serve(stage.settings(BUCKET)).await;
    let ran = stage.redrive(Some(&served), &with(&stage.through(&stage.sqs.url("on-failure")), &["--delete"])).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(1), 3), "{ran:?}");
    assert!(ran.out.contains("older than its retention"), "{ran:?}");
    assert_eq!((stage.sqs.bodies("on-failure").len(), stage.sqs.hidden("on-failure")), (1, 0));
    assert_eq!(served.delivered().await, stage.numbers()[3..]);
}
