//! How many requests may be under way at once and how fast they may follow each other, adapted to what the service grants.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::line::{Line, Ticket};
use super::pace::{Pace, Turn};
use super::{Deadline, GiveUp, RetryPolicy};
use crate::clock::Clock;

/// A limit on concurrent requests, which also paces them once the service throttles.
///
/// A quota is shared by all concurrent executions of a function (and by the whole account), so no fixed number is right. Who comes
/// first is served first, and keeps its place while it tries again.
#[derive(Debug)]
pub struct ConcurrencyLimit {
    /// Guards the pace, the line and the number of permits in use. Held for a few instructions only.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    line: Line,
    under_way: usize,
    /// Requests that nobody waits for. They are not among the others.
    spare_under_way: usize,
}

impl ConcurrencyLimit {
    /// The default maximum: KMS answers in about 10 ms, so 16 at once are about 1,600 requests/s from one execution
    /// environment, of a regional quota of 10,000/s or more.
    pub const DEFAULT_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();

    /// At most `max` requests are ever under way at once; at the beginning fewer, until the first are answered.
    #[must_use]
    pub fn new(max: NonZeroUsize) -> Self {
        let state = State { pace: Pace::new(max.get()), line: Line::default(), under_way: 0, spare_under_way: 0 };
        Self { state: Mutex::new(state) }
    }

    /// A place behind all that were taken before, for one request and its retries.
    pub fn take_place(&self) -> Place<'_> {
        Place { limit: self, ticket: self.lock().line.next_ticket() }
    }

    /// A permit for a request that nobody waits for, or none: there are only as many as a quarter of the requests that may be under way
    /// (at least one), and only while nobody waits and nothing is throttled. They are not counted against the others, so that nobody
    /// ever waits for them.
    pub fn try_spare(&self, now: Instant) -> Option<Permit<'_>> {
        let mut state = self.lock();
        let window = state.pace.window();
        let has_room = state.under_way + state.spare_under_way < window && state.spare_under_way < (window / 4).max(1);
        if !has_room || !state.line.is_empty() || !state.pace.is_open(now) {
            return None;
        }
        state.spare_under_way += 1;
        Some(Permit { limit: self, is_spare: true, round: state.pace.round() })
    }

    /// The number of requests that may be under way now: 1 to the maximum.
    #[must_use]
    pub fn current(&self) -> usize {
        self.lock().pace.window()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every statement, so that a panic elsewhere leaves nothing half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's place among those that wait for permits.
#[derive(Debug)]
pub struct Place<'a> {
    limit: &'a ConcurrencyLimit,
    ticket: Ticket,
}

impl<'a> Place<'a> {
    /// Waits until a request may be sent. Those that took their places earlier go first, while they wait too.
    ///
    /// # Errors
    /// [`GiveUp::DeadlinePassed`] if it may not be sent by `deadline`.
    pub async fn acquire(
        &mut self,
        deadline: Deadline,
        policy: &RetryPolicy,
        clock: &dyn Clock,
    ) -> Result<Permit<'a>, GiveUp> {
        let permit = self.permit(policy, clock);
        timeout_at(deadline.instant(), permit).await.map_err(|_| GiveUp::DeadlinePassed)
    }

    async fn permit(&self, policy: &RetryPolicy, clock: &dyn Clock) -> Permit<'a> {
        let woken = self.limit.lock().line.join(self.ticket);
        let _in_line = InLine(self);
        let mut now = clock.now().monotonic;
        loop {
            match self.step(now, policy) {
                Step::Go(permit) => return permit,
                Step::After(wait) => {
                    // What is not woken has waited for so long, whatever the clock says: one that stands still must not hold it up.
                    let waited = timeout(wait, woken.notified()).await.map_or(wait, |()| Duration::ZERO);
                    now = clock.now().monotonic.max(now + waited);
                }
                Step::WhenWoken => {
                    woken.notified().await;
                    now = clock.now().monotonic;
                }
            }
        }
    }

    fn step(&self, now: Instant, policy: &RetryPolicy) -> Step<'a> {
        let mut state = self.limit.lock();
        if !state.line.is_first(self.ticket) {
            return Step::WhenWoken;
        }
        match state.pace.turn(state.under_way, now) {
            Turn::Now => {
                state.pace.sent(now, || policy.jitter.draw());
                state.under_way += 1;
                Step::Go(Permit { limit: self.limit, is_spare: false, round: state.pace.round() })
            }
            Turn::After(wait) => Step::After(wait),
            Turn::WhenOneEnds => Step::WhenWoken,
        }
    }
}

/// What one who waits does next.
enum Step<'a> {
    Go(Permit<'a>),
    After(Duration),
    WhenWoken,
}

/// Who waits in the line, until dropped.
struct InLine<'a>(&'a Place<'a>);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut state = self.0.limit.lock();
        state.line.leave(self.0.ticket);
        state.line.wake_first();
    }
}

/// The right to have one request under way. Released when dropped; then, without an outcome, the limit learns nothing.
#[derive(Debug)]
#[must_use = "the permit is released when dropped"]
pub struct Permit<'a> {
    limit: &'a ConcurrencyLimit,
    is_spare: bool,
    round: u64,
}

impl Permit<'_> {
    /// The request was answered and not throttled.
    pub fn release_answered(self, clock: &dyn Clock) {
        self.limit.lock().pace.granted(clock.now().monotonic);
    }

    /// The request was throttled.
    pub fn release_throttled(self, policy: &RetryPolicy, clock: &dyn Clock) {
        let requests_per_second = {
            let mut state = self.limit.lock();
            state.pace.throttled(self.round, clock.now().monotonic, policy);
            state.pace.requests_per_second()
        };
        tracing::debug!(requests_per_second, "requests are paced, because one was throttled");
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.lock();
        let under_way = if self.is_spare { &mut state.spare_under_way } else { &mut state.under_way };
        *under_way = under_way.saturating_sub(1);
        state.line.wake_first();
    }
}

#[cfg(test)]
mod tests;
