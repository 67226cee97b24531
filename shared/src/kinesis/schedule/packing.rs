//! Fills a request from the queues, as far as the shards' tokens and the request's limits go.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Schedule;
use super::request::{Member, Request};
use super::slot::State;
use crate::kinesis::aggregate::AggregateBuilder;
use crate::kinesis::settings::Aggregation;
use crate::kinesis::shard_pace::ShardPace;
use crate::records::UserRecord;

impl Schedule<'_> {
    /// Fills `request` from one queue after the other, beginning where the request before left off.
    pub(super) fn pack(&mut self, request: &mut Request, now: Instant) {
        let queues = self.queues.len();
        for offset in 0..queues {
            let queue = (self.cursor + offset) % queues;
            if self.queues[queue].ready.is_empty() || self.queues[queue].idle_until.is_some_and(|until| until > now) {
                continue;
            }
            if let Filled::RequestFull = self.fill_from(queue, request, now) {
                self.cursor = queue;
                return;
            }
        }
    }

    fn fill_from(&mut self, queue: usize, request: &mut Request, now: Instant) -> Filled {
        let shard = Arc::clone(&self.queues[queue].shard);
        let mut pace = shard.pace();
        self.queues[queue].idle_until = pace.backed_off_until(now);
        if self.queues[queue].idle_until.is_some() {
            return Filled::QueueDone;
        }
        while let Some(head) = self.queues[queue].ready.front().copied() {
            let size = self.slots[head].size();
            if !request.admits(self.slots[head].company) {
                return Filled::RequestFull;
            }
            let Some(request_room) = request.room().filter(|room| *room >= size) else {
                return Filled::RequestFull;
            };
            let Some(shard_room) = pace.room(now).filter(|room| *room >= size) else {
                self.queues[queue].idle_until = Some(now + self.refill_pause(queue, &mut pace, size, now));
                return Filled::QueueDone;
            };
            let bytes = self.take_entry(queue, head, request_room.min(shard_room), request);
            pace.take(bytes);
        }
        Filled::QueueDone
    }

    /// How long to leave a shard without tokens: until all that waits for it can go, or a bunch worth a request, but at least
    /// until the first record can.
    fn refill_pause(&self, queue: usize, pace: &mut ShardPace, head_size: u64, now: Instant) -> Duration {
        let queue = &self.queues[queue];
        let for_all = pace.wait_for(queue.ready.len() as u64, queue.ready_bytes, now);
        pace.wait_for(1, head_size, now).max(for_all.min(MAX_REFILL_PAUSE))
    }

    /// Moves the queue's first record into `request`, and what may travel with it, as one entry of at most `room` bytes. Returns
    /// the entry's bytes.
    fn take_entry(&mut self, queue: usize, head: usize, room: u64, request: &mut Request) -> u64 {
        self.take_head(queue, head, request);
        let data = match self.aggregation() {
            Aggregation::Off => None,
            Aggregation::SamePartitionKey => self.gather(queue, head, room, request, false),
            Aggregation::SameShard => self.gather(queue, head, room, request, true),
        };
        let record = &self.slots[head].record;
        // A lone record travels as it is: an aggregate of one would only be larger.
        let data = data.unwrap_or_else(|| record.data.clone());
        let bytes = (data.len() + record.partition_key.len()) as u64;
        request.close_entry(UserRecord { data, ..record.clone() }, bytes);
        bytes
    }

    /// How records are aggregated now. Records of several hash keys share an aggregate only while the shard map is known to be right,
    /// and none do where the stream does not go by hash keys.
    fn aggregation(&self) -> Aggregation {
        match self.settings.aggregation {
            _ if self.goes_by_other_than_keys() => Aggregation::Off,
            Aggregation::SameShard if self.map_is_stale || !self.map_is_fresh => Aggregation::SamePartitionKey,
            aggregation => aggregation,
        }
    }

    /// Takes further records into the entry that `head` has begun; the aggregate, if there were any.
    fn gather(
        &mut self,
        queue: usize,
        head: usize,
        room: u64,
        request: &mut Request,
        other_lanes: bool,
    ) -> Option<Bytes> {
        let first = &self.slots[head].record;
        let limit = self.settings.max_record_bytes.get().min(usize::try_from(room).unwrap_or(usize::MAX));
        let limit = limit.saturating_sub(first.partition_key.len()).min(self.settings.max_aggregate_bytes.get());
        // Nothing is built for a record that stays alone.
        let mut next = self.next_member(queue, head, head, other_lanes)?;
        let mut aggregate = AggregateBuilder::new(limit);
        if !aggregate.try_push(first) {
            return None;
        }
        let mut members = 1;
        while request.admits(self.slots[next.index].company) && aggregate.try_push(&self.slots[next.index].record) {
            members += 1;
            if next.follows {
                self.take_member(next, request);
            } else {
                self.take_head(queue, next.index, request);
            }
            match self.next_member(queue, head, next.index, other_lanes) {
                Some(member) => next = member,
                None => break,
            }
        }
        (members > 1).then(|| aggregate.encode())
    }

    /// The record that may join the aggregate begun by `head` behind `last`: the lane's next, else the queue's first.
    fn next_member(&self, queue: usize, head: usize, last: usize, other_lanes: bool) -> Option<Member> {
        let first = &self.slots[head];
        let may_join = |index: usize| {
            let next = &self.slots[index];
            let mixes = other_lanes && !first.keeps_to_its_hash_key() && !next.keeps_to_its_hash_key();
            next.hash_key == first.hash_key || (mixes && next.shard == queue)
        };
        let same_lane = self.successor(last).filter(|next| *next < self.prefix.limit() && may_join(*next));
        let other_lane = || self.queues[queue].ready.front().copied().filter(|next| other_lanes && may_join(*next));
        match same_lane {
            Some(index) => Some(Member { index, follows: true }),
            None => other_lane().map(|index| Member { index, follows: false }),
        }
    }

    fn take_head(&mut self, queue: usize, head: usize, request: &mut Request) {
        let queue = &mut self.queues[queue];
        queue.ready.pop_front();
        queue.ready_bytes -= self.slots[head].size();
        self.take_member(Member { index: head, follows: false }, request);
    }

    fn take_member(&mut self, member: Member, request: &mut Request) {
        let slot = &mut self.slots[member.index];
        slot.state = State::Sent(request.departure());
        slot.attempts += 1;
        request.push_member(member, slot.company);
    }
}

enum Filled {
    /// The queue is empty, or its shard is out of tokens or backed off from.
    QueueDone,
    /// The queue's first record does not fit the request any more.
    RequestFull,
}

/// Rather than a request for every token that drips in, a shard is given a bunch of records this often: at the service's rate, 20
/// records. Short beside the 50 ms that a steady load below the rate may be delayed at most.
const MAX_REFILL_PAUSE: Duration = Duration::from_millis(20);
