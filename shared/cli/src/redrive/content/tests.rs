//! On-failure records as Lambda writes them, and quarantined records as the function does.

use warmkeys::failure::FailureClass;
use warmkeys::records::{RejectedRecord, RejectionCode, ShardOrigin};

use super::*;

const STREAM: &str = "arn:aws:kinesis:us-east-2:123456789012:stream/readings";

fn entry(sequence_number: &str) -> Value {
    json!({
        "kinesis": {"partitionKey": "device-7", "sequenceNumber": sequence_number, "data": "cmVhZGluZw==",
            "approximateArrivalTimestamp": 1_545_084_650.987, "kinesisSchemaVersion": "1.0"},
        "eventID": format!("shardId-000000000006:{sequence_number}"),
        "eventSourceARN": STREAM,
        "aFieldOfTomorrow": 1,
    })
}

fn on_failure(payload: Option<Value>) -> Value {
    let mut message = json!({
        "requestContext": {"requestId": "c9b8fa9f", "functionArn": "arn:f", "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {"shardId": "shardId-000000000006", "startSequenceNumber": "17", "endSequenceNumber": "18",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z", "batchSize": 2, "streamArn": STREAM},
    });
    if let Some(payload) = payload {
        message["payload"] = payload;
    }
    message
}

fn quarantined() -> QuarantineEnvelope {
    let origin =
        ShardOrigin { stream_arn: format!("{STREAM}/consumer/c:1"), shard_id: "shardId-000000000006".to_owned() };
    let record = ShardRecord {
        sequence_number: SequenceNumber::parse("17").unwrap(),
        sub_sequence_number: Some(3),
        partition_key: "device-7".into(),
        explicit_hash_key: Some("5".into()),
        approximate_arrival_timestamp: None,
        data: "reading".into(),
    };
    let (class, code) = (FailureClass::Permanent, RejectionCode::Malformed);
    QuarantineEnvelope::new(&origin, &RejectedRecord { record, class, code, reason: "why".into() })
}

fn records(json: &Value) -> Vec<Found> {
    match read(json.to_string().as_bytes()) {
        Ok(Content::Records(records)) => records,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_given_up_batch_is_read_whether_its_payload_is_a_text_or_an_object() {
    let event = json!({"Records": [entry("17"), entry("18")]});
    for payload in [json!(event.to_string()), event] {
        let found = records(&on_failure(Some(payload)));
        let numbers: Vec<_> = found.iter().map(|found| found.record.sequence_number.as_str()).collect();
        assert_eq!(numbers, ["17", "18"]);
        let first = &found[0];
        assert_eq!(first.shard, Shard { stream_arn: STREAM.to_owned(), id: "shardId-000000000006".to_owned() });
        assert_eq!(
            (first.record.kind, first.record.reason.as_str()),
            (Kind::GivenUp, "RetryAttemptsExhausted (Unhandled)")
        );
        let arrival = first.record.arrival.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(arrival.as_millis(), 1_545_084_650_987);
        // As it was: fields that nobody knows here are sent back too.
        assert_eq!(serde_json::from_str::<Value>(&first.text).unwrap(), entry("17"));
    }
}

#[test]
fn what_a_queue_is_told_of_a_given_up_batch_is_its_place() {
    let Ok(Content::Place(place)) = read(on_failure(None).to_string().as_bytes()) else { panic!("no place") };
    assert_eq!((place.first.as_str(), place.last.as_str(), place.records), ("17", "18", 2));
    assert_eq!(place.shard.stream_arn, STREAM);
}

#[test]
fn a_quarantined_record_is_read_with_its_place_in_the_aggregate() {
    let text = quarantined().to_json();
    let found = records(&serde_json::from_str(&text).unwrap());
    let Found { shard, record, .. } = &found[0];
    assert_eq!((record.sequence_number.as_str(), record.sub_sequence_number), ("17", Some(3)));
    assert_eq!((record.kind, record.reason.as_str(), record.len), (Kind::Quarantined, "why", text.len()));
    assert_eq!(shard.stream_arn, STREAM, "the stream, and not its consumer");
}

#[test]
fn a_large_quarantined_record_is_told_to_be_elsewhere() {
    let object = S3Object { bucket: "b".to_owned(), key: "k".to_owned() };
    let message = quarantined().pointing_to(object.clone()).to_json();
    assert!(matches!(read(message.as_bytes()), Ok(Content::Elsewhere(place)) if place == object));
}

#[test]
fn a_record_goes_back_onto_a_stream_as_its_producer_gave_it() {
    let given_up = user_record(Kind::GivenUp, &entry("17").to_string()).unwrap();
    assert_eq!((&*given_up.partition_key, &given_up.data[..]), ("device-7", &b"reading"[..]));
    let quarantined = user_record(Kind::Quarantined, &quarantined().to_json()).unwrap();
    assert_eq!((quarantined.explicit_hash_key.as_deref(), &quarantined.data[..]), (Some("5"), &b"reading"[..]));
}

#[test]
fn what_else_lies_about_is_named_without_its_content() {
    let mut of_another = on_failure(None);
    of_another["KinesisBatchInfo"] = Value::Null;
    let mut damaged = entry("17");
    damaged["kinesis"]["data"] = json!("patient 4711");
    for (json, expected) in [
        ("patient 4711".to_owned(), ContentError::Foreign),
        ("{}".to_owned(), ContentError::Foreign),
        (json!({"failureClass": "permanent"}).to_string(), ContentError::UnreadableEnvelope),
        (of_another.to_string(), ContentError::OtherBatch),
        (on_failure(Some(json!("{}"))).to_string(), ContentError::OtherBatch),
        (on_failure(Some(json!({"Records": [damaged]}))).to_string(), ContentError::UnreadableRecord),
    ] {
        match read(json.as_bytes()) {
            Err(error) => assert_eq!(error, expected, "{json}"),
            Ok(content) => panic!("{content:?}"),
        }
    }
}

#[test]
fn an_event_is_what_a_function_reads() {
    let texts: Vec<Arc<str>> = vec![entry("17").to_string().into(), entry("18").to_string().into()];
    let batch = warmkeys::batch::ShardBatch::read(event_of(Kind::GivenUp, &texts)).unwrap();
    assert_eq!((batch.records.len(), batch.is_redrive), (2, true));
    let texts: Vec<Arc<str>> = vec![quarantined().to_json().into()];
    let batch = warmkeys::batch::ShardBatch::read(event_of(Kind::Quarantined, &texts)).unwrap();
    assert_eq!((batch.records[0].sub_sequence_number, batch.is_redrive), (Some(3), true));
}
