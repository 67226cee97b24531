//! What is read of an event, and what is said of one that cannot be read.

mod against_serde_json;
mod foreign_events;

use std::time::SystemTime;

use serde_json::{Value, json};

use super::*;

pub(super) fn entry(sequence_number: &str, data: &[u8]) -> Value {
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "device-7",
            "sequenceNumber": sequence_number,
            "data": base64_simd::STANDARD.encode_to_string(data),
            "approximateArrivalTimestamp": 1_545_084_650.987,
            "encryptionType": "KMS",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000006:{sequence_number}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/readings",
        "aFieldOfTomorrow": { "nested": [1, "two"] },
    })
}

/// `entry` with the value at `pointer` replaced.
fn entry_with(pointer: &str, value: Value) -> Value {
    let mut entry = entry("1", b"reading");
    *entry.pointer_mut(pointer).expect("a field") = value;
    entry
}

fn read_json(event: impl ToString) -> Result<ShardBatch, EventError> {
    ShardBatch::read(event.to_string().into_bytes())
}

fn read_records(records: &[Value]) -> Result<ShardBatch, EventError> {
    read_json(json!({ "Records": records }))
}

#[test]
fn a_documented_record_is_read_whole() {
    let number = "49590338271490256608559692538361571095921575989136588898";
    let batch = read_records(&[entry(number, b"reading")]).expect("a batch");
    let origin = batch.origin.expect("a record tells the origin");
    assert_eq!(origin.stream_arn, "arn:aws:kinesis:us-east-2:123456789012:stream/readings");
    assert_eq!(origin.shard_id, "shardId-000000000006");
    let record = &batch.records[0];
    assert_eq!(record.sequence_number.as_str(), number);
    assert_eq!(record.sub_sequence_number, None);
    assert_eq!(&*record.partition_key, "device-7");
    assert_eq!(record.explicit_hash_key, None);
    assert_eq!(record.data, "reading");
    let arrival = record.approximate_arrival_timestamp.expect("a time");
    assert_eq!(arrival.duration_since(SystemTime::UNIX_EPOCH).expect("after").as_millis(), 1_545_084_650_987);
}

#[test]
fn records_share_the_event_s_buffer_and_leave_one_of_another_alone() {
    let event = Bytes::from(json!({ "Records": [entry("1", b"one"), entry("2", b"two")] }).to_string());
    let kept = event.clone();
    let batch = ShardBatch::read(event).expect("a batch");
    assert_eq!(kept, json!({ "Records": [entry("1", b"one"), entry("2", b"two")] }).to_string());
    assert_eq!(batch.records[0].data, "one");
    assert_eq!(batch.records[1].data, "two");

    let place = kept.as_ptr_range();
    drop(batch);
    let batch = ShardBatch::read(kept).expect("a batch");
    assert!(place.contains(&batch.records[1].data.as_ptr()), "copied");
}

#[test]
fn an_empty_list_of_records_is_an_empty_batch() {
    for event in ["{\"Records\":[]}", " {\n\"Records\" : [ ] }\n", "{\"window\":{},\"Records\":[],\"state\":{}}"] {
        let batch = read_json(event).expect("a batch");
        assert!(batch.records.is_empty());
        assert_eq!(batch.origin, None);
    }
}

#[test]
fn each_invalid_field_is_named_with_its_record() {
    for (pointer, value, field) in [
        ("/kinesis/sequenceNumber", json!(null), "kinesis.sequenceNumber"),
        ("/kinesis/sequenceNumber", json!(""), "kinesis.sequenceNumber"),
        ("/kinesis/sequenceNumber", json!("0x17"), "kinesis.sequenceNumber"),
        ("/kinesis/sequenceNumber", json!(17), "kinesis.sequenceNumber"),
        ("/kinesis/data", json!(null), "kinesis.data"),
        ("/kinesis/data", json!("patient 4711"), "kinesis.data"),
        ("/kinesis/data", json!({"patient": 4711}), "kinesis.data"),
        ("/kinesis", json!(null), "kinesis"),
        ("/kinesis", json!("patient"), "kinesis"),
        ("/eventID", json!(null), "eventID"),
        ("/eventID", json!("shardId-000000000006"), "eventID"),
        ("/eventID", json!("1:1"), "eventID"),
    ] {
        let error = read_records(&[entry("1", b""), entry_with(pointer, value.clone())]).expect_err("invalid");
        assert_eq!(error, EventError::InvalidField { index: 1, field }, "{pointer} = {value}");
        assert!(!format!("{error} {error:?}").contains("patient"));
    }
    let error = read_records(&[entry_with("/eventSourceARN", json!(""))]).expect_err("invalid");
    assert_eq!(error, EventError::InvalidField { index: 0, field: "eventSourceARN" });
}

#[test]
fn an_absent_sequence_number_fails_the_batch() {
    let mut without = entry("1", b"reading");
    without["kinesis"].as_object_mut().expect("an object").remove("sequenceNumber");
    let error = read_records(&[without]).expect_err("invalid");
    assert_eq!(error, EventError::InvalidField { index: 0, field: "kinesis.sequenceNumber" });
}

#[test]
fn a_record_without_a_partition_key_is_read() {
    let mut absent = entry("2", b"reading");
    absent["kinesis"].as_object_mut().expect("an object").remove("partitionKey");
    let null = entry_with("/kinesis/partitionKey", json!(null));
    let batch = read_records(&[null, absent, entry_with("/kinesis/partitionKey", json!(7))]).expect("a batch");
    assert_eq!(batch.records.iter().map(|record| &*record.partition_key).collect::<Vec<_>>(), ["", "", ""]);
    assert_eq!(batch.records[1].data, "reading");
}

