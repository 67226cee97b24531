//! Takes in the answer to a request: every record of it is acknowledged, sent again or given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::request::{Member, SentRequest};
use super::settle::Fate;
use super::slot::State;
use super::{HeldAggregate, Schedule, SeenResults};
use crate::failure::FailureClass;
use crate::kinesis::error::{PutRecordsError, UnknownCause, WriteError};
use crate::kinesis::record::Receipt;
use crate::kinesis::service::{EntryFailure, EntryResult};
use crate::kinesis::settings::OnUnknownOutcome;
use crate::records::SequenceNumber;
use crate::retry::Decision;

impl Schedule<'_> {
    /// The request was answered entry by entry: "the response Records array always includes the same number of records as the
    /// request array", in the same order. The count of failures is not looked at: each result speaks for itself.
    pub(in super::super) fn on_results(
        &mut self,
        sent: &SentRequest,
        results: Vec<EntryResult>,
        now: Instant,
        jitter: f64,
    ) {
        if results.len() != sent.entry_ends.len() {
            let cause = UnknownCause::WrongResultCount { entries: sent.entry_ends.len(), results: results.len() };
            return self.on_unknown(sent, &cause, now, jitter);
        }
        self.request_throttles_in_a_row = 0;
        let mut touched = Vec::new();
        let mut start = 0;
        for (end, result) in sent.entry_ends.iter().zip(results) {
            let members = &sent.members[start..*end];
            start = *end;
            self.on_entry(members, result, &mut touched, now, jitter);
        }
        self.pace_shards(&touched, sent.sent_at, now, jitter);
        self.enqueue_returned();
    }

    /// The request failed as a whole.
    pub(in super::super) fn on_error(&mut self, sent: &SentRequest, error: PutRecordsError, now: Instant, jitter: f64) {
        match error {
            PutRecordsError::Throttled(_) => {
                self.request_throttles_in_a_row += 1;
                self.paused_until = Some(now + self.backoff(self.request_throttles_in_a_row, jitter));
                self.send_again(&sent.members, FailureClass::Throttled, now, jitter);
                self.enqueue_returned();
            }
            PutRecordsError::Refused(source) => {
                self.refuse(Arc::clone(&source));
                self.fail_all(&sent.members, &WriteError::Refused(source));
            }
            PutRecordsError::Invalid(source) => self.fail_all(&sent.members, &WriteError::Refused(source)),
            PutRecordsError::NotSent(_) => {
                self.send_again(&sent.members, FailureClass::Transient, now, jitter);
                self.enqueue_returned();
            }
            PutRecordsError::OutcomeUnknown(source) => {
                self.on_unknown(sent, &UnknownCause::Failed(source), now, jitter);
            }
        }
    }

    /// Nobody knows what became of the request.
    pub(in super::super) fn on_unknown(&mut self, sent: &SentRequest, cause: &UnknownCause, now: Instant, jitter: f64) {
        self.perhaps_written(&sent.members, cause, now, jitter);
        self.enqueue_returned();
    }

    fn on_entry(
        &mut self,
        members: &[Member],
        result: EntryResult,
        touched: &mut Vec<usize>,
        now: Instant,
        jitter: f64,
    ) {
        let Some(first) = members.first().map(|member| &self.slots[member.index]) else { return };
        let queue = first.shard;
        match result {
            EntryResult::Written { shard_id, sequence_number } => {
                self.seen(queue, touched).written = true;
                self.on_written(members, shard_id, sequence_number);
            }
            EntryResult::Failed { failure: EntryFailure::Throttled, shard_id } => {
                self.seen(queue, touched).throttled = true;
                // A throttle that names another shard than predicted gives the stale map away.
                self.map_is_stale |= shard_id.is_some_and(|shard_id| *shard_id != *self.queues[queue].shard.id);
                self.send_again(members, FailureClass::Throttled, now, jitter);
            }
            EntryResult::Failed { failure: EntryFailure::Internal, .. } => {
                self.send_again(members, FailureClass::Transient, now, jitter);
            }
            EntryResult::Unreadable => {
                self.perhaps_written(members, &UnknownCause::UnreadableResult, now, jitter);
            }
        }
    }

    fn seen(&mut self, queue: usize, touched: &mut Vec<usize>) -> &mut SeenResults {
        let seen = &mut self.queues[queue].seen;
        if !seen.any() {
            touched.push(queue);
        }
        seen
    }

    fn on_written(&mut self, members: &[Member], shard_id: String, sequence_number: SequenceNumber) {
        let Some(first) = members.first().map(|member| self.slots[member.index].hash_key) else { return };
        let predicted = self.map.shard_of(first).filter(|shard| *shard.id == *shard_id);
        self.map_is_stale |= predicted.is_none();
        let known = predicted.or_else(|| self.map.shard_by_id(&shard_id)).map(|shard| Arc::clone(&shard.id));
        let alike = members.iter().all(|member| self.slots[member.index].hash_key == first);
        match known {
            None if !alike => {
                for member in members {
                    self.slots[member.index].state = State::Held;
                }
                self.held.push(HeldAggregate { members: members.to_vec(), shard_id: shard_id.into(), sequence_number });
            }
            known => {
                let shard_id = known.unwrap_or_else(|| shard_id.into());
                self.acknowledge(members, &shard_id, &sequence_number);
            }
        }
    }

    /// Judges the held aggregates by the shard map as it is now.
    pub(super) fn settle_held(&mut self) {
        for aggregate in std::mem::take(&mut self.held) {
            self.acknowledge(&aggregate.members, &aggregate.shard_id, &aggregate.sequence_number);
        }
        self.enqueue_returned();
    }

    /// The entry is in the shard `shard_id`. Records of an aggregate that belong to another shard are sent again, because
    /// the Kinesis Client Library discards user records whose hash key its shard does not take.
    fn acknowledge(&mut self, members: &[Member], shard_id: &Arc<str>, sequence_number: &SequenceNumber) {
        let Some(first) = members.first().map(|member| self.slots[member.index].hash_key) else { return };
        let aggregated = members.len() > 1;
        let shard = if aggregated { self.map.shard_by_id(shard_id).cloned() } else { None };
        let refused = self.refused.clone();
        self.settle(members, |slot, position| {
            let at_home = slot.hash_key == first || shard.as_ref().is_some_and(|shard| shard.takes(slot.hash_key));
            if at_home {
                return Fate::Acknowledged(Receipt {
                    shard_id: Arc::clone(shard_id),
                    sequence_number: sequence_number.clone(),
                    sub_sequence_number: aggregated.then(|| u32::try_from(position).unwrap_or(u32::MAX)),
                    attempts: slot.attempts,
                    possibly_duplicated: slot.perhaps_written.is_some(),
                });
            }
            slot.perhaps_written = Some(UnknownCause::Misplaced);
            match &refused {
                Some(source) => Fate::Failed(WriteError::Refused(Arc::clone(source))),
                None => Fate::SendAgain { not_before: None },
            }
        });
    }

    /// The entry is certainly not written.
    fn send_again(&mut self, members: &[Member], class: FailureClass, now: Instant, jitter: f64) {
        let (retry, remaining) = (&self.settings.retry, self.expires.remaining(now));
        let refused = self.refused.clone();
        self.settle(members, |slot, _| {
            slot.throttled = class == FailureClass::Throttled;
            if let Some(source) = &refused {
                return Fate::Failed(WriteError::Refused(Arc::clone(source)));
            }
            match retry.decide(slot.attempts, class, remaining, jitter) {
                // The shard's own backoff, or the pause of all requests, holds a throttled record back.
                Decision::RetryAfter(_) if slot.throttled => Fate::SendAgain { not_before: None },
                Decision::RetryAfter(delay) => Fate::SendAgain { not_before: Some(now + delay) },
                Decision::GiveUp(_) if slot.throttled => Fate::Failed(WriteError::Throttled),
                Decision::GiveUp(_) => Fate::Failed(WriteError::Failed),
            }
        });
    }

    /// The entry may be written.
    fn perhaps_written(&mut self, members: &[Member], cause: &UnknownCause, now: Instant, jitter: f64) {
        match self.settings.on_unknown_outcome {
            OnUnknownOutcome::Report => self.fail_all(members, &WriteError::OutcomeUnknown(cause.clone())),
            OnUnknownOutcome::SendAgain => {
                for member in members {
                    self.slots[member.index].perhaps_written = Some(cause.clone());
                }
                self.send_again(members, FailureClass::Transient, now, jitter);
            }
        }
    }

    fn fail_all(&mut self, members: &[Member], error: &WriteError) {
        self.settle(members, |_, _| Fate::Failed(error.clone()));
    }

    /// Nothing more is sent. What is under way may still be acknowledged.
    fn refuse(&mut self, source: Arc<dyn std::error::Error + Send + Sync>) {
        self.delayed.clear();
        for queue in &mut self.queues {
            queue.ready.clear();
            queue.ready_bytes = 0;
        }
        for index in 0..self.slots.len() {
            if self.slots[index].is_waiting() {
                let error = self.slots[index].final_error(WriteError::Refused(Arc::clone(&source)));
                self.finish(index, Err(error));
            }
        }
        self.refused = Some(source);
    }

    /// Backs off from the shards that throttled, and from none else.
    fn pace_shards(&mut self, touched: &[usize], sent_at: Instant, now: Instant, jitter: f64) {
        for queue in touched {
            let seen = std::mem::take(&mut self.queues[*queue].seen);
            let mut pace = self.queues[*queue].shard.pace();
            if !seen.throttled {
                pace.recovered(sent_at);
            } else if let Some(in_a_row) = pace.throttles_in_a_row(sent_at) {
                // Where some came through, the shard is full, not blocked.
                let in_a_row = if seen.written { 1 } else { in_a_row };
                pace.back_off(in_a_row, self.backoff(in_a_row, jitter), now);
            }
        }
    }

    /// The delay after a number of throttles in a row.
    fn backoff(&self, in_a_row: u32, jitter: f64) -> Duration {
        let retry = &self.settings.retry;
        // A shard is never given up; only its records are.
        let attempts = in_a_row.min(retry.max_attempts.get() - 1);
        match retry.decide(attempts, FailureClass::Throttled, Duration::MAX, jitter) {
            Decision::RetryAfter(delay) => delay,
            Decision::GiveUp(_) => retry.max_delay,
        }
    }
}

impl SeenResults {
    fn any(self) -> bool {
        self.written || self.throttled
    }
}
