//! Aggregates that hold something odd: nothing of them vanishes without a trace, and no member is lost for another's sake.

use md5::{Digest, Md5};
use tracing_subscriber::filter::LevelFilter;

use super::fakes::processor;
use super::fixtures::{batch, message, origin, record};
use crate::batch::{BatchReport, ShardBatch};
use crate::kpl::aggregate;
use crate::records::UserRecord;
use crate::testing::Log;

fn user_record(data: impl Into<bytes::Bytes>) -> UserRecord {
    UserRecord { partition_key: "device-7".into(), explicit_hash_key: None, data: data.into() }
}

/// A batch of Kinesis records with these payloads, each taken apart if it is an aggregate.
fn batch_of(payloads: Vec<Vec<u8>>) -> ShardBatch {
    let mut max_short = ShardBatch::MAX_SHORT_USER_RECORDS;
    let mut batch = ShardBatch { origin: Some(origin()), ..ShardBatch::default() };
    for (number, payload) in payloads.into_iter().enumerate() {
        batch.push(record(number, payload), &mut max_short);
    }
    batch
}

#[tokio::test(start_paused = true)]
async fn heartbeats_beside_a_message_are_quarantined_one_by_one_and_the_message_is_delivered() {
    let mut members = vec![user_record(""); 5];
    members.push(user_record(message(1, b"reading")));
    let processor = processor();
    let report = processor.run(batch_of(vec![aggregate(&members)])).await;
    assert_eq!((report.received, report.delivered, report.quarantined), (6, 1, 5));
    assert_eq!(report.checkpoint, None);
    assert_eq!(processor.sink.arrived(), ["reading"]);
    let reasons = processor.quarantine.reasons.lock().unwrap();
    assert!(reasons.iter().all(|reason| !reason.contains("0xf3")), "{reasons:?}");
}

/// The readers for Java, Python and JavaScript deliver nothing for it, and say nothing.
#[tokio::test(start_paused = true)]
async fn an_aggregate_without_user_records_is_counted_in_the_report_and_told_in_the_log() {
    // Only a table of partition keys.
    let protobuf = b"\x0A\x01k";
    let empty = [&[0xF3, 0x89, 0x9A, 0xC2][..], protobuf, &Md5::digest(protobuf)].concat();
    let log = Log::default();
    let logging = log.at(LevelFilter::INFO);
    let processor = processor();
    let report = processor.run(batch_of(vec![message(1, b"one"), empty.clone(), message(1, b"two"), empty])).await;
    report.log();
    drop(logging);
    let expected = BatchReport { received: 2, delivered: 2, empty_aggregates: 2, ..report.clone() };
    assert_eq!((report, processor.sink.arrived()), (expected, vec!["one".to_owned(), "two".to_owned()]));
    let warning = log.text().lines().find(|line| line.contains("WARN")).expect("a warning").to_owned();
    assert!(
        warning.contains("\"empty_aggregates\":2") && warning.contains("\"first_sequence_number\":\"1\""),
        "{warning}"
    );
    assert!(
        log.text()
            .lines()
            .any(|line| line.contains("all 2 records were delivered") && line.contains("\"empty_aggregates\":2"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_nothing_but_empty_aggregates_is_finished() {
    let protobuf = b"\x12\x011";
    let empty = [&[0xF3, 0x89, 0x9A, 0xC2][..], protobuf, &Md5::digest(protobuf)].concat();
    let report = processor().run(batch_of(vec![empty])).await;
    assert_eq!((report.received, report.empty_aggregates, report.checkpoint), (0, 1, None));
}

#[tokio::test(start_paused = true)]
async fn of_a_flood_of_heartbeats_all_beyond_a_bound_are_quarantined_as_the_aggregate_that_they_are_in() {
    // As many as an event has room for: each on its own would take hundreds of megabytes.
    let mut members = vec![user_record(""); 700_000];
    members.insert(350_000, user_record(message(1, b"reading")));
    let payload = aggregate(&members);
    let batch = batch_of(vec![payload.clone(), aggregate(&[user_record("short"), user_record(message(1, b"last"))])]);
    let bound = ShardBatch::MAX_SHORT_USER_RECORDS;
    // The first ones, the message, the aggregate; and of the second aggregate the message and itself.
    assert_eq!(batch.records.len(), bound + 1 + 1 + 2);
    assert_eq!(batch.records[bound].sub_sequence_number, Some(350_000));
    assert_eq!(
        (&batch.records[bound + 1].data[..], batch.records[bound + 1].sub_sequence_number),
        (&payload[..], None)
    );

    let processor = processor();
    let report = processor.run(batch).await;
    assert_eq!((report.delivered, report.quarantined, report.checkpoint), (2, bound + 2, None));
    assert_eq!(processor.sink.arrived(), ["reading", "last"]);
    let reasons = processor.quarantine.reasons.lock().unwrap();
    let told = |reason: &&String| reason.contains("a KPL aggregate") && reason.contains("too short to be encrypted");
    assert_eq!(reasons.iter().filter(told).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_payload_looks_like_is_part_of_the_reason() {
    let processor = processor();
    let payloads = [&b"{\"patient\":4711}"[..], b"AgV4AAAAAAAAAAAA", &[0x1F, 0x8B, 8], &[7; 100]];
    let records = payloads.iter().enumerate().map(|(number, payload)| record(number, payload.to_vec())).collect();
    processor.run(batch(records)).await;
    let reasons = processor.quarantine.reasons.lock().unwrap();
    for (reason, hint) in std::iter::zip(reasons.iter(), ["JSON in clear", "the base64 text", "gzip"]) {
        assert!(reason.contains(&format!("The payload looks like {hint}")) && !reason.contains("4711"), "{reason}");
    }
    assert!(!reasons[3].contains("looks like"), "{}", reasons[3]);
}
