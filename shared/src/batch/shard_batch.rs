//! A batch, validated: records of one shard, in its order, aggregates taken apart.

use std::time::{Duration, SystemTime};

use super::KinesisEvent;
use super::event::{Base64Data, KinesisEventRecord, KinesisRecord, SharedString};
use crate::kpl;
use crate::records::{SequenceNumber, ShardOrigin, ShardRecord};

/// The user records of one shard, in shard order.
#[derive(Clone, Debug)]
pub struct ShardBatch {
    /// The stream and the shard. `None` for an event without records, which does not tell.
    pub origin: Option<ShardOrigin>,
    /// The user records. Those that share a sequence number (of one aggregate) are neighbours.
    pub records: Vec<ShardRecord>,
}

impl ShardBatch {
    /// The most records of one event (inclusive): the largest `BatchSize` of an event source mapping.
    pub const MAX_EVENT_RECORDS: usize = 10_000;
}

/// Why an event is not a batch of one shard. The invocation fails, and with it the whole batch.
///
/// Nothing less would do: a record without a sequence number cannot be the checkpoint, so nothing after it can be retried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// More records than a mapping can be set to send.
    #[error("the event has {count} records, more than {}", ShardBatch::MAX_EVENT_RECORDS)]
    TooManyRecords {
        /// The records of the event.
        count: usize,
    },
    /// A field is absent or not as Kinesis writes it.
    #[error("the event's record at index {index} has no valid {field}")]
    InvalidField {
        /// The record's place in the event, from 0.
        index: usize,
        /// The field's name in the event.
        field: &'static str,
    },
    /// A record names another stream or shard than the first.
    #[error("the event's record at index {index} comes from another shard than the first")]
    OtherShard {
        /// The record's place in the event, from 0.
        index: usize,
    },
}

impl TryFrom<KinesisEvent> for ShardBatch {
    type Error = EventError;

    fn try_from(event: KinesisEvent) -> Result<Self, EventError> {
        let count = event.records.len();
        if count > Self::MAX_EVENT_RECORDS {
            return Err(EventError::TooManyRecords { count });
        }
        let mut batch = Self { origin: None, records: Vec::with_capacity(count) };
        for (index, entry) in event.records.into_iter().enumerate() {
            batch.push(entry, index)?;
        }
        Ok(batch)
    }
}

impl ShardBatch {
    fn push(&mut self, entry: KinesisEventRecord, index: usize) -> Result<(), EventError> {
        let invalid = |field| EventError::InvalidField { index, field };
        let stream_arn = entry.event_source_arn.filter(|arn| !arn.is_empty()).ok_or(invalid("eventSourceARN"))?;
        let shard_id = entry.event_id.as_deref().and_then(shard_id).ok_or(invalid("eventID"))?;
        match &self.origin {
            None => {
                self.origin = Some(ShardOrigin { stream_arn: stream_arn.into(), shard_id: shard_id.to_owned() });
            }
            Some(first) if *first.stream_arn != *stream_arn || first.shard_id != shard_id => {
                return Err(EventError::OtherShard { index });
            }
            Some(_) => {}
        }
        let record = shard_record(entry.kinesis.ok_or(invalid("kinesis"))?).map_err(invalid)?;
        match kpl::deaggregate(&record.data) {
            None => self.records.push(record),
            Some(user_records) => {
                self.records.extend((0..).zip(user_records).map(|(sub_sequence_number, user)| ShardRecord {
                    sequence_number: record.sequence_number.clone(),
                    sub_sequence_number: Some(sub_sequence_number),
                    partition_key: user.partition_key,
                    explicit_hash_key: user.explicit_hash_key,
                    approximate_arrival_timestamp: record.approximate_arrival_timestamp,
                    data: user.data,
                }));
            }
        }
        Ok(())
    }
}

/// The shard of `shardId-…:<sequence number>`.
fn shard_id(event_id: &str) -> Option<&str> {
    let (shard_id, _sequence_number) = event_id.split_once(':')?;
    shard_id.starts_with("shardId-").then_some(shard_id)
}

