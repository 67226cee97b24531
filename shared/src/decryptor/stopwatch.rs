//! Takes the times of parts that follow each other.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;

/// Takes the times of parts that follow each other.
pub(crate) struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    started: Instant,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn start(clock: &'a dyn Clock) -> Self {
        Self { clock, started: clock.now().monotonic }
    }

    /// The time since the start or the lap before.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = self.clock.now().monotonic;
        now.saturating_duration_since(std::mem::replace(&mut self.started, now))
    }
}
