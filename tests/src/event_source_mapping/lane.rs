//! Which records come next, and what a batch's result means: pure decisions.

use std::collections::VecDeque;
use std::time::SystemTime;

use super::batch::Batch;
use super::batch_response::BatchResult;
use super::discard::{Condition, Discard};
use super::settings::MappingSettings;
use crate::stream::StreamRecord;

/// The records of one shard that are processed one batch after the other: all of them, or, with a `ParallelizationFactor`,
/// those of some partition keys.
#[derive(Debug)]
pub struct Lane {
    settings: MappingSettings,
    /// Records that were in no batch so far.
    waiting: VecDeque<StreamRecord>,
    /// Batches, or parts of them, that come again before anything that waits.
    retrying: VecDeque<Batch>,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Invoke the function with this batch, then call [`Lane::settle`] with it, before anything else.
    Invoke(Batch),
    /// There is nothing to do before this moment, unless records arrive.
    WaitUntil(SystemTime),
    /// There is nothing to do until records arrive.
    Idle,
}

impl Lane {
    /// A lane without records.
    #[must_use]
    pub fn new(settings: MappingSettings) -> Self {
        Self { settings, waiting: VecDeque::new(), retrying: VecDeque::new() }
    }

    /// Adds a record behind all others.
    pub fn push(&mut self, record: StreamRecord) {
        self.waiting.push_back(record);
    }

    /// What is to be done at `now`, and the records that are given up before that.
    pub fn next(&mut self, now: SystemTime) -> (Step, Vec<Discard>) {
        let mut discards = self.discard_expired(now);
        if let Some(batch) = self.retrying.front() {
            let not_before = batch.not_before;
            if now < not_before {
                return (Step::WaitUntil(not_before), discards);
            }
            return (self.retrying.pop_front().map_or(Step::Idle, Step::Invoke), discards);
        }
        discards.extend(self.discard_too_large());
        let Some(first) = self.waiting.front() else { return (Step::Idle, discards) };
        let window_ends = first.approximate_arrival + self.settings.maximum_batching_window;
        let count = self.batch_len();
        let is_full = count == self.settings.batch_size.get() || count < self.waiting.len();
        if !is_full && now < window_ends {
            return (Step::WaitUntil(window_ends), discards);
        }
        (Step::Invoke(Batch::new(self.waiting.drain(..count).collect(), now)), discards)
    }

    /// Takes back a batch that was invoked, with its result at `now`, and tells which of its records are given up.
    pub fn settle(&mut self, mut batch: Batch, result: BatchResult, now: SystemTime) -> Option<Discard> {
        batch.invocations = batch.invocations.saturating_add(1);
        match result {
            BatchResult::Succeeded => None,
            // Progress begins the counting anew, as the service was seen to do.
            BatchResult::FailedFrom(position) if position > 0 => {
                batch.records.drain(..position.min(batch.records.len()));
                batch.failures = 0;
                self.retry_later(batch, 1, now);
                None
            }
            BatchResult::FailedFrom(_) => self.retry_or_discard(batch, false, now),
            BatchResult::Failed if self.settings.bisect_batch_on_function_error && batch.records.len() > 1 => {
                self.bisect(batch, now);
                None
            }
            BatchResult::Failed => self.retry_or_discard(batch, true, now),
        }
    }

    /// > Bisecting a batch doesn't count against the retry quota
    fn bisect(&mut self, mut batch: Batch, now: SystemTime) {
        let second_half = batch.records.split_off(batch.records.len() / 2);
        self.retrying.push_front(Batch { records: second_half, not_before: now, ..batch.clone() });
        self.retry_later(batch, 1, now);
    }

    fn retry_or_discard(&mut self, mut batch: Batch, function_error: bool, now: SystemTime) -> Option<Discard> {
        batch.failures = batch.failures.saturating_add(1);
        if self.settings.maximum_retry_attempts.is_some_and(|maximum| batch.failures > maximum) {
            let condition = Condition::RetryAttemptsExhausted { function_error };
            return Some(Discard { records: batch.records, condition, invocations: batch.invocations });
        }
        let failures = batch.failures;
        self.retry_later(batch, failures, now);
        None
    }

    fn retry_later(&mut self, mut batch: Batch, failures: u32, now: SystemTime) {
        batch.not_before = now + self.settings.backoff(failures);
        if !batch.records.is_empty() {
            self.retrying.push_front(batch);
        }
    }

    /// How many of the waiting records make up the next batch.
    fn batch_len(&self) -> usize {
        let mut event_len = 0;
        self.waiting
            .iter()
            .take(self.settings.batch_size.get())
            .take_while(|record| {
                event_len += Batch::event_len(record);
                event_len <= Batch::MAX_EVENT_LEN
            })
            .count()
    }

    /// Gives up the records at the front that are older than the mapping allows.
    fn discard_expired(&mut self, now: SystemTime) -> Vec<Discard> {
        let Some(maximum_age) = self.settings.maximum_record_age else { return Vec::new() };
        let expired = |record: &StreamRecord| record.approximate_arrival + maximum_age < now;
        let mut discards = Vec::new();
        while let Some(batch) = self.retrying.front_mut() {
            let count = batch.records.iter().take_while(|record| expired(record)).count();
            let records: Vec<_> = batch.records.drain(..count).collect();
            discards.extend(discard(records, Condition::RecordAgeExceeded, batch.invocations));
            if !batch.records.is_empty() {
                return discards;
            }
            self.retrying.pop_front();
        }
        let count = self.waiting.iter().take_while(|record| expired(record)).count();
        discards.extend(discard(self.waiting.drain(..count).collect(), Condition::RecordAgeExceeded, 0));
        discards
    }

    /// Gives up the records at the front that no event has room for.
    fn discard_too_large(&mut self) -> Option<Discard> {
        let too_large = |record: &&StreamRecord| Batch::event_len(record) > Batch::MAX_EVENT_LEN;
        let count = self.waiting.iter().take_while(too_large).count();
        discard(self.waiting.drain(..count).collect(), Condition::RecordTooLarge, 0)
    }
}

fn discard(records: Vec<StreamRecord>, condition: Condition, invocations: u32) -> Option<Discard> {
    (!records.is_empty()).then_some(Discard { records, condition, invocations })
}

#[cfg(test)]
pub(super) mod tests;
