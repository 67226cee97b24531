//! What came instead of a Kinesis event.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{EventError, ForeignEvent};
use crate::batch::{REDRIVE, ShardBatch};
use crate::quarantine::{EnvelopeError, QuarantineEnvelope};

/// The members of an object, by name, as they are written.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Reads an event without an array `Records`: what holds a batch within itself gives it, all else is named.
///
/// `may_hold_another` is false for what came out of another already.
pub(super) fn read(json: &[u8], may_hold_another: bool) -> Result<ShardBatch, EventError> {
    let foreign = |foreign| Err(EventError::Foreign(foreign));
    let members: Members<'_> = match json.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(json).map_err(|error| not_json(&error, json))?,
        first => {
            serde_json::from_slice::<IgnoredAny>(json).map_err(|error| not_json(&error, json))?;
            return foreign(match first {
                Some(b'[') => ForeignEvent::Array,
                Some(b'"') => ForeignEvent::Text,
                _ => ForeignEvent::Scalar,
            });
        }
    };
    let has = |name: &str| members.contains_key(name);
    if has("KinesisBatchInfo") || (has("requestContext") && has("payload")) {
        return match members.get("payload").map(|payload| payload.get()).filter(|payload| *payload != "null") {
            None => foreign(ForeignEvent::OnFailureWithoutPayload),
            Some(_) if !may_hold_another => foreign(ForeignEvent::OnFailureOfAnother),
            Some(payload) => super::read_held(event_within(payload)).map_err(|error| match error {
                EventError::Foreign(_) | EventError::NotJson { .. } => {
                    EventError::Foreign(ForeignEvent::OnFailureOfAnother)
                }
                error => error,
            }),
        };
    }
    if has("failureClass") && has("sequenceNumber") {
        return quarantined(json).or_else(foreign);
    }
    if let Some(sent) = members.get(REDRIVE).filter(|_| may_hold_another) {
        return Ok(ShardBatch { is_redrive: true, ..redriven(sent)? });
    }
    foreign(named(&members))
}

/// The on-failure object has its payload as text; whoever edits it may have made an object of it.
fn event_within(payload: &str) -> Bytes {
    match serde_json::from_str::<String>(payload) {
        Ok(text) => text.into(),
        Err(_) => Bytes::copy_from_slice(payload.as_bytes()),
    }
}

/// The batch of one record that a quarantine message is.
fn quarantined(json: &[u8]) -> Result<ShardBatch, ForeignEvent> {
    let envelope = QuarantineEnvelope::parse(json).and_then(QuarantineEnvelope::into_record);
    let (origin, rejected) = envelope.map_err(|error| match error {
        EnvelopeError::StoredInS3(_) => ForeignEvent::QuarantineReference,
        EnvelopeError::Malformed(_) | EnvelopeError::UnknownVersion | EnvelopeError::InvalidField { .. } => {
            ForeignEvent::UnreadableQuarantine
        }
    })?;
    Ok(ShardBatch { origin: Some(origin), records: vec![rejected.record], ..ShardBatch::default() })
}

/// What a redrive sends: a Kinesis event, or quarantined records of one shard.
fn redriven(sent: &RawValue) -> Result<ShardBatch, EventError> {
    let unreadable = || EventError::Foreign(ForeignEvent::UnreadableRedrive);
    let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(sent.get()) else {
        let batch = super::read_held(Bytes::copy_from_slice(sent.get().as_bytes())).map_err(|error| match error {
            EventError::Foreign(_) | EventError::NotJson { .. } => unreadable(),
            error => error,
        })?;
        return if batch.origin.is_some() { Ok(batch) } else { Err(unreadable()) };
    };
    if messages.len() > ShardBatch::MAX_EVENT_RECORDS {
        return Err(EventError::TooManyRecords);
    }
    let mut batch = ShardBatch::default();
    for (index, message) in messages.into_iter().enumerate() {
        let ShardBatch { origin, records, .. } = quarantined(message.get().as_bytes()).map_err(EventError::Foreign)?;
        if index > 0 && batch.origin != origin {
            return Err(EventError::OtherShard { index });
        }
        batch.origin = origin;
        batch.records.extend(records);
    }
    if batch.origin.is_some() { Ok(batch) } else { Err(unreadable()) }
}

fn named(members: &Members<'_>) -> ForeignEvent {
    let has = |name: &str| members.contains_key(name);
    let source = members.get("eventSource").and_then(|source| serde_json::from_str::<String>(source.get()).ok());
    if let Some(foreign) = source.and_then(|source| ForeignEvent::of_source(source.as_bytes())) {
        return foreign;
    }
    match () {
        () if members.is_empty() => ForeignEvent::EmptyObject,
        () if has("Records") => ForeignEvent::RecordsNotAnArray,
        () if has("deliveryStreamArn") || has("sourceKinesisStreamArn") => ForeignEvent::Firehose,
        () if has("awslogs") => ForeignEvent::Logs,
        () if has("detail-type") => ForeignEvent::EventBridge,
        () if has("requestContext") || has("httpMethod") => ForeignEvent::Http,
        () if has("records") => ForeignEvent::LowerCaseRecords,
        () => ForeignEvent::UnknownObject,
    }
}

/// The place of the error, without its words.
fn not_json(error: &serde_json::Error, json: &[u8]) -> EventError {
    let line_start = match error.line().checked_sub(2) {
        None => 0,
        Some(newline) => memchr::memchr_iter(b'\n', json).nth(newline).map_or(0, |newline| newline + 1),
    };
    EventError::NotJson { at: line_start + error.column().saturating_sub(1) }
}
