//! Where records go, and whether they are where consumers will read them.

use std::sync::Arc;

use super::Schedule;
use super::queues::queues_of;
use super::request::Member;
use super::settle::Fate;
use super::slot::State;
use crate::kinesis::error::{UnknownCause, WriteError};
use crate::kinesis::record::Receipt;
use crate::kinesis::service::RecordDistribution;
use crate::kinesis::shard_map::{Shard, ShardMap};
use crate::records::{HashKey, SequenceNumber};

/// An aggregate that is written. Where it landed decides what it is worth.
///
/// The Kinesis Client Library takes an aggregate apart only as long as each user record's hash key is within the range of the shard that it
/// was read from; at the first one that is not, it discards the whole aggregate, without a word.
/// <https://github.com/awslabs/amazon-kinesis-client/blob/master/amazon-kinesis-client/src/main/java/software/amazon/kinesis/retrieval/AggregatorUtil.java>
pub(super) struct WrittenAggregate {
    members: Vec<Member>,
    shard_id: Arc<str>,
    sequence_number: SequenceNumber,
    /// Whether it is where all its members belong, by the shard map of the time it was written.
    was_at_home: bool,
}

impl Schedule<'_> {
    /// The queue of a record of the call.
    pub(super) fn shard_for(&self, index: usize, hash_key: HashKey) -> usize {
        match self.map.distribution {
            // Kinesis spreads the records over all shards; so does the pace.
            RecordDistribution::ByService => index % self.map.shards().len().max(1),
            RecordDistribution::ByPartitionKey | RecordDistribution::Unknown => self.map.index_of(hash_key),
        }
    }

    /// Whether the stream chooses the shard by something else than the hash key.
    pub(super) fn goes_by_other_than_keys(&self) -> bool {
        self.keys_do_not_decide || self.map.distribution == RecordDistribution::ByService
    }

    /// Goes on with a new shard map: every record that is not under way is bound for its shard anew.
    pub(in super::super) fn on_map(&mut self, map: Arc<ShardMap>) {
        self.map_is_stale = false;
        self.map_is_fresh = true;
        let old_queues = std::mem::replace(&mut self.queues, queues_of(&map));
        self.map = map;
        self.cursor = 0;
        for index in 0..self.slots.len() {
            if !self.slots[index].is_finished() {
                self.slots[index].shard = self.shard_for(index, self.slots[index].hash_key);
            }
        }
        for head in old_queues.iter().flat_map(|queue| &queue.ready) {
            self.enqueue(*head);
        }
        self.settle_held();
    }

    /// Goes on with the old shard map, which still decides the pace, but not what may share an aggregate. The next result from an
    /// unexpected shard asks again.
    pub(in super::super) fn on_map_unavailable(&mut self) {
        self.map_is_stale = false;
        self.map_is_fresh = false;
        self.settle_held();
    }

    /// The entry of `members` is in the shard `shard_id`.
    pub(super) fn on_written(&mut self, members: &[Member], shard_id: String, sequence_number: SequenceNumber) {
        let Some(first) = members.first().map(|member| self.slots[member.index].hash_key) else { return };
        let predicted = self.map.shard_of(first).filter(|shard| *shard.id == *shard_id);
        let as_predicted = predicted.is_some();
        let known = predicted.or_else(|| self.map.shard_by_id(&shard_id)).map(|shard| Arc::clone(&shard.id));
        let shard_id = known.unwrap_or_else(|| shard_id.into());
        self.map_is_stale |= !as_predicted && !self.goes_by_other_than_keys();
        let needs_judgement = members.len() > 1 && !(as_predicted && self.are_alike(members));
        if !needs_judgement {
            return self.acknowledge(members, &shard_id, &sequence_number);
        }
        // Another entry of the same response may show that the map is stale.
        for member in members {
            self.slots[member.index].state = State::Held;
        }
        let was_at_home = self.map.shard_by_id(&shard_id).is_some_and(|shard| self.are_taken_by(shard, members));
        self.held.push(WrittenAggregate { members: members.to_vec(), shard_id, sequence_number, was_at_home });
    }

    /// Judges the aggregates that were held by the shard map as it is now. One that the KCL would discard is sent again whole, not only
    /// its misplaced members.
    pub(super) fn settle_held(&mut self) {
        for aggregate in std::mem::take(&mut self.held) {
            if self.is_at_home(&aggregate) {
                self.acknowledge(&aggregate.members, &aggregate.shard_id, &aggregate.sequence_number);
            } else {
                self.send_misplaced_again(&aggregate.members);
            }
        }
        self.enqueue_returned();
    }

    fn is_at_home(&mut self, aggregate: &WrittenAggregate) -> bool {
        let Some(first) = aggregate.members.first().map(|member| self.slots[member.index].hash_key) else {
            return true;
        };
        let alike = self.are_alike(&aggregate.members);
        match self.map.shard_by_id(&aggregate.shard_id) {
            // An old map is no witness; only that Kinesis puts what has one hash key where it belongs.
            _ if !self.map_is_fresh && !self.goes_by_other_than_keys() => alike,
            Some(shard) => {
                self.keys_do_not_decide |= !shard.takes(first);
                self.are_taken_by(shard, &aggregate.members)
            }
            // The shard was closed since, and had the range that it had: resharding makes new shards.
            None => aggregate.was_at_home || (alike && !self.goes_by_other_than_keys()),
        }
    }

    fn are_taken_by(&self, shard: &Shard, members: &[Member]) -> bool {
        members.iter().all(|member| shard.takes(self.slots[member.index].hash_key))
    }

    fn are_alike(&self, members: &[Member]) -> bool {
        let mut hash_keys = members.iter().map(|member| self.slots[member.index].hash_key);
        hash_keys.next().is_none_or(|first| hash_keys.all(|other| other == first))
    }

    fn acknowledge(&mut self, members: &[Member], shard_id: &Arc<str>, sequence_number: &SequenceNumber) {
        let aggregated = members.len() > 1;
        self.settle(members, |slot, position| {
            Fate::Acknowledged(Receipt {
                shard_id: Arc::clone(shard_id),
                sequence_number: sequence_number.clone(),
                sub_sequence_number: aggregated.then(|| u32::try_from(position).unwrap_or(u32::MAX)),
                attempts: slot.attempts,
                possibly_duplicated: slot.perhaps_written.is_some(),
            })
        });
    }

    fn send_misplaced_again(&mut self, members: &[Member]) {
        let refused = self.refused.clone();
        let max_attempts = self.settings.retry.max_attempts.get();
        self.settle(members, |slot, _| {
            slot.perhaps_written = Some(UnknownCause::Misplaced);
            slot.misplacements += 1;
            match &refused {
                Some(source) => Fate::Failed(WriteError::Refused(Arc::clone(source))),
                None if slot.attempts >= max_attempts => Fate::Failed(WriteError::Failed),
                None => Fate::SendAgain { not_before: None },
            }
        });
    }
}
