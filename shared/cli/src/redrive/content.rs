//! What an object or a message holds: a given-up batch, the place of one, or a quarantined record.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use warmkeys::quarantine::{EnvelopeError, EnvelopePayload, QuarantineEnvelope, S3Object};
use warmkeys::records::{SequenceNumber, ShardRecord, UserRecord};

use super::record::{Found, Kind, Record, Shard};

/// What an object or a message holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Records, in shard order.
    Records(Vec<Found>),
    /// Where a batch stands in the stream: Lambda tells a queue no more than that.
    Place(BatchPlace),
    /// Where a quarantined record is that is too large for its message.
    Elsewhere(S3Object),
}

/// Where a given-up batch stands in its stream.
#[derive(Clone, Debug)]
pub(crate) struct BatchPlace {
    pub(crate) shard: Shard,
    pub(crate) first: String,
    pub(crate) last: String,
    /// How many records the batch has.
    pub(crate) records: u64,
    pub(crate) reason: String,
}

/// Why something is not what a redrive brings back. Holds no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ContentError {
    #[error("it is neither an on-failure record of Lambda nor a quarantined record")]
    Foreign,
    #[error("it is an on-failure record, but not of a Kinesis batch")]
    OtherBatch,
    #[error("its event has a record that cannot be read")]
    UnreadableRecord,
    #[error("it is like a quarantined record, but cannot be read")]
    UnreadableEnvelope,
}

/// Reads an object's or a message's text.
pub(crate) fn read(json: &[u8]) -> Result<Content, ContentError> {
    let parts: Parts<'_> = serde_json::from_slice(json).map_err(|_| ContentError::Foreign)?;
    if parts.failure_class.is_some() {
        return envelope(json);
    }
    let Some(request) = parts.request_context else { return Err(ContentError::Foreign) };
    let reason = reason(request.condition, parts.response_context);
    match (parts.payload, parts.batch) {
        (Some(payload), _) => event(payload, &reason).map(Content::Records),
        (None, Some(batch)) => batch.place(reason).map(Content::Place).ok_or(ContentError::OtherBatch),
        (None, None) => Err(ContentError::OtherBatch),
    }
}

/// The record as a function is sent it, of what `GetRecords` returned.
pub(crate) fn of_stream(
    shard: &Shard,
    record: &aws_sdk_kinesis::types::Record,
    reason: &str,
) -> Result<Found, ContentError> {
    let arrival = record.approximate_arrival_timestamp().map(|time| Value::from(time.as_secs_f64()));
    let entry = json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key(),
            "sequenceNumber": record.sequence_number(),
            "data": base64_simd::STANDARD.encode_to_string(record.data().as_ref()),
            "approximateArrivalTimestamp": arrival,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{}:{}", shard.id, record.sequence_number()),
        "eventName": "aws:kinesis:record",
        "awsRegion": shard.stream_arn.split(':').nth(3),
        "eventSourceARN": shard.stream_arn,
    });
    found(entry.to_string(), reason)
}

/// The record as a stream is given it, of its text.
pub(crate) fn user_record(kind: Kind, text: &str) -> Result<UserRecord, ContentError> {
    match kind {
        Kind::GivenUp => {
            let entry: Entry = serde_json::from_str(text).map_err(|_| ContentError::UnreadableRecord)?;
            let data = base64_simd::STANDARD.decode_to_vec(&entry.kinesis.data);
            Ok(UserRecord {
                partition_key: entry.kinesis.partition_key.unwrap_or_default().into(),
                explicit_hash_key: None,
                data: data.map_err(|_| ContentError::UnreadableRecord)?.into(),
            })
        }
        Kind::Quarantined => {
            let envelope = QuarantineEnvelope::parse(text.as_bytes()).and_then(QuarantineEnvelope::into_record);
            let (_, rejected) = envelope.map_err(|_| ContentError::UnreadableEnvelope)?;
            Ok(UserRecord {
                partition_key: rejected.record.partition_key,
                explicit_hash_key: rejected.record.explicit_hash_key,
                data: rejected.record.data,
            })
        }
    }
}

/// What tells one from the other. Everything else may be as it likes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    request_context: Option<RequestContext>,
    response_context: Option<ResponseContext>,
    #[serde(rename = "KinesisBatchInfo")]
    batch: Option<BatchInfo>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    failure_class: Option<Value>,
}

#[derive(Deserialize)]
struct RequestContext {
    condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    function_error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    shard_id: Option<String>,
    start_sequence_number: Option<String>,
    end_sequence_number: Option<String>,
    batch_size: Option<u64>,
    stream_arn: Option<String>,
}

impl BatchInfo {
    fn place(self, reason: String) -> Option<BatchPlace> {
        let number = |number: Option<String>| number.filter(|number| SequenceNumber::parse(number).is_some());
        Some(BatchPlace {
            shard: Shard { stream_arn: stream(&self.stream_arn?), id: self.shard_id? },
            first: number(self.start_sequence_number)?,
            last: number(self.end_sequence_number)?,
            records: self.batch_size.unwrap_or_default(),
            reason,
        })
    }
}

