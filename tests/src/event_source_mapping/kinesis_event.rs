//! The event that a function receives.

use std::time::SystemTime;

use base64_simd::STANDARD;
use bytes::Bytes;
use serde::Serialize;

use crate::stream::{ShardId, StreamRecord};

/// The event with `records`, as JSON.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#services-kinesis-event-example>
#[must_use]
pub fn kinesis_event(stream_arn: &str, shard_id: &ShardId, records: &[StreamRecord]) -> Bytes {
    let records = records.iter().map(|record| EventRecord::new(stream_arn, shard_id, record)).collect();
    // Strings and finite numbers always serialise.
    serde_json::to_vec(&Event { records }).unwrap_or_default().into()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    records: Vec<EventRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    kinesis: KinesisMembers<'a>,
    event_source: &'a str,
    event_version: &'a str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'a str,
    invoke_identity_arn: &'a str,
    aws_region: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KinesisMembers<'a> {
    kinesis_schema_version: &'a str,
    partition_key: &'a str,
    sequence_number: &'a str,
    data: String,
    /// In seconds since the epoch, to the millisecond.
    approximate_arrival_timestamp: f64,
}

impl<'a> EventRecord<'a> {
    fn new(stream_arn: &'a str, shard_id: &ShardId, record: &'a StreamRecord) -> Self {
        let arrival = record.approximate_arrival.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            kinesis: KinesisMembers {
                kinesis_schema_version: "1.0",
                partition_key: &record.partition_key,
                sequence_number: record.sequence_number.as_str(),
                data: STANDARD.encode_to_string(&record.data),
                approximate_arrival_timestamp: (arrival.as_secs_f64() * 1_000.0).floor() / 1_000.0,
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: format!("{shard_id}:{}", record.sequence_number),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: "arn:aws:iam::000000000000:role/local",
            aws_region: "us-east-1",
            event_source_arn: stream_arn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_source_mapping::batch::Batch;
    use crate::event_source_mapping::lane::tests::records;
    use serde_json::{Value, json};

    #[test]
    fn an_event_has_the_shape_of_the_services() {
        let event = kinesis_event("arn:stream", &ShardId::new(3), &records(&[7]));
        let event: Value = serde_json::from_slice(&event).unwrap();
        let expected = json!({"Records": [{
            "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "key", "sequenceNumber": "7", "data": "ZGF0YQ==",
                "approximateArrivalTimestamp": 1_767_225_600.0},
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-000000000003:7",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/local",
            "awsRegion": "us-east-1",
            "eventSourceARN": "arn:stream",
        }]});
        assert_eq!(event, expected);
    }

    #[test]
    fn an_event_is_not_larger_than_was_reckoned() {
        let mut records = records(&[7]);
        records[0].partition_key = "\u{1}".repeat(256).into();
        let stream_arn = format!("arn:aws:kinesis:us-east-1:000000000000:stream/{}", "s".repeat(128));
        let event = kinesis_event(&stream_arn, &ShardId::new(0), &records);
        assert!(event.len() <= Batch::event_len(&records[0]), "{}", event.len());
    }
}
