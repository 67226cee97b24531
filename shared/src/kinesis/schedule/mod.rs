//! Decides what to send now and when to look again. Pure: the time and the jitter are arguments, nothing here waits.
#![expect(
    clippy::indexing_slicing,
    reason = "every index is made here: of a record when the call begins, of a queue from the shard map that made the queues"
)]

mod packing;
mod placement;
mod prefix;
mod queues;
mod refusals;
mod request;
mod results;
mod settle;
mod slot;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::error::Error;
use std::sync::Arc;

use tokio::time::Instant;

use super::error::WriteError;
use super::record::Receipt;
use super::service::RecordDistribution;
use super::settings::{Ordering, WriterSettings};
use super::shard_map::ShardMap;
use crate::records::{HashKey, UserRecord};
use crate::retry::Deadline;

use placement::WrittenAggregate;
use prefix::Prefix;
use queues::{ShardQueue, queues_of};
use refusals::Refusals;
use request::Request;
pub(super) use request::SentRequest;
use slot::{Slot, State};

/// The records of one `write` call on their way.
///
/// Records that must stay in order form a *lane*: a chain through the records, of which only the head waits in a queue or is
/// under way. Its successor is queued when it is acknowledged. Without ordering, every record is a lane of its own.
pub(super) struct Schedule<'a> {
    settings: &'a WriterSettings,
    /// What is not acknowledged by then has failed.
    expires: Deadline,
    map: Arc<ShardMap>,
    /// Whether the map is from so short a time ago that the stream cannot have been deleted and created again since.
    map_is_fresh: bool,
    /// A record landed where its hash key does not belong, by a map listed afterwards.
    keys_do_not_decide: bool,
    /// In the order of the call.
    slots: Vec<Slot>,
    /// One per shard of the map, with the same indices.
    queues: Vec<ShardQueue>,
    /// The shard that the next request is first filled from, so that all have their turn.
    cursor: usize,
    /// Lane heads that wait for a moment of their own.
    delayed: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Lane heads to be put back at the front of their queues, in order.
    returned: Vec<usize>,
    /// Nothing at all is sent until then: the request as a whole was throttled.
    paused_until: Option<Instant>,
    request_throttles_in_a_row: u32,
    /// Aggregates that wait to be judged by where they landed.
    held: Vec<WrittenAggregate>,
    map_is_stale: bool,
    prefix: Prefix,
    refusals: Refusals,
    /// Requests sent and not answered.
    under_way: usize,
    /// Why nothing more is sent.
    refused: Option<Arc<dyn Error + Send + Sync>>,
    unfinished: usize,
}

/// What to do next.
pub(super) enum Step {
    /// Send these entries, and bring the answer back together with the request.
    Send(Vec<UserRecord>, SentRequest),
    /// There is nothing to send until then, or until an answer or a new shard map comes.
    WaitUntil(Instant),
    /// There is nothing to send until an answer or a new shard map comes.
    WaitForAnswer,
    /// Every record's fate is known.
    Finished,
}

/// What is particular to one `write` call.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// What is not acknowledged by then has failed.
    pub(super) expires: Deadline,
    /// How many records may be sent from the first one on that is not written; `None` for all of them.
    pub(super) reach: Option<usize>,
    /// Whether the shard map was listed just now.
    pub(super) map_is_fresh: bool,
    /// Whether the stream has taken the last request of this writer.
    pub(super) stream_accepts: bool,
    /// Whether records were seen in other shards than their hash keys say.
    pub(super) keys_do_not_decide: bool,
}

impl<'a> Schedule<'a> {
    /// Takes in `records`; those that can never be written are finished at once.
    pub(super) fn new(records: Vec<UserRecord>, map: Arc<ShardMap>, settings: &'a WriterSettings, call: Call) -> Self {
        let mut schedule = Self {
            settings,
            expires: call.expires,
            slots: Vec::with_capacity(records.len()),
            queues: queues_of(&map),
            map,
            map_is_fresh: call.map_is_fresh,
            keys_do_not_decide: call.keys_do_not_decide,
            cursor: 0,
            delayed: BinaryHeap::new(),
            returned: Vec::new(),
            paused_until: None,
            request_throttles_in_a_row: 0,
            held: Vec::new(),
            map_is_stale: false,
            prefix: Prefix::new(call.reach),
            refusals: Refusals::new(call.stream_accepts),
            under_way: 0,
            refused: None,
            unfinished: 0,
        };
        let mut lane_tails = HashMap::new();
        for record in records {
            schedule.take_in(record, &mut lane_tails);
        }
        schedule
    }

