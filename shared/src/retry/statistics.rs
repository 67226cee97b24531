//! What a retry loop has counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::DurationCounts;
use super::duration_counts::DurationCounter;
use crate::clock::Clock;
use crate::failure::FailureClass;

/// What a retry loop has counted since the start. KMS, for one, publishes no metric of throttling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStatistics {
    /// Calls asked for, however often each was tried.
    pub calls: u64,
    /// Requests sent: the calls' first attempts, and their retries.
    pub attempts: u64,
    /// Attempts that failed, by class. One that the deadline ended unanswered is transient.
    pub failures: FailureCounts,
    /// The time that all calls together waited: for their turn, and between attempts. Of calls that wait at the same time each counts.
    pub waited: Duration,
    /// How long attempts took until they were answered or given up.
    pub attempt_durations: DurationCounts,
    /// The number of calls that may be under way now.
    pub concurrency_limit: usize,
}

/// Failures by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailureCounts([u64; FailureClass::ALL.len()]);

impl CallStatistics {
    /// What was counted after `before`; the concurrency limit is that of now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(before.calls),
            attempts: self.attempts.saturating_sub(before.attempts),
            failures: self.failures.since(before.failures),
            waited: self.waited.saturating_sub(before.waited),
            attempt_durations: self.attempt_durations.since(&before.attempt_durations),
            concurrency_limit: self.concurrency_limit,
        }
    }
}

impl FailureCounts {
    /// How many of `class`.
    #[must_use]
    pub fn of(&self, class: FailureClass) -> u64 {
        self.0.get(class as usize).copied().unwrap_or_default()
    }

    fn since(mut self, before: Self) -> Self {
        for (count, before) in std::iter::zip(&mut self.0, before.0) {
            *count = count.saturating_sub(before);
        }
        self
    }
}

/// Counts, from several threads at a time.
#[derive(Debug, Default)]
pub(super) struct Counters {
    calls: AtomicU64,
    attempts: AtomicU64,
    failures: [AtomicU64; FailureClass::ALL.len()],
    waited_nanoseconds: AtomicU64,
    attempt_durations: DurationCounter,
}

impl Counters {
    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt ended after `duration`, and failed with `failure` if there is one.
    pub(super) fn ended(&self, duration: Duration, failure: Option<FailureClass>) {
        self.attempt_durations.note(duration);
        if let Some(count) = failure.and_then(|class| self.failures.get(class as usize)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waiting that begins now and ends when this is dropped: also that of one who is given up while waiting.
    pub(super) fn waiting<'a>(&'a self, clock: &'a dyn Clock) -> Waiting<'a> {
        Waiting { counters: self, clock, began: clock.now().monotonic }
    }

    pub(super) fn statistics(&self, concurrency_limit: usize) -> CallStatistics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CallStatistics {
            calls: read(&self.calls),
            attempts: read(&self.attempts),
            failures: FailureCounts(std::array::from_fn(|class| self.failures.get(class).map_or(0, read))),
            waited: Duration::from_nanos(read(&self.waited_nanoseconds)),
            attempt_durations: self.attempt_durations.counts(),
            concurrency_limit,
        }
    }
}

/// Somebody waits, until dropped.
pub(super) struct Waiting<'a> {
    counters: &'a Counters,
    clock: &'a dyn Clock,
    began: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = self.clock.now().monotonic.saturating_duration_since(self.began);
        let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.counters.waited_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}
