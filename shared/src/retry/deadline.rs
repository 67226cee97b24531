//! The moment by which work must have ended.

use std::time::Duration;

use tokio::time::Instant;

/// The moment by which a piece of work must have ended, and how patiently it is tried until then. Every wait in this crate is bounded by one.
///
/// Of two deadlines the earlier is less; of two at one moment, the impatient one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
    patience: Patience,
}

/// How a request is tried until its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Patience {
    None,
    Usual,
}

impl Deadline {
    /// Work must have ended at `at`.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        Self { at, patience: Patience::Usual }
    }

    /// Work must have ended `duration` after `now`.
    #[must_use]
    pub fn after(now: Instant, duration: Duration) -> Self {
        // An instant cannot be as far away as some durations; such a deadline is simply far away.
        const FAR: Duration = Duration::from_secs(86_400 * 365);
        Self::at(now + duration.min(FAR))
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
        Self { at: now + self.remaining(now).saturating_sub(reserve), ..self }
    }

    /// The same deadline, for work that nobody waits for: it is tried once, and only if nobody else has to wait for it.
    #[must_use]
    pub fn impatient(self) -> Self {
        Self { patience: Patience::None, ..self }
    }

    /// Whether the work is [impatient](Self::impatient).
    #[must_use]
    pub fn is_impatient(self) -> bool {
        self.patience == Patience::None
    }

    /// The moment itself, for `tokio::time::timeout_at`.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.at
    }
}