    fn take_in(&mut self, record: UserRecord, lane_tails: &mut HashMap<HashKey, usize>) {
        let index = self.slots.len();
        let hash_key = match record.hash_key(self.settings.max_record_bytes) {
            Ok(hash_key) => hash_key,
            Err(error) => {
                self.prefix.ends_at(index);
                return self.slots.push(Slot::unwritable(record, error));
            }
        };
        let predecessor = match self.settings.ordering {
            Ordering::None => None,
            Ordering::PerPartitionKey => {
                // Two partition keys with one MD5 would share a lane, which only orders more than need be.
                let lane = match record.explicit_hash_key {
                    Some(_) => HashKey::of_partition_key(&record.partition_key),
                    None => hash_key,
                };
                lane_tails.insert(lane, index)
            }
        };
        let shard = self.shard_for(index, hash_key);
        self.slots.push(Slot::waiting(record, hash_key, shard));
        self.unfinished += 1;
        match predecessor {
            Some(predecessor) => self.slots[predecessor].next_in_lane = Some(index),
            None => self.enqueue(index),
        }
    }

    /// What to do at `now`.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        self.advance();
        if self.is_finished() {
            return Step::Finished;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Step::WaitUntil(until);
        }
        self.release_delayed(now);
        let mut request = Request::at(now);
        self.pack(&mut request, now);
        if let Some((entries, sent)) = request.finish() {
            self.under_way += 1;
            return Step::Send(entries, sent);
        }
        let refills = self.queues.iter().filter(|queue| !queue.ready.is_empty()).filter_map(|queue| queue.idle_until);
        let delays = self.delayed.peek().map(|Reverse((at, _))| *at);
        match refills.chain(delays).min() {
            Some(at) => Step::WaitUntil(at),
            None if self.under_way == 0 && self.held.is_empty() && self.judge_refused() => self.next(now),
            None => Step::WaitForAnswer,
        }
    }

    /// Whether every record's fate is known.
    pub(super) fn is_finished(&self) -> bool {
        self.unfinished == 0
    }

    /// Whether the stream takes records of this writer, as far as is known now.
    pub(super) fn stream_accepts(&self) -> bool {
        self.refusals.stream_accepts()
    }

    /// Whether records are in other shards than their hash keys say, and the stream does not say how it distributes them.
    pub(super) fn has_seen_other_shards(&self) -> bool {
        self.keys_do_not_decide && self.map.distribution == RecordDistribution::Unknown
    }

    /// Whether a result has shown that the shard map is out of date.
    pub(super) fn map_is_stale(&self) -> bool {
        self.map_is_stale
    }

    /// The version of the shard map in use.
    pub(super) fn map_version(&self) -> u64 {
        self.map.version
    }

    /// What became of every record, in the order of the call. Whatever is unfinished has run out of time.
    pub(super) fn into_results(self) -> Vec<Result<Receipt, WriteError>> {
        self.slots.into_iter().map(Slot::into_result).collect()
    }

    /// The next unfinished record of the lane that `index` belongs to.
    fn successor(&self, index: usize) -> Option<usize> {
        let mut next = self.slots[index].next_in_lane;
        while let Some(index) = next.filter(|index| self.slots[*index].is_finished()) {
            next = self.slots[index].next_in_lane;
        }
        next
    }

    fn finish(&mut self, index: usize, result: Result<Receipt, WriteError>) {
        if result.is_err() {
            self.prefix.ends_at(index);
        }
        self.slots[index].state = State::Finished(result);
        self.unfinished -= 1;
    }

    /// Finishes a record with `error`, and with it the records of its lane that wait behind it.
    fn fail(&mut self, index: usize, error: WriteError) {
        let error = self.slots[index].final_error(error);
        self.finish(index, Err(error));
        let mut next = self.slots[index].next_in_lane;
        while let Some(behind) = next {
            if self.slots[behind].is_waiting() {
                let error = self.slots[behind].final_error(WriteError::EarlierRecordFailed { index });
                self.finish(behind, Err(error));
            }
            next = self.slots[behind].next_in_lane;
        }
    }
}
