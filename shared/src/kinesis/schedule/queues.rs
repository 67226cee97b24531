//! The records that can be sent, by shard.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::Schedule;
use crate::kinesis::shard_map::{Shard, ShardMap};

/// The lane heads bound for one shard.
pub(super) struct ShardQueue {
    pub(super) shard: Arc<Shard>,
    pub(super) ready: VecDeque<usize>,
    /// The sizes of `ready` together.
    pub(super) ready_bytes: u64,
    /// The shard has no tokens, or is backed off from, until then.
    pub(super) idle_until: Option<Instant>,
    /// What the results that are just being read say about the shard.
    pub(super) seen: SeenResults,
}

#[derive(Clone, Copy, Default)]
pub(super) struct SeenResults {
    pub(super) written: bool,
    pub(super) throttled: bool,
}

impl Schedule<'_> {
    /// Puts a lane's head at the end of its shard's queue, or aside if it is beyond the limit.
    pub(super) fn enqueue(&mut self, head: usize) {
        if head >= self.prefix.limit() {
            return self.prefix.withhold(head);
        }
        let slot = &self.slots[head];
        let queue = &mut self.queues[slot.shard];
        queue.ready.push_back(head);
        queue.ready_bytes += slot.size();
    }

    /// Puts the returned lane heads back, before those that have not been sent yet.
    pub(super) fn enqueue_returned(&mut self) {
        while let Some(head) = self.returned.pop() {
            let slot = &self.slots[head];
            let queue = &mut self.queues[slot.shard];
            queue.ready.push_front(head);
            queue.ready_bytes += slot.size();
        }
    }

    pub(super) fn release_delayed(&mut self, now: Instant) {
        while let Some(Reverse((at, head))) = self.delayed.peek().copied() {
            if at > now {
                break;
            }
            self.delayed.pop();
            self.enqueue(head);
        }
    }
}

pub(super) fn queues_of(map: &ShardMap) -> Vec<ShardQueue> {
    let queue = |shard: &Arc<Shard>| ShardQueue {
        shard: Arc::clone(shard),
        ready: VecDeque::new(),
        ready_bytes: 0,
        idle_until: None,
        seen: SeenResults::default(),
    };
    map.shards().iter().map(queue).collect()
}