/// Validates one record, or names the field that is not valid.
fn shard_record(record: KinesisRecord) -> Result<ShardRecord, &'static str> {
    let sequence_number =
        record.sequence_number.as_deref().and_then(SequenceNumber::parse).ok_or("kinesis.sequenceNumber")?;
    let approximate_arrival_timestamp =
        record.approximate_arrival_timestamp.and_then(system_time).ok_or("kinesis.approximateArrivalTimestamp")?;
    let SharedString(partition_key) = record.partition_key.ok_or("kinesis.partitionKey")?;
    let Base64Data(data): Base64Data = record.data.ok_or("kinesis.data")?;
    Ok(ShardRecord {
        sequence_number,
        sub_sequence_number: None,
        partition_key,
        explicit_hash_key: None,
        approximate_arrival_timestamp,
        data,
    })
}

/// The time `seconds` after the epoch. Kinesis counts milliseconds, which a float of seconds only comes close to.
fn system_time(seconds: f64) -> Option<SystemTime> {
    let millis = Duration::try_from_secs_f64((seconds * 1000.0).round()).ok()?.as_secs();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn event(records: &[serde_json::Value]) -> KinesisEvent {
        serde_json::from_value(json!({ "Records": records })).expect("an event")
    }

    fn entry(sequence_number: &str, data: &[u8]) -> serde_json::Value {
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
    fn entry_with(pointer: &str, value: serde_json::Value) -> serde_json::Value {
        let mut entry = entry("1", b"reading");
        *entry.pointer_mut(pointer).expect("a field") = value;
        entry
    }

    #[test]
    fn a_documented_record_is_read_whole() {
        let batch = ShardBatch::try_from(event(&[entry(
            "49590338271490256608559692538361571095921575989136588898",
            b"reading",
        )]))
        .expect("a batch");
        let origin = batch.origin.expect("a record tells the origin");
        assert_eq!(origin.stream_arn, "arn:aws:kinesis:us-east-2:123456789012:stream/readings");
        assert_eq!(origin.shard_id, "shardId-000000000006");
        let record = &batch.records[0];
        assert_eq!(record.sequence_number.as_str(), "49590338271490256608559692538361571095921575989136588898");
        assert_eq!(record.sub_sequence_number, None);
        assert_eq!(&*record.partition_key, "device-7");
        assert_eq!(record.explicit_hash_key, None);
        assert_eq!(record.data, "reading");
        let since_epoch = record.approximate_arrival_timestamp.duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(since_epoch.expect("after the epoch").as_millis(), 1_545_084_650_987);
    }

    #[test]
    fn an_event_without_records_is_an_empty_batch() {
        let batch = ShardBatch::try_from(event(&[])).expect("a batch");
        assert!(batch.records.is_empty());
        assert_eq!(batch.origin, None);
    }

    #[test]
    fn each_invalid_field_is_named_with_its_record() {
        for (pointer, value, field) in [
            ("/kinesis/sequenceNumber", json!(null), "kinesis.sequenceNumber"),
            ("/kinesis/sequenceNumber", json!(""), "kinesis.sequenceNumber"),
            ("/kinesis/sequenceNumber", json!("0x17"), "kinesis.sequenceNumber"),
            ("/kinesis/approximateArrivalTimestamp", json!(null), "kinesis.approximateArrivalTimestamp"),
            ("/kinesis/approximateArrivalTimestamp", json!(-1), "kinesis.approximateArrivalTimestamp"),
            ("/kinesis/approximateArrivalTimestamp", json!(1e300), "kinesis.approximateArrivalTimestamp"),
            ("/kinesis/partitionKey", json!(null), "kinesis.partitionKey"),
            ("/kinesis/data", json!(null), "kinesis.data"),
            ("/kinesis", json!(null), "kinesis"),
            ("/eventID", json!(null), "eventID"),
            ("/eventID", json!("shardId-000000000006"), "eventID"),
            ("/eventID", json!("1:1"), "eventID"),
            ("/eventSourceARN", json!(""), "eventSourceARN"),
        ] {
            let error = ShardBatch::try_from(event(&[entry("1", b""), entry_with(pointer, value.clone())]))
                .expect_err("invalid");
            assert_eq!(error, EventError::InvalidField { index: 1, field }, "{pointer} = {value}");
        }
    }

    #[test]
    fn an_absent_sequence_number_fails_the_batch() {
        let mut without = entry("1", b"reading");
        without["kinesis"].as_object_mut().expect("an object").remove("sequenceNumber");
        let error = ShardBatch::try_from(event(&[without])).expect_err("invalid");
        assert_eq!(error, EventError::InvalidField { index: 0, field: "kinesis.sequenceNumber" });
    }

    #[test]
    fn a_record_of_another_shard_or_stream_fails_the_batch() {
        for (pointer, value) in [
            ("/eventID", json!("shardId-000000000007:1")),
            ("/eventSourceARN", json!("arn:aws:kinesis:us-east-2:123456789012:stream/others")),
        ] {
            let error =
                ShardBatch::try_from(event(&[entry("1", b""), entry_with(pointer, value)])).expect_err("invalid");
            assert_eq!(error, EventError::OtherShard { index: 1 });
        }
    }

    #[test]
    fn ten_thousand_records_are_the_most() {
        let records = vec![entry("1", b""); ShardBatch::MAX_EVENT_RECORDS];
        assert_eq!(ShardBatch::try_from(event(&records)).expect("a batch").records.len(), 10_000);
        let records = vec![entry("1", b""); ShardBatch::MAX_EVENT_RECORDS + 1];
        let error = ShardBatch::try_from(event(&records)).expect_err("too many");
        assert_eq!(error, EventError::TooManyRecords { count: 10_001 });
    }

    #[test]
    fn escaped_base64_is_decoded() {
        // Some emulators' JSON writers escape the solidus and the equals sign.
        let json = entry("1", &[0xFF; 4]).to_string().replace("/////w==", "\\/\\/\\/\\/\\/w\\u003d\\u003d");
        let json = format!("{{\"Records\":[{json}]}}");
        let batch =
            ShardBatch::try_from(serde_json::from_str::<KinesisEvent>(&json).expect("an event")).expect("a batch");
        assert_eq!(batch.records[0].data, &[0xFF; 4][..]);
    }

    #[test]
    fn what_is_not_base64_is_an_error_that_does_not_show_it() {
        for data in [json!("c2VjcmV0LXRleHQ$"), json!("c2VjcmV0LXRleH="), json!(17), json!(["c2VjcmV0"])] {
            let json = json!({ "Records": [entry_with("/kinesis/data", data)] }).to_string();
            let error = serde_json::from_str::<KinesisEvent>(&json).expect_err("not base64");
            assert!(!error.to_string().contains("c2Vjcm"), "{error}");
        }
    }

    #[test]
    fn user_records_of_an_aggregate_share_the_parent_s_sequence_number() {
        let user = |partition_key: &str, data: &'static str| crate::records::UserRecord {
            partition_key: partition_key.into(),
            explicit_hash_key: Some("5".into()),
            data: data.repeat(kpl::MIN_MEAN_PAYLOAD_LEN).into(),
        };
        let aggregate = kpl::aggregate(&[user("device-1", "a"), user("device-2", "b")]);
        let batch = ShardBatch::try_from(event(&[entry("1", b"plain"), entry("2", &aggregate), entry("3", b"plain")]))
            .expect("a batch");
        let places: Vec<_> = batch
            .records
            .iter()
            .map(|record| {
                (record.sequence_number.as_str(), record.sub_sequence_number, &*record.partition_key, &record.data[..])
            })
            .collect();
        assert_eq!(
            places,
            [
                ("1", None, "device-7", &b"plain"[..]),
                ("2", Some(0), "device-1", &[b'a'; kpl::MIN_MEAN_PAYLOAD_LEN]),
                ("2", Some(1), "device-2", &[b'b'; kpl::MIN_MEAN_PAYLOAD_LEN]),
                ("3", None, "device-7", b"plain"),
            ]
        );
        assert_eq!(batch.records[1].explicit_hash_key.as_deref(), Some("5"));
        let arrivals = [&batch.records[0], &batch.records[1]].map(|record| record.approximate_arrival_timestamp);
        assert_eq!(arrivals[0], arrivals[1]);
    }

    #[test]
    fn an_aggregate_with_a_wrong_digest_stays_one_record() {
        let mut aggregate = kpl::aggregate(&[]);
        *aggregate.last_mut().expect("a digest") ^= 1;
        let batch = ShardBatch::try_from(event(&[entry("1", &aggregate)])).expect("a batch");
        assert_eq!(batch.records[0].data, Bytes::from(aggregate));
        assert_eq!(batch.records[0].sub_sequence_number, None);
    }
}
