//! Finds the records for which Kinesis refuses whole requests: by halving, until one is refused alone.
//!
//! `PutRecords` refuses a request as a whole for one entry that it does not accept, such as one above the stream's own limit, and its
//! message does not say which. But it also refuses every request if something is wrong with all of them. So a record that was refused
//! alone is to blame only if the stream has taken others.

use std::error::Error;
use std::sync::Arc;

use super::Schedule;
use super::request::{Member, SentRequest};
use super::settle::Fate;
use super::slot::State;
use crate::kinesis::error::WriteError;

/// What is known about refused records.
pub(super) struct Refusals {
    /// Whether the stream has taken a request of this call.
    accepted: bool,
    /// Whether it had taken the last one before this call.
    accepted_before: bool,
    /// Whether a record was blamed by that alone.
    judged_by_the_past: bool,
    /// The records that were refused alone, and not yet judged.
    alone: Vec<usize>,
}

impl Refusals {
    pub(super) fn new(accepted_before: bool) -> Self {
        Self { accepted: false, accepted_before, judged_by_the_past: false, alone: Vec::new() }
    }

    /// Whether the stream takes records, as far as is known after this call.
    pub(super) fn stream_accepts(&self) -> bool {
        self.accepted || (self.accepted_before && !self.judged_by_the_past)
    }
}

impl Schedule<'_> {
    /// Kinesis does not accept the request: for one of its records, or whatever they are.
    pub(super) fn on_refused_request(&mut self, sent: &SentRequest, source: Arc<dyn Error + Send + Sync>) {
        self.give_tokens_back(sent);
        match sent.members.as_slice() {
            [member] => self.on_refused_alone(member.index, source),
            members => self.halve(members),
        }
    }

    /// A refused request uses up nothing of what a shard takes. With the tokens gone, finding one record of 10 MiB would take a minute.
    fn give_tokens_back(&mut self, sent: &SentRequest) {
        let mut start = 0;
        for (end, bytes) in sent.entry_ends.iter().zip(&sent.entry_bytes) {
            if let Some(first) = sent.members.get(start) {
                self.queues[self.slots[first.index].shard].shard.pace().give_back(*bytes);
            }
            start = *end;
        }
        for queue in &mut self.queues {
            queue.idle_until = None;
        }
    }

    fn halve(&mut self, members: &[Member]) {
        let company = (members.len() / 2).max(1);
        let refused = self.refused.clone();
        self.settle(members, |slot, _| {
            slot.company = slot.company.min(company);
            // Nobody has looked at the record on its own: it has used up none of its attempts.
            slot.attempts = slot.attempts.saturating_sub(1);
            match &refused {
                Some(source) => Fate::Failed(WriteError::Refused(Arc::clone(source))),
                None => Fate::SendAgain { not_before: None },
            }
        });
        self.enqueue_returned();
    }

    fn on_refused_alone(&mut self, index: usize, source: Arc<dyn Error + Send + Sync>) {
        if let Some(refused) = self.refused.clone() {
            return self.fail(index, WriteError::Refused(refused));
        }
        self.slots[index].state = State::RefusedAlone(Arc::clone(&source));
        self.refusals.alone.push(index);
        if self.refusals.accepted {
            self.blame_refused();
        } else if self.refusals.alone.len() >= MAX_ALONE {
            // No record is at fault: no request is taken.
            self.refusals.judged_by_the_past = true;
            self.refuse(source);
        }
    }

    /// The stream takes other records: those that were refused alone are to blame.
    pub(super) fn on_accepted(&mut self) {
        self.refusals.accepted = true;
        self.blame_refused();
    }

    fn blame_refused(&mut self) {
        for index in std::mem::take(&mut self.refusals.alone) {
            if let State::RefusedAlone(source) = &self.slots[index].state {
                let error = WriteError::Rejected(Arc::clone(source));
                self.finish(index, Err(error));
                // What can never be written holds nothing back.
                if let Some(next) = self.successor(index) {
                    self.enqueue(next);
                }
            }
        }
    }

    /// Judges the records that wait for it, at a time when nothing can be sent and nothing is under way: by what the stream did before
    /// this call, as there is nothing else. Once only, so that a stream that takes nothing any more is noticed. Tells whether there
    /// were any.
    pub(super) fn judge_refused(&mut self) -> bool {
        if self.refusals.alone.is_empty() {
            return false;
        }
        if self.refusals.stream_accepts() {
            self.refusals.judged_by_the_past = true;
            self.blame_refused();
        }
        for index in std::mem::take(&mut self.refusals.alone) {
            if let State::RefusedAlone(source) = &self.slots[index].state {
                let error = WriteError::Refused(Arc::clone(source));
                self.fail(index, error);
            }
        }
        true
    }

    /// Nothing more is sent. What is under way may still be acknowledged.
    pub(super) fn refuse(&mut self, source: Arc<dyn Error + Send + Sync>) {
        self.delayed.clear();
        self.prefix.withhold_nothing();
        self.refusals.alone.clear();
        for queue in &mut self.queues {
            queue.ready.clear();
            queue.ready_bytes = 0;
        }
        for index in 0..self.slots.len() {
            if self.slots[index].is_idle() {
                let error = self.slots[index].final_error(WriteError::Refused(Arc::clone(&source)));
                self.finish(index, Err(error));
            }
        }
        self.refused = Some(source);
    }
}

/// So many records refused one by one, and none taken, and it is not the records. More than a few, as those that are to blame may stand
/// side by side at the front.
const MAX_ALONE: usize = 10;