#[test]
fn a_record_is_read_whatever_stands_for_its_arrival() {
    let mut absent = entry("1", b"reading");
    absent["kinesis"].as_object_mut().expect("an object").remove("approximateArrivalTimestamp");
    let with = |value| entry_with("/kinesis/approximateArrivalTimestamp", value);
    let at = Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_545_084_650_987));
    for (record, expected) in [
        (absent, None),
        (with(json!(null)), None),
        (with(json!("yesterday")), None),
        (with(json!(-1)), None),
        (with(json!("1545084650.987")), at),
        (with(json!("2018-12-17T22:10:50.987Z")), at),
        (with(json!(1_545_084_650_987_u64)), at),
    ] {
        let batch = read_records(std::slice::from_ref(&record)).expect("a batch");
        assert_eq!(batch.records[0].approximate_arrival_timestamp, expected, "{record}");
        assert_eq!(batch.records[0].data, "reading");
    }
}

#[test]
fn a_record_of_another_shard_or_stream_fails_the_batch() {
    for (pointer, value) in [
        ("/eventID", json!("shardId-000000000007:1")),
        ("/eventSourceARN", json!("arn:aws:kinesis:us-east-2:123456789012:stream/others")),
        ("/eventSourceARN", json!(null)),
    ] {
        let error = read_records(&[entry("1", b""), entry_with(pointer, value)]).expect_err("invalid");
        assert_eq!(error, EventError::OtherShard { index: 1 });
    }
}

#[test]
fn ten_thousand_records_are_the_most() {
    let mut records = vec![entry("1", b""); ShardBatch::MAX_EVENT_RECORDS];
    assert_eq!(read_records(&records).expect("a batch").records.len(), 10_000);
    records.push(entry("1", b""));
    assert_eq!(read_records(&records).expect_err("too many"), EventError::TooManyRecords);
}

#[test]
fn escaped_base64_is_decoded() {
    // Some emulators' JSON writers escape the solidus and the equals sign.
    let json = entry("1", &[0xFF; 4]).to_string().replace("/////w==", "\\/\\/\\/\\/\\/w\\u003d\\u003d");
    let batch = read_json(format!("{{\"\\u0052ecords\":[{json}]}}")).expect("a batch");
    assert_eq!(batch.records[0].data, &[0xFF; 4][..]);
}

#[test]
fn a_partition_key_with_escapes_and_one_in_utf_8_are_read() {
    for key in ["Gerät \"7\"\n", "機器七", "\u{1F600}"] {
        let batch = read_records(&[entry_with("/kinesis/partitionKey", json!(key))]).expect("a batch");
        assert_eq!(&*batch.records[0].partition_key, key);
    }
}

#[test]
fn what_is_not_utf_8_is_not_json() {
    let json = json!({ "Records": [entry("1", b"")] }).to_string().replace("device-7", "device-\u{7}");
    let json: Vec<u8> = json.into_bytes().into_iter().map(|byte| if byte == 7 { 0xFF } else { byte }).collect();
    assert!(matches!(ShardBatch::read(json), Err(EventError::NotJson { .. })));
}

#[test]
fn a_damaged_event_is_told_by_its_place_alone() {
    let json = json!({ "Records": [entry_with("/kinesis/partitionKey", json!("patient 4711"))] }).to_string();
    for len in 0..json.len() {
        let error = ShardBatch::read(json.as_bytes()[..len].to_vec()).expect_err("damaged");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("patient") && told.len() < 200, "{told}");
    }
}

#[test]
fn user_records_of_an_aggregate_share_the_parent_s_sequence_number() {
    let user = |partition_key: &str, data: &'static str| crate::records::UserRecord {
        partition_key: partition_key.into(),
        explicit_hash_key: Some("5".into()),
        data: data.repeat(crate::kpl::MIN_ENCRYPTED_LEN).into(),
    };
    let aggregate = crate::kpl::aggregate(&[user("a", "1"), user("b", "2")]);
    let batch = read_records(&[entry("7", &aggregate), entry("8", b"plain")]).expect("a batch");
    let places: Vec<_> = batch
        .records
        .iter()
        .map(|record| {
            (record.sequence_number.as_str(), record.sub_sequence_number, &*record.partition_key, &record.data[..])
        })
        .collect();
    let [one, two] = [[b'1'; crate::kpl::MIN_ENCRYPTED_LEN], [b'2'; crate::kpl::MIN_ENCRYPTED_LEN]];
    assert_eq!(places, [("7", Some(0), "a", &one[..]), ("7", Some(1), "b", &two), ("8", None, "device-7", b"plain")]);
    assert_eq!(batch.records[1].explicit_hash_key.as_deref(), Some("5"));
    let arrivals = [&batch.records[0], &batch.records[1]].map(|record| record.approximate_arrival_timestamp);
    assert_eq!(arrivals[0], arrivals[1]);
}

#[test]
fn an_aggregate_with_a_wrong_digest_stays_one_record() {
    let user = crate::records::UserRecord { partition_key: "a".into(), explicit_hash_key: None, data: Bytes::new() };
    let mut aggregate = crate::kpl::aggregate(&[user]);
    *aggregate.last_mut().expect("a digest") ^= 1;
    let batch = read_records(&[entry("1", &aggregate)]).expect("a batch");
    assert_eq!(batch.records[0].data, Bytes::from(aggregate));
    assert_eq!(batch.records[0].sub_sequence_number, None);
}