/// An entry of a Kinesis event.
#[derive(Deserialize, Serialize)]
struct Entry {
    kinesis: Kinesis,
    #[serde(rename = "eventID")]
    event_id: String,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis {
    sequence_number: String,
    partition_key: Option<String>,
    data: String,
    approximate_arrival_timestamp: Option<Value>,
}

/// Lambda's condition, with what the function's last answer was if it was an error.
fn reason(condition: Option<String>, response: Option<ResponseContext>) -> String {
    let condition = condition.unwrap_or_else(|| "no condition told".to_owned());
    match response.and_then(|response| response.function_error) {
        Some(error) => format!("{condition} ({error})"),
        None => condition,
    }
}

/// The records of the event that failed: an escaped text, or, as emulators write it, the object itself.
fn event(payload: &RawValue, reason: &str) -> Result<Vec<Found>, ContentError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Event {
        records: Vec<Box<RawValue>>,
    }
    let text = serde_json::from_str::<String>(payload.get()).unwrap_or_else(|_| payload.get().to_owned());
    let event: Event = serde_json::from_str(&text).map_err(|_| ContentError::OtherBatch)?;
    event.records.into_iter().map(|entry| found(String::from(Box::<str>::from(entry)), reason)).collect()
}

fn found(text: String, reason: &str) -> Result<Found, ContentError> {
    let unreadable = || ContentError::UnreadableRecord;
    let entry: Entry = serde_json::from_str(&text).map_err(|_| unreadable())?;
    let (shard_id, _) = entry.event_id.split_once(':').ok_or_else(unreadable)?;
    let shard = Shard { stream_arn: stream(&entry.event_source_arn), id: shard_id.to_owned() };
    let data = base64_simd::STANDARD.decode_to_vec(&entry.kinesis.data).map_err(|_| unreadable())?;
    let record = ShardRecord {
        sequence_number: SequenceNumber::parse(&entry.kinesis.sequence_number).ok_or_else(unreadable)?,
        sub_sequence_number: None,
        partition_key: entry.kinesis.partition_key.unwrap_or_default().into(),
        explicit_hash_key: None,
        approximate_arrival_timestamp: entry.kinesis.approximate_arrival_timestamp.as_ref().and_then(arrival),
        data: data.into(),
    };
    Ok(of_shard_record(shard, &record, Kind::GivenUp, reason.to_owned(), text))
}

fn envelope(json: &[u8]) -> Result<Content, ContentError> {
    let unreadable = |_| ContentError::UnreadableEnvelope;
    let envelope = QuarantineEnvelope::parse(json).map_err(unreadable)?;
    if let EnvelopePayload::S3Object(object) = envelope.payload {
        return Ok(Content::Elsewhere(object));
    }
    let text = envelope.to_json();
    let (origin, rejected) = envelope.into_record().map_err(|_: EnvelopeError| ContentError::UnreadableEnvelope)?;
    let shard = Shard { stream_arn: stream(&origin.stream_arn), id: origin.shard_id };
    let reason = rejected.reason;
    Ok(Content::Records(vec![of_shard_record(shard, &rejected.record, Kind::Quarantined, reason, text)]))
}

fn of_shard_record(shard: Shard, record: &ShardRecord, kind: Kind, reason: String, text: String) -> Found {
    let record = Record {
        sequence_number: record.sequence_number.as_str().to_owned(),
        sub_sequence_number: record.sub_sequence_number,
        id: record.id(),
        arrival: record.approximate_arrival_timestamp,
        kind,
        reason,
        len: text.len(),
    };
    Found { shard, record, text }
}

/// The stream of an ARN that may be a consumer's: `…:stream/orders/consumer/…`.
fn stream(arn: &str) -> String {
    arn.split_once("/consumer/").map_or(arn, |(stream, _)| stream).to_owned()
}

/// Lambda writes seconds with a fraction.
fn arrival(value: &Value) -> Option<SystemTime> {
    let seconds = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
    // To the millisecond that was meant: a fraction of seconds is mostly a little beside it.
    let milliseconds = seconds.checked_add(Duration::from_micros(500))?.as_millis();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(milliseconds).ok()?))
}

/// The text of an event that a function is invoked with.
pub(crate) fn event_of(kind: Kind, texts: &[Arc<str>]) -> Vec<u8> {
    let (start, end) = match kind {
        Kind::GivenUp => ("{\"Records\":[", "]}"),
        Kind::Quarantined => ("[", "]"),
    };
    format!("{{\"{}\":{start}{}{end}}}", warmkeys::batch::REDRIVE, texts.join(",")).into_bytes()
}

#[cfg(test)]
mod tests;
