//! Decides what to send now and when to look again. Pure: the time and the jitter are arguments, nothing here waits.
#![expect(
    clippy::indexing_slicing,
    reason = "every index is made here: of a record when the call begins, of a queue from the shard map that made the queues"
)]

mod packing;
mod request;
mod results;
mod settle;
mod slot;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::error::Error;
use std::sync::Arc;

use tokio::time::Instant;

use super::error::WriteError;
use super::record::Receipt;
use super::settings::{Ordering, WriterSettings};
use super::shard_map::{Shard, ShardMap};
use crate::records::{HashKey, SequenceNumber, UserRecord};
use crate::retry::Deadline;

pub(super) use request::SentRequest;
use request::{Member, Request};
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
    /// Aggregates in shards that the map does not know.
    held: Vec<HeldAggregate>,
    map_is_stale: bool,
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

/// The lane heads bound for one shard.
struct ShardQueue {
    shard: Arc<Shard>,
    ready: VecDeque<usize>,
    /// The sizes of `ready` together.
    ready_bytes: u64,
    /// The shard has no tokens, or is backed off from, until then.
    idle_until: Option<Instant>,
    /// What the results that are just being read say about the shard.
    seen: SeenResults,
}

#[derive(Clone, Copy, Default)]
struct SeenResults {
    written: bool,
    throttled: bool,
}

/// An aggregate that is written, but of which a new shard map must tell whether its records are where they belong.
struct HeldAggregate {
    members: Vec<Member>,
    shard_id: Arc<str>,
    sequence_number: SequenceNumber,
}

impl<'a> Schedule<'a> {
    /// Takes in `records`; those that can never be written are finished at once.
    pub(super) fn new(
        records: Vec<UserRecord>,
        map: Arc<ShardMap>,
        settings: &'a WriterSettings,
        expires: Deadline,
    ) -> Self {
        let mut schedule = Self {
            settings,
            expires,
            slots: Vec::with_capacity(records.len()),
            queues: queues_of(&map),
            map,
            cursor: 0,
            delayed: BinaryHeap::new(),
            returned: Vec::new(),
            paused_until: None,
            request_throttles_in_a_row: 0,
            held: Vec::new(),
            map_is_stale: false,
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
            Err(error) => return self.slots.push(Slot::unwritable(record, error)),
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
        self.slots.push(Slot::waiting(record, hash_key, self.map.index_of(hash_key)));
        self.unfinished += 1;
        match predecessor {
            Some(predecessor) => self.slots[predecessor].next_in_lane = Some(index),
            None => self.enqueue(index),
        }
    }

    /// What to do at `now`.
    pub(super) fn next(&mut self, now: Instant) -> Step {
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
            return Step::Send(entries, sent);
        }
        let refills = self.queues.iter().filter(|queue| !queue.ready.is_empty()).filter_map(|queue| queue.idle_until);
        let delays = self.delayed.peek().map(|Reverse((at, _))| *at);
        refills.chain(delays).min().map_or(Step::WaitForAnswer, Step::WaitUntil)
    }

    /// Whether every record's fate is known.
    pub(super) fn is_finished(&self) -> bool {
        self.unfinished == 0
    }

    /// Whether a result has shown that the shard map is out of date.
    pub(super) fn map_is_stale(&self) -> bool {
        self.map_is_stale
    }

    /// The version of the shard map in use.
    pub(super) fn map_version(&self) -> u64 {
        self.map.version
    }

    /// Goes on with a new shard map: every record that is not under way is bound for its shard anew.
    pub(super) fn on_map(&mut self, map: Arc<ShardMap>) {
        self.map_is_stale = false;
        let old_queues = std::mem::replace(&mut self.queues, queues_of(&map));
        self.map = map;
        self.cursor = 0;
        for slot in &mut self.slots {
            if !slot.is_finished() {
                slot.shard = self.map.index_of(slot.hash_key);
            }
        }
        for head in old_queues.iter().flat_map(|queue| &queue.ready) {
            self.enqueue(*head);
        }
        self.settle_held();
    }

    /// Goes on with the old shard map: it only decides the pace. The next result from an unexpected shard asks again.
    pub(super) fn on_map_unavailable(&mut self) {
        self.map_is_stale = false;
        self.settle_held();
    }

    /// What became of every record, in the order of the call. Whatever is unfinished has run out of time.
    pub(super) fn into_results(self) -> Vec<Result<Receipt, WriteError>> {
        self.slots.into_iter().map(Slot::into_result).collect()
    }

    /// Puts a lane's head at the end of its shard's queue.
    fn enqueue(&mut self, head: usize) {
        let slot = &self.slots[head];
        let queue = &mut self.queues[slot.shard];
        queue.ready.push_back(head);
        queue.ready_bytes += slot.size();
    }

    /// Puts the returned lane heads back, before those that have not been sent yet.
    fn enqueue_returned(&mut self) {
        while let Some(head) = self.returned.pop() {
            let slot = &self.slots[head];
            let queue = &mut self.queues[slot.shard];
            queue.ready.push_front(head);
            queue.ready_bytes += slot.size();
        }
    }

    fn release_delayed(&mut self, now: Instant) {
        while let Some(Reverse((at, head))) = self.delayed.peek().copied() {
            if at > now {
                break;
            }
            self.delayed.pop();
            self.enqueue(head);
        }
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

fn queues_of(map: &ShardMap) -> Vec<ShardQueue> {
    let queue = |shard: &Arc<Shard>| ShardQueue {
        shard: Arc::clone(shard),
        ready: VecDeque::new(),
        ready_bytes: 0,
        idle_until: None,
        seen: SeenResults::default(),
    };
    map.shards().iter().map(queue).collect()
}
