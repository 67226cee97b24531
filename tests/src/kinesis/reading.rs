//! `GetShardIterator` and `GetRecords`: reading a shard from a place on.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::answer::shard_id;
use super::error::KinesisError;
use super::request::{GetRecordsRequest, GetShardIteratorRequest};
use crate::stream::{InMemoryStream, ShardId, StreamError, StreamRecord};

/// > The maximum size of data that `GetRecords` can return is 10 MB. ...
/// > The maximum number of records that can be returned per call is 10,000.
/// > <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
const MAX_RECORDS: usize = 10_000;
const MAX_BYTES: usize = 10 << 20;

/// A place in a shard.
#[derive(Debug, PartialEq, Eq)]
struct ShardIterator {
    shard_id: ShardId,
    position: usize,
}

impl ShardIterator {
    fn token(&self) -> String {
        format!("{}:{}", self.shard_id, self.position)
    }

    /// Unlike the service's, iterators do not expire.
    fn of_token(stream: &InMemoryStream, token: &str) -> Result<Self, KinesisError> {
        let invalid = || KinesisError::InvalidArgument("Invalid ShardIterator.".to_owned());
        let (name, position) = token.split_once(':').ok_or_else(invalid)?;
        Ok(Self { shard_id: shard_id(stream, name)?, position: position.parse().map_err(|_| invalid())? })
    }
}

pub(super) fn get_shard_iterator(
    stream: &InMemoryStream,
    request: &GetShardIteratorRequest,
) -> Result<Value, KinesisError> {
    request.stream.check(stream)?;
    let shard_id = shard_id(stream, &request.shard_id)?;
    let records = stream.read(&shard_id, 0, usize::MAX).map_err(unknown_shard)?;
    let position = match (request.shard_iterator_type.as_str(), &request.starting_sequence_number) {
        ("TRIM_HORIZON", _) => 0,
        ("LATEST", _) => records.len(),
        ("AT_SEQUENCE_NUMBER", Some(number)) => position_of(&records, number)?,
        ("AFTER_SEQUENCE_NUMBER", Some(number)) => position_of(&records, number)? + 1,
        (other, _) => {
            let message = format!("{other}, with what is given, is no shard iterator type that is embedded.");
            return Err(KinesisError::InvalidArgument(message));
        }
    };
    Ok(json!({"ShardIterator": ShardIterator { shard_id, position }.token()}))
}

pub(super) fn get_records(
    stream: &InMemoryStream,
    request: &GetRecordsRequest,
    now: SystemTime,
) -> Result<Value, KinesisError> {
    let limit = request.limit.unwrap_or(MAX_RECORDS);
    if !(1..=MAX_RECORDS).contains(&limit) {
        let rule = format!("Member must be from 1 to {MAX_RECORDS}");
        return Err(KinesisError::Validation(format!("Value at 'limit' failed to satisfy constraint: {rule}")));
    }
    let ShardIterator { shard_id, position } = ShardIterator::of_token(stream, &request.shard_iterator)?;
    let unread = stream.read(&shard_id, position, usize::MAX).map_err(unknown_shard)?;
    let read = fitting(&unread, limit);
    let position = position + read.len();
    let behind = match unread.get(read.len()) {
        Some(next) => now.duration_since(next.approximate_arrival).unwrap_or_default(),
        None => Duration::ZERO,
    };
    let closed = stream.shards().iter().any(|shard| shard.id == shard_id && shard.is_closed());
    let ended = closed && read.len() == unread.len();
    let records: Vec<_> = read.iter().map(describe).collect();
    let mut answer = json!({
        "Records": records,
        "MillisBehindLatest": u64::try_from(behind.as_millis()).unwrap_or(u64::MAX),
    });
    if let (false, Some(answer)) = (ended, answer.as_object_mut()) {
        answer.insert("NextShardIterator".to_owned(), json!(ShardIterator { shard_id, position }.token()));
    }
    Ok(answer)
}

/// The records of one answer: the first always, the others as far as both limits allow.
fn fitting(unread: &[StreamRecord], limit: usize) -> &[StreamRecord] {
    let mut bytes = 0;
    let fits = unread.iter().take(limit).enumerate().take_while(|(index, record)| {
        bytes += record.data.len();
        *index == 0 || bytes <= MAX_BYTES
    });
    let count = fits.count();
    unread.get(..count).unwrap_or(unread)
}

fn describe(record: &StreamRecord) -> Value {
    let arrival = record.approximate_arrival.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    json!({
        "SequenceNumber": record.sequence_number.as_str(),
        "PartitionKey": &*record.partition_key,
        "Data": base64_simd::STANDARD.encode_to_string(&record.data),
        "ApproximateArrivalTimestamp": arrival.as_secs_f64(),
    })
}

fn position_of(records: &[StreamRecord], number: &str) -> Result<usize, KinesisError> {
    records.iter().position(|record| record.sequence_number.as_str() == number).ok_or_else(|| {
        KinesisError::InvalidArgument(format!("The shard has no record with the sequence number {number}."))
    })
}

fn unknown_shard(error: StreamError) -> KinesisError {
    KinesisError::ResourceNotFound(error.to_string())
}
