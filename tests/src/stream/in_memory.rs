//! The stream itself.

use std::sync::Mutex;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;
use warmkeys::records::SequenceNumber;

use super::hash_key::{HashKeyRange, hash_key};
use super::shard::{Shard, ShardDescription, ShardId, StreamRecord};
use crate::unpoisoned::lock;

/// A stream in memory. Records stay until it is dropped.
#[derive(Debug)]
pub struct InMemoryStream {
    arn: String,
    /// Guards the shards and their records; never held across an await.
    state: Mutex<State>,
    /// Rises with every put and every resharding, so that readers can wait for one.
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    shards: Vec<Shard>,
    sequence_numbers_given: u64,
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
    /// One of the shards is closed, or they are no neighbours.
    #[error("shards {0} and {1} cannot be merged")]
    NotMergeable(ShardId, ShardId),
}

impl InMemoryStream {
    /// A stream with `shards` open shards of equal width (at least one).
    #[must_use]
    pub fn new(name: &str, shards: u32) -> Self {
        let shards = HashKeyRange::divide_evenly(shards)
            .into_iter()
            .enumerate()
            .map(|(number, hash_keys)| Shard::new(number, hash_keys, [None, None], sequence_number(0)))
            .collect();
        Self {
            arn: format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}"),
            state: Mutex::new(State { shards, sequence_numbers_given: 0 }),
            version: watch::Sender::new(0),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
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
        let receipt = lock(&self.state).append(hash_key, partition_key, data, now);
        self.tell_readers();
        receipt
    }

    /// The same, if `admit` allows it for the record's shard; it is asked while no other record is put and nothing resharded.
    ///
    /// # Errors
    /// The shard, if `admit` did not allow it.
    pub fn put_if(
        &self,
        partition_key: &str,
        explicit_hash_key: Option<u128>,
        data: Bytes,
        now: SystemTime,
        admit: impl FnOnce(&ShardId) -> bool,
    ) -> Result<PutReceipt, ShardId> {
        let hash_key = explicit_hash_key.unwrap_or_else(|| hash_key(partition_key));
        let receipt = {
            let mut state = lock(&self.state);
            let shard_id = open_shard(&mut state.shards, hash_key).description.id.clone();
            if !admit(&shard_id) {
                return Err(shard_id);
            }
            state.append(hash_key, partition_key, data, now)
        };
        self.tell_readers();
        Ok(receipt)
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
            let parent = state.find(shard_id)?;
            let halves = if parent.is_closed() { None } else { parent.hash_keys.split(at) };
            let [low, high] = halves.ok_or_else(|| StreamError::NotSplittable(shard_id.clone()))?;
            state.reshard(&[shard_id], &[low, high]);
        }
        self.tell_readers();
        Ok(())
    }

    /// Closes two neighbours and opens one that has the hash keys of both.
    ///
    /// # Errors
    /// [`StreamError::UnknownShard`]; [`StreamError::NotMergeable`] if one is closed or they are no neighbours.
    pub fn merge(&self, one: &ShardId, other: &ShardId) -> Result<(), StreamError> {
        {
            let mut state = lock(&self.state);
            let (mut lower, mut upper) = (state.find(one)?, state.find(other)?);
            if lower.hash_keys.starting > upper.hash_keys.starting {
                std::mem::swap(&mut lower, &mut upper);
            }
            let open = !lower.is_closed() && !upper.is_closed();
            let joined = if open { lower.hash_keys.join(upper.hash_keys) } else { None };
            let joined = joined.ok_or_else(|| StreamError::NotMergeable(one.clone(), other.clone()))?;
            let parents = [lower.id.clone(), upper.id.clone()];
            state.reshard(&parents.each_ref(), &[joined]);
        }
        self.tell_readers();
        Ok(())
    }

    /// Tells of every put and every resharding from now on.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn tell_readers(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

impl State {
    fn find(&self, shard_id: &ShardId) -> Result<&ShardDescription, StreamError> {
        let shard = self.shards.iter().find(|shard| shard.description.id == *shard_id);
        shard.map(|shard| &shard.description).ok_or_else(|| StreamError::UnknownShard(shard_id.clone()))
    }

    fn append(&mut self, hash_key: u128, partition_key: &str, data: Bytes, now: SystemTime) -> PutReceipt {
        let sequence_number = self.next_sequence_number();
        let shard = open_shard(&mut self.shards, hash_key);
        shard.records.push(StreamRecord {
            sequence_number: sequence_number.clone(),
            partition_key: partition_key.into(),
            data,
            approximate_arrival: now,
        });
        PutReceipt { shard_id: shard.description.id.clone(), sequence_number }
    }

    /// Closes `parents` (one or two) and opens a child for each of `ranges`, which together are theirs.
    fn reshard(&mut self, parents: &[&ShardId], ranges: &[HashKeyRange]) {
        let ending = self.next_sequence_number();
        for shard in &mut self.shards {
            if parents.contains(&&shard.description.id) {
                shard.description.ending_sequence_number = Some(ending.clone());
            }
        }
        let starting = self.next_sequence_number();
        let parents = [parents.first(), parents.get(1)].map(|parent| parent.copied().cloned());
        for range in ranges {
            let number = self.shards.len();
            self.shards.push(Shard::new(number, *range, parents.clone(), starting.clone()));
        }
    }

    fn next_sequence_number(&mut self) -> SequenceNumber {
        self.sequence_numbers_given += 1;
        sequence_number(self.sequence_numbers_given)
    }
}

/// The open shard that takes `hash_key`. The open shards' ranges cover every hash key, so the search ends.
#[expect(clippy::expect_used, reason = "division, splits and merges keep every hash key in exactly one open shard")]
fn open_shard(shards: &mut [Shard], hash_key: u128) -> &mut Shard {
    shards
        .iter_mut()
        .find(|shard| !shard.description.is_closed() && shard.description.hash_keys.contains(hash_key))
        .expect("every hash key is in one open shard")
}

/// The `number`th sequence number: 56 digits, as the service's usually have.
#[expect(clippy::expect_used, reason = "56 digits are a sequence number")]
fn sequence_number(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&format!("4959033827149025660855969253836157{number:022}")).expect("56 digits")
}

#[cfg(test)]
mod tests;
