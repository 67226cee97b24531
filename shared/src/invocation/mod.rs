//! What surrounds an invocation: the deadline that Lambda brings, and what is shown of a panic.

mod phases;
pub mod variables;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;

use crate::clock::{Clock, Now};
use crate::retry::Deadline;

pub(crate) use phases::PhaseDeadlines;
pub use phases::TimeReserves;

/// Tells the deadlines of a function's invocations. One for each sandbox.
#[derive(Debug)]
pub struct InvocationDeadlines {
    function_timeout: Duration,
    clock: Arc<dyn Clock>,
    implausible: Once,
}

impl InvocationDeadlines {
    /// `function_timeout` is the function's configured time-out: it stands in for a deadline that cannot be right.
    #[must_use]
    pub fn new(function_timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { function_timeout, clock, implausible: Once::new() }
    }

    /// The deadline of an invocation that began just now, from Lambda's milliseconds since the epoch.
    ///
    /// The first implausible one is logged.
    #[must_use]
    pub fn of_invocation(&self, epoch_millis: u64) -> Deadline {
        let now = self.clock.now();
        invocation_deadline(epoch_millis, now).unwrap_or_else(|| {
            self.implausible.call_once(|| {
                tracing::warn!(
                    deadline_epoch_millis = epoch_millis,
                    function_timeout_seconds = self.function_timeout.as_secs_f64(),
                    "the invocation's deadline is implausible; FUNCTION_TIMEOUT_SECONDS is used instead"
                );
            });
            Deadline::after(now.monotonic, self.function_timeout)
        })
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

/// The invocation's deadline, from Lambda's milliseconds since the epoch.
///
/// `None` if it is implausible: passed already, or more than 15 minutes and 5 seconds ahead. `cargo lambda watch` always says
/// 600,000 ms after the epoch.
fn invocation_deadline(epoch_millis: u64, now: Now) -> Option<Deadline> {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(epoch_millis))?;
    let remaining = at.duration_since(now.wall).ok()?;
    let plausible = !remaining.is_zero() && remaining <= MAX_FUNCTION_TIMEOUT + CLOCK_TOLERANCE;
    plausible.then(|| Deadline::after(now.monotonic, remaining))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ManualClock;

    #[test]
    fn an_implausible_deadline_is_told_from_a_plausible_one() {
        let clock = Arc::new(ManualClock::new());
        let now = clock.now();
        let millis = |wall: SystemTime| {
            u64::try_from(wall.duration_since(SystemTime::UNIX_EPOCH).expect("after").as_millis()).expect("fits")
        };
        let ahead = |seconds| invocation_deadline(millis(now.wall + Duration::from_secs(seconds)), now);
        assert!(ahead(1).is_some_and(|deadline| deadline.remaining(now.monotonic) > Duration::from_millis(990)));
        assert!(ahead(900).is_some());
        assert!(ahead(905).is_some());
        assert!(ahead(906).is_none());
        assert!(invocation_deadline(millis(now.wall), now).is_none(), "the deadline itself counts as passed");
        assert!(invocation_deadline(600_000, now).is_none(), "what cargo lambda watch says");
        assert!(invocation_deadline(0, now).is_none());
        assert!(invocation_deadline(u64::MAX, now).is_none());
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
