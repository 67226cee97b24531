//! The records of an event, as they stand in it.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::entry::Entry;
use super::scanner::{NotJson, Scanner, Text};
use super::shape::Shape;
use super::{EventError, ForeignEvent};
use crate::batch::ShardBatch;
use crate::records::{SequenceNumber, ShardOrigin};

/// The records read so far, and the shard that they are of.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The stream and the shard of the first record.
    pub(super) origin: Option<ShardOrigin>,
    pub(super) records: Vec<Record>,
    /// How the last record is written that was read name by name.
    shape: Option<Shape>,
}

/// A record: all of a `ShardRecord` but for the payload's `Bytes`, which cannot be had while the event is written to.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) sequence_number: Digits,
    pub(super) partition_key: Arc<str>,
    pub(super) approximate_arrival_timestamp: Option<SystemTime>,
    pub(super) payload: Payload,
}

/// A record's sequence number, known to be one.
#[derive(Debug)]
pub(super) enum Digits {
    /// It stands in the event.
    InPlace(Range<usize>),
    /// It had escapes.
    Copied(SequenceNumber),
}

/// A record's payload, decoded.
#[derive(Debug)]
pub(super) enum Payload {
    /// It stands in the event, where its base64 was.
    InPlace(Range<usize>),
    /// Its base64 had escapes.
    Copied(Bytes),
}

impl Records {
    /// Takes the array `Records`.
    pub(super) fn take(scanner: &mut Scanner<'_>) -> Result<Self, EventError> {
        let mut records = Self::default();
        scanner.array(|scanner| records.take_entry(scanner))?;
        Ok(records)
    }

    fn take_entry(&mut self, scanner: &mut Scanner<'_>) -> Result<(), EventError> {
        let index = self.records.len();
        if index == ShardBatch::MAX_EVENT_RECORDS {
            return Err(EventError::TooManyRecords);
        }
        if scanner.peek() != Some(b'{') {
            return Err(EventError::NotARecord { index });
        }
        let entry = match self.shape.as_ref().and_then(|shape| shape.take(scanner)) {
            Some(entry) => entry,
            None => {
                let start = scanner.at();
                let entry = Entry::take(scanner)?;
                self.shape = Shape::of(&entry, start..scanner.at());
                entry
            }
        };
        let record = self.validate(entry, index, scanner)?;
        self.records.push(record);
        Ok(())
    }

    fn validate(&mut self, entry: Entry, index: usize, scanner: &mut Scanner<'_>) -> Result<Record, EventError> {
        let invalid = |field| EventError::InvalidField { index, field };
        let Some(kinesis) = entry.kinesis else {
            let source = entry.event_source.as_ref().map(|source| scanner.bytes(source));
            let foreign = source.and_then(ForeignEvent::of_source).map(EventError::Foreign);
            return Err(foreign.unwrap_or(invalid("kinesis")));
        };
        let arn = entry.event_source_arn.as_ref().map_or(&[][..], |arn| scanner.bytes(arn));
        let shard_id = entry.event_id.as_ref().and_then(|id| shard_id(scanner.bytes(id))).ok_or(invalid("eventID"))?;
        self.check_origin(arn, shard_id, index)?;

        let sequence_number = match kinesis.sequence_number {
            Some(Text::Plain(place)) if SequenceNumber::are_digits(scanner.bytes_at(&place)) => Digits::InPlace(place),
            Some(Text::Unescaped(text)) => {
                Digits::Copied(SequenceNumber::parse(&text).ok_or(invalid("kinesis.sequenceNumber"))?)
            }
            Some(Text::Plain(_)) | None => return Err(invalid("kinesis.sequenceNumber")),
        };
        let partition_key = utf8(scanner, kinesis.partition_key.as_ref())?.unwrap_or_default().into();
        let payload = match kinesis.data {
            None => None,
            Some(Text::Plain(place)) => {
                let decoded = base64_simd::STANDARD.decode_inplace(scanner.bytes_mut(place.clone()));
                decoded.ok().map(|data| Payload::InPlace(place.start..place.start + data.len()))
            }
            Some(Text::Unescaped(base64)) => {
                base64_simd::STANDARD.decode_to_vec(base64).ok().map(|data| Payload::Copied(data.into()))
            }
        };
        Ok(Record {
            sequence_number,
            partition_key,
            approximate_arrival_timestamp: kinesis.approximate_arrival_timestamp,
            payload: payload.ok_or(invalid("kinesis.data"))?,
        })
    }

    /// All records are of the shard of the first.
    fn check_origin(&mut self, stream_arn: &[u8], shard_id: &[u8], index: usize) -> Result<(), EventError> {
        if let Some(first) = &self.origin {
            let same = first.stream_arn.as_bytes() == stream_arn && first.shard_id.as_bytes() == shard_id;
            return if same { Ok(()) } else { Err(EventError::OtherShard { index }) };
        }
        let owned = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let invalid = |field| EventError::InvalidField { index, field };
        self.origin = Some(ShardOrigin {
            stream_arn: owned(stream_arn).filter(|arn| !arn.is_empty()).ok_or(invalid("eventSourceARN"))?,
            shard_id: owned(shard_id).ok_or(invalid("eventID"))?,
        });
        Ok(())
    }
}

/// JSON is UTF-8: what is not UTF-8 is not JSON.
fn utf8<'s>(scanner: &'s Scanner<'_>, text: Option<&'s Text>) -> Result<Option<&'s str>, NotJson> {
    text.map(|text| std::str::from_utf8(scanner.bytes(text)).map_err(|_| scanner.not_json())).transpose()
}

/// The shard of `shardId-…:<sequence number>`.
fn shard_id(event_id: &[u8]) -> Option<&[u8]> {
    let colon = event_id.iter().position(|byte| *byte == b':')?;
    event_id.get(..colon).filter(|shard_id| shard_id.starts_with(b"shardId-"))
}
