//! The stream itself.

use std::sync::Mutex;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;
use warmkeys::batch::SequenceNumber;

use super::hash_key::{HashKeyRange, hash_key};
use super::shard::{Shard, ShardDescription, ShardId, StreamRecord};
use crate::unpoisoned::lock;

/// A stream in memory. Records stay until it is dropped.
#[derive(Debug)]
pub struct InMemoryStream {
    arn: String,
    /// Guards the shards and their records; never held across an await.
    state: Mutex<State>,
    /// Rises with every put and every split, so that readers can wait for one.
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    shards: Vec<Shard>,
    records_put: u64,
}

/// Where a record was put.
#[derive(Clone, Debug)]
pub struct PutReceipt {
    /// The shard.
    pub shard_id: ShardId,
    /// The place in it.
    pub sequence_number: SequenceNumber,
}

/// Why a stream refused a request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// No such shard.
    #[error("the stream has no shard {0}")]
    UnknownShard(ShardId),
    /// The shard is closed, or the hash key would leave one half empty.
    #[error("shard {0} cannot be split there")]
    NotSplittable(ShardId),
}

impl InMemoryStream {
    /// A stream with `shards` open shards of equal width (at least one).
    #[must_use]
    pub fn new(name: &str, shards: u32) -> Self {
        let shards = HashKeyRange::divide_evenly(shards)
            .into_iter()
            .enumerate()
            .map(|(number, hash_keys)| Shard::new(number, hash_keys, None))
            .collect();
        Self {
            arn: format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}"),
            state: Mutex::new(State { shards, records_put: 0 }),
            version: watch::Sender::new(0),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Puts a record into the open shard whose range holds `explicit_hash_key`, or else the hash of `partition_key`.
    pub fn put(
        &self,
        partition_key: &str,
        explicit_hash_key: Option<u128>,
        data: Bytes,
        now: SystemTime,
    ) -> PutReceipt {
        let hash_key = explicit_hash_key.unwrap_or_else(|| hash_key(partition_key));
        let receipt = {
            let mut state = lock(&self.state);
            state.records_put += 1;
            let sequence_number = sequence_number(state.records_put);
            let shard = open_shard(&mut state.shards, hash_key);
            shard.records.push(StreamRecord {
                sequence_number: sequence_number.clone(),
                partition_key: partition_key.into(),
                data,
                approximate_arrival: now,
            });
            PutReceipt { shard_id: shard.description.id.clone(), sequence_number }
        };
        self.version.send_modify(|version| *version += 1);
        receipt
    }

    /// All shards, closed ones included, oldest first.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardDescription> {
        lock(&self.state).shards.iter().map(|shard| shard.description.clone()).collect()
    }

    /// At most `limit` records of a shard from the `position`th on.
    ///
    /// # Errors
    /// [`StreamError::UnknownShard`].
    pub fn read(&self, shard_id: &ShardId, position: usize, limit: usize) -> Result<Vec<StreamRecord>, StreamError> {
        let state = lock(&self.state);
        let shard = state.shards.iter().find(|shard| shard.description.id == *shard_id);
        let shard = shard.ok_or_else(|| StreamError::UnknownShard(shard_id.clone()))?;
        Ok(shard.records.iter().skip(position).take(limit).cloned().collect())
    }

    /// Closes a shard and opens two that share its hash keys, the second from `at` on.
    ///
    /// # Errors
    /// [`StreamError::UnknownShard`]; [`StreamError::NotSplittable`] if the shard is closed or one half would be empty.
    pub fn split(&self, shard_id: &ShardId, at: u128) -> Result<(), StreamError> {
        {
            let mut state = lock(&self.state);
            let number = state.shards.len();
            let parent = state.shards.iter_mut().find(|shard| shard.description.id == *shard_id);
            let parent = &mut parent.ok_or_else(|| StreamError::UnknownShard(shard_id.clone()))?.description;
            let halves = if parent.closed { None } else { parent.hash_keys.split(at) };
            let [low, high] = halves.ok_or_else(|| StreamError::NotSplittable(shard_id.clone()))?;
            parent.closed = true;
            state.shards.push(Shard::new(number, low, Some(shard_id.clone())));
            state.shards.push(Shard::new(number + 1, high, Some(shard_id.clone())));
        }
        self.version.send_modify(|version| *version += 1);
        Ok(())
    }

    /// Tells of every put and every split from now on.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

/// The open shard that takes `hash_key`. The open shards' ranges cover every hash key, so the search ends.
#[expect(clippy::expect_used, reason = "division and splits keep every hash key in exactly one open shard")]
fn open_shard(shards: &mut [Shard], hash_key: u128) -> &mut Shard {
    shards
        .iter_mut()
        .find(|shard| !shard.description.closed && shard.description.hash_keys.contains(hash_key))
        .expect("every hash key is in one open shard")
}

/// The `number`th sequence number: 56 digits, as the service's usually have.
#[expect(clippy::expect_used, reason = "56 digits are a sequence number")]
fn sequence_number(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&format!("4959033827149025660855969253836157{number:022}")).expect("56 digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn put(stream: &InMemoryStream, partition_key: &str) -> PutReceipt {
        stream.put(partition_key, None, Bytes::from_static(b"data"), NOW)
    }

    #[test]
    fn a_partition_key_stays_in_its_shard_and_in_order() {
        let stream = InMemoryStream::new("orders", 4);
        let receipts: Vec<_> = (0..10).map(|_| put(&stream, "customer-7")).collect();
        let shard_id = &receipts[0].shard_id;
        let records = stream.read(shard_id, 0, 100).unwrap();
        let read: Vec<_> = records.iter().map(|record| record.sequence_number.as_str()).collect();
        let put: Vec<_> = receipts.iter().map(|receipt| receipt.sequence_number.as_str()).collect();
        assert_eq!(read, put);
        assert!(put.iter().all(|number| number.len() == 56));
        assert!(put.is_sorted());
    }

    #[test]
    fn an_explicit_hash_key_decides_the_shard() {
        let stream = InMemoryStream::new("orders", 2);
        let low = stream.put("key", Some(0), Bytes::new(), NOW);
        let high = stream.put("key", Some(u128::MAX), Bytes::new(), NOW);
        assert_eq!([low.shard_id.as_str(), high.shard_id.as_str()], ["shardId-000000000000", "shardId-000000000001"]);
    }

    #[test]
    fn a_split_shard_takes_no_more_and_its_children_take_over() {
        let stream = InMemoryStream::new("orders", 1);
        let parent = put(&stream, "a").shard_id;
        stream.split(&parent, 1 << 127).unwrap();
        assert_eq!(stream.split(&parent, 1 << 126), Err(StreamError::NotSplittable(parent.clone())));
        let shards = stream.shards();
        assert_eq!(shards.iter().map(|shard| shard.closed).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(shards[2].parent.as_ref(), Some(&parent));
        assert_ne!(put(&stream, "a").shard_id, parent);
        assert_eq!(stream.read(&parent, 0, 10).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_put_wakes_who_waits() {
        let stream = InMemoryStream::new("orders", 1);
        let mut changes = stream.subscribe();
        put(&stream, "a");
        changes.changed().await.unwrap();
    }
}
