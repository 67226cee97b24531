//! One retry loop's state, and the only file that sleeps between attempts.

use std::time::Duration;

use super::{Deadline, Decision, GiveUp, RetryPolicy};
use crate::clock::Clock;
use crate::failure::FailureClass;

/// The attempts at one request: how many there were, and how long the next may take.
///
/// The caller loops: [`next_timeout`](Self::next_timeout), the attempt itself within that time, and after a failure
/// [`pause_after`](Self::pause_after).
#[derive(Debug)]
pub struct Attempts<'a> {
    policy: &'a RetryPolicy,
    deadline: Deadline,
    clock: &'a dyn Clock,
    made: u32,
}

impl<'a> Attempts<'a> {
    /// No attempt made yet.
    #[must_use]
    pub fn new(policy: &'a RetryPolicy, deadline: Deadline, clock: &'a dyn Clock) -> Self {
        Self { policy, deadline, clock, made: 0 }
    }

    /// Counts an attempt and tells how long it may take: the policy's time-out, or less if the deadline is nearer.
    ///
    /// # Errors
    /// [`GiveUp::DeadlinePassed`] if no time is left; nothing is counted then.
    pub fn next_timeout(&mut self) -> Result<Duration, GiveUp> {
        let remaining = self.deadline.remaining(self.clock.now().monotonic);
        if remaining.is_zero() {
            return Err(GiveUp::DeadlinePassed);
        }
        self.made = self.made.saturating_add(1);
        Ok(remaining.min(self.policy.attempt_timeout))
    }

    /// Sleeps before the next attempt, after one that failed with `class`.
    ///
    /// # Errors
    /// [`GiveUp`], at once, if there is to be no further attempt. [Impatient](Deadline::impatient) work has only one.
    pub async fn pause_after(&mut self, class: FailureClass) -> Result<(), GiveUp> {
        if self.deadline.is_impatient() {
            return Err(GiveUp::AttemptsExhausted);
        }
        let remaining = self.deadline.remaining(self.clock.now().monotonic);
        match self.policy.decide(self.made, class, remaining, self.policy.jitter.draw()) {
            Decision::RetryAfter(delay) => {
                tracing::debug!(attempt = self.made, %class, pause_seconds = delay.as_secs_f64(), "an attempt failed");
                tokio::time::sleep(delay).await;
                Ok(())
            }
            Decision::GiveUp(reason) => {
                tracing::debug!(attempt = self.made, %class, ?reason, "an attempt failed, and no other will follow");
                Err(reason)
            }
        }
    }

    /// The number of attempts made.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }
}
