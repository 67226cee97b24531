//! Takes in the answer to a request: every record of it is acknowledged, sent again or given up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Schedule;
use super::queues::SeenResults;
use super::request::{Member, SentRequest};
use super::settle::Fate;
use crate::failure::FailureClass;
use crate::kinesis::error::{PutRecordsError, UnknownCause, WriteError};
use crate::kinesis::service::{EntryFailure, EntryResult};
use crate::kinesis::settings::OnUnknownOutcome;
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
        self.under_way -= 1;
        self.request_throttles_in_a_row = 0;
        self.on_accepted();
        let mut touched = Vec::new();
        let mut start = 0;
        for (end, result) in sent.entry_ends.iter().zip(results) {
            let members = &sent.members[start..*end];
            start = *end;
            self.on_entry(members, result, &mut touched, now, jitter);
        }
        self.pace_shards(&touched, sent.sent_at, now, jitter);
        if !self.map_is_stale {
            self.settle_held();
        }
        self.enqueue_returned();
    }

    /// The request failed as a whole.
    pub(in super::super) fn on_error(&mut self, sent: &SentRequest, error: PutRecordsError, now: Instant, jitter: f64) {
        match error {
            PutRecordsError::OutcomeUnknown(source) => {
                return self.on_unknown(sent, &UnknownCause::Failed(source), now, jitter);
            }
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
            PutRecordsError::Invalid(source) => self.on_refused_request(sent, source),
            PutRecordsError::NotSent(_) | PutRecordsError::Caller(_) => {
                self.send_again(&sent.members, FailureClass::Transient, now, jitter);
                self.enqueue_returned();
            }
        }
        self.under_way -= 1;
    }

    /// Nobody knows what became of the request.
    pub(in super::super) fn on_unknown(&mut self, sent: &SentRequest, cause: &UnknownCause, now: Instant, jitter: f64) {
        self.under_way -= 1;
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
                let elsewhere = shard_id.is_some_and(|shard_id| *shard_id != *self.queues[queue].shard.id);
                self.map_is_stale |= elsewhere && !self.goes_by_other_than_keys();
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
