//! The moment by which work must have ended.

use std::time::Duration;

use tokio::time::Instant;

/// The moment by which a piece of work must have ended. Every wait in this crate is bounded by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// Work must have ended at `at`.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        Self { at }
    }

    /// Work must have ended `duration` after `now`.
    #[must_use]
    pub fn after(now: Instant, duration: Duration) -> Self {
        // An instant cannot be as far away as some durations; such a deadline is simply far away.
        const FAR: Duration = Duration::from_secs(86_400 * 365);
        Self { at: now + duration.min(FAR) }
    }

    /// The time left at `now`; zero from the deadline on.
    #[must_use]
    pub fn remaining(self, now: Instant) -> Duration {
        self.at.saturating_duration_since(now)
    }

    /// Whether the deadline is reached at `now`. The deadline itself counts as passed.
    #[must_use]
    pub fn has_passed(self, now: Instant) -> bool {
        now >= self.at
    }

    /// The same deadline, earlier by `reserve` (at the earliest at `now`).
    #[must_use]
    pub fn less(self, reserve: Duration, now: Instant) -> Self {
        Self { at: now + self.remaining(now).saturating_sub(reserve) }
    }

    /// The moment itself, for `tokio::time::timeout_at`.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.at
    }
}
