//! What comes instead of a Kinesis event: some of it holds one, and of the rest is said what it is.

use serde_json::{Value, json};

use super::{entry, read_json};
use crate::batch::{EventError, ForeignEvent};
use crate::failure::FailureClass;
use crate::quarantine::{QuarantineEnvelope, S3Object};
use crate::records::{RejectedRecord, RejectionCode, SequenceNumber, ShardOrigin, ShardRecord};

/// Nothing of what came may be told, however long it is.
const CONTENT: &str = "patient 4711";

fn on_failure(payload: Option<Value>) -> Value {
    let mut message = json!({
        "requestContext": {
            "requestId": "c9b8fa9f", "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:f",
            "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1,
        },
        "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000006", "startSequenceNumber": "1", "endSequenceNumber": "2", "batchSize": 2,
            "streamArn": "arn:aws:kinesis:us-east-2:123456789012:stream/readings",
        },
    });
    if let Some(payload) = payload {
        message["payload"] = payload;
    }
    message
}

fn envelope() -> QuarantineEnvelope {
    let origin = ShardOrigin {
        stream_arn: "arn:aws:kinesis:us-east-2:123456789012:stream/readings".into(),
        shard_id: "shardId-000000000006".into(),
    };
    let record = ShardRecord {
        sequence_number: SequenceNumber::parse("17").expect("a number"),
        sub_sequence_number: Some(3),
        partition_key: "device-7".into(),
        explicit_hash_key: None,
        approximate_arrival_timestamp: None,
        data: "reading".into(),
    };
    let (class, code) = (FailureClass::Permanent, RejectionCode::Malformed);
    QuarantineEnvelope::new(&origin, &RejectedRecord { record, class, code, reason: "why".into() })
}

