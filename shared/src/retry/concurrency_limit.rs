//! How many requests may be under way at once, adapted to what the service bears.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Deadline, GiveUp};

/// A limit on concurrent requests that gives way when the service throttles: additive increase, multiplicative decrease.
///
/// A quota is shared by all concurrent executions of a function (and by the whole account), so no fixed number is right.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    /// Guards the limit and the number of permits in use. Held for a few instructions only.
    state: Mutex<State>,
    released: Notify,
}

impl ConcurrencyLimit {
    /// The default maximum: KMS answers in about 10 ms, so 16 at once are about 1,600 requests/s from one execution
    /// environment, of a regional quota of 10,000/s or more.
    pub const DEFAULT_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();

    /// Begins at `max`, the most requests ever under way at once.
    #[must_use]
    pub fn new(max: NonZeroUsize) -> Self {
        let state = State { limit: AdaptiveLimit::new(max), in_use: 0 };
        Self { state: Mutex::new(state), released: Notify::new() }
    }

    /// Waits until a request may be sent. Waiters are woken in order, but whoever asks just as a permit is released may get it first.
    ///
    /// # Errors
    /// [`GiveUp::DeadlinePassed`] if there is none by `deadline`.
    pub async fn acquire(&self, deadline: Deadline) -> Result<Permit<'_>, GiveUp> {
        tokio::time::timeout_at(deadline.instant(), self.permit()).await.map_err(|_| GiveUp::DeadlinePassed)
    }

    /// The current limit: 1 to the maximum.
    #[must_use]
    pub fn current(&self) -> usize {
        self.lock().limit.current()
    }

    async fn permit(&self) -> Permit<'_> {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            // In line before looking, so that a permit released in between is not missed. A wake-up that this future does not
            // use, because it found a permit or was dropped, is passed on by `Notify`.
            released.as_mut().enable();
            if let Some(permit) = self.try_permit() {
                return permit;
            }
            released.await;
        }
    }

    fn try_permit(&self) -> Option<Permit<'_>> {
        let mut state = self.lock();
        if state.in_use >= state.limit.current() {
            return None;
        }
        state.in_use += 1;
        Some(Permit { limit: self, round: state.limit.round(), outcome: None })
    }

    fn release(&self, round: u64, outcome: Option<Outcome>) {
        let newly_free = {
            let mut state = self.lock();
            let free_before = state.free();
            state.in_use = state.in_use.saturating_sub(1);
            if let Some(outcome) = outcome {
                state.limit.record(outcome, round);
            }
            state.free().saturating_sub(free_before)
        };
        for _ in 0..newly_free {
            self.released.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every statement, so that a panic elsewhere leaves nothing half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct State {
    limit: AdaptiveLimit,
    in_use: usize,
}

impl State {
    fn free(&self) -> usize {
        self.limit.current().saturating_sub(self.in_use)
    }
}

/// The right to have one request under way. Released when dropped; then, without an outcome, the limit learns nothing.
#[derive(Debug)]
#[must_use = "the permit is released when dropped"]
pub struct Permit<'a> {
    limit: &'a ConcurrencyLimit,
    round: u64,
    outcome: Option<Outcome>,
}

impl Permit<'_> {
    /// The request was answered and not throttled.
    pub fn release_answered(mut self) {
        self.outcome = Some(Outcome::Answered);
    }

    /// The request was throttled.
    pub fn release_throttled(mut self) {
        self.outcome = Some(Outcome::Throttled);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limit.release(self.round, self.outcome);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    Throttled,
}

/// The pure decision: the limit, and what each outcome does to it.
#[derive(Debug)]
struct AdaptiveLimit {
    max: usize,
    current: usize,
    answered: usize,
    round: u64,
}

impl AdaptiveLimit {
    fn new(max: NonZeroUsize) -> Self {
        Self { max: max.get(), current: max.get(), answered: 0, round: 0 }
    }

    fn current(&self) -> usize {
        self.current
    }

    /// Rounds are parted by the halvings. A request belongs to the round in which it was sent.
    fn round(&self) -> u64 {
        self.round
    }

    fn record(&mut self, outcome: Outcome, round: u64) {
        match outcome {
            // The others of the same volley tell nothing new: one burst of throttling halves once.
            Outcome::Throttled if round < self.round => {}
            Outcome::Throttled => {
                self.current = (self.current / 2).max(1);
                self.answered = 0;
                self.round += 1;
            }
            Outcome::Answered => {
                self.answered += 1;
                if self.answered >= self.current {
                    self.answered = 0;
                    self.current = (self.current + 1).min(self.max);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
