//! The Kinesis event as Lambda sends it, read once, from the bytes of the invocation.
//!
//! Most of an event is base64. A typed deserialiser goes over it three times, and copies it twice: to find a string's end, to check
//! what it says, to decode it. Here each record's base64 is found with vector instructions and decoded where it stands, and the
//! records share the event's buffer.
//!
//! What decrypting and the checkpoint do not need may be absent, null or odd; unknown fields are passed over.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>

mod arrival_time;
mod entry;
mod error;
mod foreign;
mod foreign_event;
mod records;
mod scanner;
mod shape;

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};

pub use self::error::EventError;
pub use self::foreign_event::ForeignEvent;
use self::records::{Digits, Payload, Records};
use self::scanner::Scanner;
use super::ShardBatch;
use crate::records::{SequenceNumber, ShardRecord};

impl ShardBatch {
    /// Reads an event, as the bytes that the function was invoked with.
    ///
    /// The payloads share the event's buffer. If nobody else holds it, it is not copied, but decoded in place.
    ///
    /// Of a record are needed its sequence number, its data, its event id (for the shard) and the stream's ARN; a partition key
    /// and an arrival time may be missing. Beside a Kinesis event it takes what holds one: the object of an on-failure
    /// destination, whose `payload` is the event; a quarantine message, which is a batch of its one record; and what a
    /// [redrive](crate::batch::REDRIVE) sends.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn read(event: impl Into<Bytes>) -> Result<Self, EventError> {
        read_event(event.into(), true)
    }
}

/// Reads an event that another one held.
fn read_held(payload: Bytes) -> Result<ShardBatch, EventError> {
    read_event(payload, false)
}

fn read_event(payload: Bytes, may_hold_another: bool) -> Result<ShardBatch, EventError> {
    // Nobody else has the event of an invocation, so that this does not copy.
    let mut json = payload.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    let Some(Records { origin, records, .. }) = records_of(&mut Scanner::new(&mut json))? else {
        return foreign::read(&json, may_hold_another);
    };
    let event = json.freeze();
    let mut batch = ShardBatch { origin, records: Vec::with_capacity(records.len()), ..ShardBatch::default() };
    let mut max_short = ShardBatch::MAX_SHORT_USER_RECORDS;
    for record in records {
        let record = ShardRecord {
            sequence_number: match record.sequence_number {
                Digits::InPlace(place) => SequenceNumber::of_digits(event.slice(place)),
                Digits::Copied(number) => number,
            },
            sub_sequence_number: None,
            partition_key: record.partition_key,
            explicit_hash_key: None,
            approximate_arrival_timestamp: record.approximate_arrival_timestamp,
            data: match record.payload {
                Payload::InPlace(place) => event.slice(place),
                Payload::Copied(data) => data,
            },
        };
        batch.push(record, &mut max_short);
    }
    Ok(batch)
}

/// The records of an event; `None`, with nothing decoded, if it is not an object with an array `Records`.
fn records_of(scanner: &mut Scanner<'_>) -> Result<Option<Records>, EventError> {
    if scanner.peek() != Some(b'{') {
        return Ok(None);
    }
    let mut records = None;
    scanner.object(|scanner, name| {
        if scanner.bytes(name) != b"Records" || scanner.peek() != Some(b'[') {
            return scanner.skip().map_err(EventError::from);
        }
        records = Some(Records::take(scanner)?);
        Ok(())
    })?;
    scanner.end()?;
    Ok(records)
}