#[test]
fn the_object_of_an_on_failure_destination_is_read_by_its_payload() {
    let event = json!({ "Records": [entry("1", b"one"), entry("2", b"two")] });
    for payload in [json!(event.to_string()), event] {
        let batch = read_json(on_failure(Some(payload))).expect("a batch");
        assert_eq!(batch.records.iter().map(|record| &record.data[..]).collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!(batch.origin.expect("an origin").shard_id, "shardId-000000000006");
    }
}

#[test]
fn a_quarantine_message_is_a_batch_of_its_record() {
    let batch = read_json(envelope().to_json()).expect("a batch");
    assert_eq!(batch.records.len(), 1);
    let record = &batch.records[0];
    assert_eq!((record.sequence_number.as_str(), record.sub_sequence_number), ("17", Some(3)));
    assert_eq!((&*record.partition_key, &record.data[..]), ("device-7", &b"reading"[..]));
    assert_eq!(batch.origin.expect("an origin").shard_id, "shardId-000000000006");
}

#[test]
fn a_redrive_brings_an_event_or_quarantined_records_as_they_were_rejected() {
    let batch = read_json(json!({ "redrive": { "Records": [entry("1", b"one")] } })).expect("a batch");
    assert_eq!((batch.is_redrive, &batch.records[0].data[..]), (true, &b"one"[..]));

    let mut second = envelope();
    second.sequence_number = "18".to_owned();
    let sent = format!("{{\"redrive\":[{},{}]}}", envelope().to_json(), second.to_json());
    let batch = read_json(sent).expect("a batch");
    let places: Vec<_> =
        batch.records.iter().map(|record| (record.sequence_number.as_str(), record.sub_sequence_number)).collect();
    assert_eq!((batch.is_redrive, places), (true, vec![("17", Some(3)), ("18", Some(3))]));
    assert!(!read_json(envelope().to_json()).expect("a batch").is_redrive);

    second.shard_id = "shardId-000000000007".to_owned();
    let sent = format!("{{\"redrive\":[{},{}]}}", envelope().to_json(), second.to_json());
    assert_eq!(read_json(sent).expect_err("two shards"), EventError::OtherShard { index: 1 });
}

#[test]
fn whatever_else_comes_is_named_without_its_content() {
    let reference = envelope().pointing_to(S3Object { bucket: CONTENT.into(), key: CONTENT.into() });
    let mut unreadable: Value = serde_json::from_str(&envelope().to_json()).expect("JSON");
    unreadable["data"] = json!(CONTENT);
    for (event, expected) in [
        (json!({}), ForeignEvent::EmptyObject),
        (json!([]), ForeignEvent::Array),
        (json!([entry("1", b"one"), CONTENT]), ForeignEvent::Array),
        (json!(CONTENT), ForeignEvent::Text),
        (json!({ "Records": [entry("1", b"one")], "of": CONTENT }).to_string().into(), ForeignEvent::Text),
        (json!(null), ForeignEvent::Scalar),
        (json!(4711), ForeignEvent::Scalar),
        (on_failure(None), ForeignEvent::OnFailureWithoutPayload),
        (on_failure(Some(json!(null))), ForeignEvent::OnFailureWithoutPayload),
        (on_failure(Some(json!(CONTENT))), ForeignEvent::OnFailureOfAnother),
        (on_failure(Some(json!({ "of": CONTENT }))), ForeignEvent::OnFailureOfAnother),
        (on_failure(Some(on_failure(Some(json!({ "Records": [] }))))), ForeignEvent::OnFailureOfAnother),
        (serde_json::from_str(&reference.to_json()).expect("JSON"), ForeignEvent::QuarantineReference),
        (json!({ "redrive": [&unreadable] }), ForeignEvent::UnreadableQuarantine),
        (unreadable, ForeignEvent::UnreadableQuarantine),
        (json!({ "redrive": [] }), ForeignEvent::UnreadableRedrive),
        (json!({ "redrive": CONTENT }), ForeignEvent::UnreadableRedrive),
        (json!({ "redrive": { "Records": [] } }), ForeignEvent::UnreadableRedrive),
        (json!({ "redrive": { "redrive": { "Records": [entry("1", b"one")] } } }), ForeignEvent::UnreadableRedrive),
        (json!({ "Records": CONTENT }), ForeignEvent::RecordsNotAnArray),
        (json!({ "Records": null }), ForeignEvent::RecordsNotAnArray),
        (json!({ "records": [CONTENT] }), ForeignEvent::LowerCaseRecords),
        (json!({ "records": [{ "data": CONTENT, "partitionKey": "k" }] }), ForeignEvent::LowerCaseRecords),
        (json!({ "Records": [{ "messageId": "1", "body": CONTENT, "eventSource": "aws:sqs" }] }), ForeignEvent::Sqs),
        (json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": CONTENT } }] }), ForeignEvent::Sns),
        (json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "object": { "key": CONTENT } } }] }), ForeignEvent::S3),
        (
            json!({ "Records": [{ "eventSource": "aws:dynamodb", "dynamodb": { "Keys": CONTENT } }] }),
            ForeignEvent::DynamoDb,
        ),
        (
            json!({
                "invocationId": "i", "deliveryStreamArn": "arn:aws:firehose:us-east-2:123456789012:deliverystream/d",
                "region": "us-east-2", "records": [{ "recordId": "1", "data": CONTENT }],
            }),
            ForeignEvent::Firehose,
        ),
        (
            json!({ "eventSource": "aws:kafka", "bootstrapServers": "b", "records": { "t-0": [{ "value": CONTENT }] } }),
            ForeignEvent::Kafka,
        ),
        (
            json!({ "eventSource": "SelfManagedKafka", "records": { "t-0": [{ "value": CONTENT }] } }),
            ForeignEvent::Kafka,
        ),
        (json!({ "awslogs": { "data": CONTENT } }), ForeignEvent::Logs),
        (json!({ "httpMethod": "POST", "path": "/", "requestContext": {}, "body": CONTENT }), ForeignEvent::Http),
        (
            json!({ "version": "2.0", "routeKey": "$default", "requestContext": {}, "body": CONTENT }),
            ForeignEvent::Http,
        ),
        (
            json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": CONTENT }),
            ForeignEvent::EventBridge,
        ),
        (json!({ "of": CONTENT }), ForeignEvent::UnknownObject),
    ] {
        let error = read_json(&event).expect_err("no Kinesis event");
        assert_eq!(error, EventError::Foreign(expected), "{event}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains(CONTENT) && told.len() < 300, "{told}");
    }
}

#[test]
fn an_entry_that_is_no_record_is_named_by_its_index() {
    for entry_of_another in [json!(CONTENT.repeat(1_000)), json!([CONTENT]), json!(4711), json!(null)] {
        let error = read_json(json!({ "Records": [entry("1", b"one"), entry_of_another] })).expect_err("no record");
        assert_eq!(error, EventError::NotARecord { index: 1 });
        assert!(!error.to_string().contains(CONTENT));
    }
}

#[test]
fn an_object_that_is_no_json_is_told_by_its_place() {
    for (json, at) in [("{\"a\":\n\n patient}", 9), ("[1,", 2), ("", 0), ("nul", 2), ("\"pa", 2)] {
        match read_json(json) {
            Err(EventError::NotJson { at: told }) => assert!(told <= json.len() && told + 2 > at, "{json}: {told}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}
