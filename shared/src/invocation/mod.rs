//! What surrounds an invocation: the deadline that Lambda brings, and what is shown of a panic.

mod phases;
pub mod variables;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;

use crate::clock::Clock;
use crate::retry::Deadline;

pub(crate) use phases::PhaseDeadlines;
pub use phases::TimeReserves;

/// Tells the deadlines of a function's invocations. One for each sandbox.
#[derive(Debug)]
pub struct InvocationDeadlines {
    function_timeout: Duration,
    clock: Arc<dyn Clock>,
    implausible: Once,
    too_far: Once,
}

impl InvocationDeadlines {
    /// `function_timeout` is the function's configured time-out: no invocation has more time, whatever its deadline seems to say.
    #[must_use]
    pub fn new(function_timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { function_timeout, clock, implausible: Once::new(), too_far: Once::new() }
    }

    /// The deadline of an invocation that began just now, from Lambda's milliseconds since the epoch: at most the function's time-out
    /// away. The deadline is wall time, and a sandbox's wall clock can be minutes behind for a moment after a thaw.
    ///
    /// The first implausible one is logged, and the first that is too far away.
    #[must_use]
    pub fn of_invocation(&self, epoch_millis: u64) -> Deadline {
        let now = self.clock.now();
        let function_timeout_seconds = self.function_timeout.as_secs_f64();
        let remaining = remaining(epoch_millis, now.wall).unwrap_or_else(|| {
            self.implausible.call_once(|| {
                tracing::warn!(
                    deadline_epoch_millis = epoch_millis,
                    function_timeout_seconds,
                    "the invocation's deadline has passed already or is too far away, so FUNCTION_TIMEOUT_SECONDS bounds the invocations \
                     instead: make sure that it is the function's time-out; under cargo lambda watch every deadline is like this"
                );
            });
            self.function_timeout
        });
        if remaining > self.function_timeout + CLOCK_TOLERANCE {
            self.too_far.call_once(|| {
                tracing::warn!(
                    remaining_seconds = remaining.as_secs_f64(),
                    function_timeout_seconds,
                    "the invocation's deadline is further away than FUNCTION_TIMEOUT_SECONDS, which is used instead: set it to the \
                     function's time-out if that is longer; else the sandbox's clock was behind, as it can be after a freeze"
                );
            });
        }
        Deadline::after(now.monotonic, remaining.min(self.function_timeout))
    }
}

/// Has `handler` handle an invocation; if it panics, that is all that the error says.
///
/// Lambda's runtime client would answer, and log, with the panic's words, and those may quote the value that nobody expected.
/// [`logging`](crate::logging) tells the place.
///
/// # Errors
/// [`HandlerPanicked`].
pub async fn catch_panic<T>(handler: impl Future<Output = T>) -> Result<T, HandlerPanicked> {
    // What the handler leaves behind is whole: locks are held for single decisions, and taken even if poisoned.
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|_words| HandlerPanicked)
}

/// An invocation's handler panicked: a mistake in the program. What it had begun may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the handler panicked; the log says where")]
pub struct HandlerPanicked;

/// The longest time that Lambda lets a function run.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
pub const MAX_FUNCTION_TIMEOUT: Duration = Duration::from_secs(900);

/// How far an invocation's deadline may lie beyond [`MAX_FUNCTION_TIMEOUT`]: for clocks that differ.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// The time to the invocation's deadline, from Lambda's milliseconds since the epoch.
///
/// `None` if it is implausible: passed already, or more than 15 minutes and 5 seconds ahead. `cargo lambda watch` always says
/// 600,000 ms after the epoch.
fn remaining(epoch_millis: u64, now: SystemTime) -> Option<Duration> {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(epoch_millis))?;
    let remaining = at.duration_since(now).ok()?;
    let plausible = !remaining.is_zero() && remaining <= MAX_FUNCTION_TIMEOUT + CLOCK_TOLERANCE;
    plausible.then_some(remaining)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ManualClock;

    #[test]
    fn an_implausible_deadline_is_told_from_a_plausible_one() {
        let now = ManualClock::new().now().wall;
        let ahead = |seconds| remaining(millis(now + Duration::from_secs(seconds)), now);
        assert!(ahead(1).is_some_and(|remaining| remaining > Duration::from_millis(990)));
        assert!(ahead(900).is_some());
        assert!(ahead(905).is_some());
        assert!(ahead(906).is_none());
        assert!(remaining(millis(now), now).is_none(), "the deadline itself counts as passed");
        assert!(remaining(600_000, now).is_none(), "what cargo lambda watch says");
        assert!(remaining(0, now).is_none());
        assert!(remaining(u64::MAX, now).is_none());
    }

    fn millis(wall: SystemTime) -> u64 {
        u64::try_from(wall.duration_since(SystemTime::UNIX_EPOCH).expect("after").as_millis()).expect("fits")
    }

    #[tokio::test(start_paused = true)]
    async fn an_invocation_has_no_more_time_than_the_function_however_far_behind_the_clock_is() {
        let clock = Arc::new(ManualClock::new());
        let timeout = Duration::from_secs(60);
        let deadlines = InvocationDeadlines::new(timeout, Arc::clone(&clock) as Arc<dyn Clock>);
        let now = clock.now();
        for behind in [3, 300] {
            let told = millis(now.wall + timeout + Duration::from_secs(behind));
            assert_eq!(deadlines.of_invocation(told).remaining(now.monotonic), timeout, "{behind} s behind");
        }
        for ahead in [59, 60] {
            let left = deadlines.of_invocation(millis(now.wall + Duration::from_secs(ahead))).remaining(now.monotonic);
            assert!(left > Duration::from_secs(ahead - 1) && left <= Duration::from_secs(ahead), "{left:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_told_without_its_words() {
        let outcome: Result<(), HandlerPanicked> = catch_panic(async { panic!("secret") }).await;
        let error = outcome.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(catch_panic(async { 7 }).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn the_configured_time_out_stands_in_for_an_implausible_deadline() {
        let clock = Arc::new(ManualClock::new());
        let deadlines = InvocationDeadlines::new(Duration::from_secs(7), Arc::clone(&clock) as Arc<dyn Clock>);
        let deadline = deadlines.of_invocation(600_000);
        assert_eq!(deadline.remaining(clock.now().monotonic), Duration::from_secs(7));
    }
}
