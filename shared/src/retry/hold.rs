//! How long something is held back that may be a mistake of ours, or the fault of what is held.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Now;

/// Holds something back for a bounded time, over many invocations, so that an operator can see to it. Nothing is held for ever.
///
/// The time is counted from the first question on, for all that is held together: what comes up later is held no longer. It begins
/// anew when nothing has been asked for [`QUIET_FACTOR`](Self::QUIET_FACTOR) times as long. So whoever can cause a hold can cause no
/// more than one in that time.
#[derive(Debug)]
pub struct Hold {
    limit: Duration,
    /// Guards the two readings together. Held for one decision.
    period: Mutex<Option<Period>>,
}

#[derive(Clone, Copy, Debug)]
struct Period {
    began: Now,
    last_asked: Now,
}

impl Hold {
    /// The default limit: long enough to be woken by an alarm and to undo a deployment, and a small part of a stream's retention.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(15 * 60);

    /// The longest limit: a week. A stream's records are kept a day by default.
    pub const MAX_LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How many times the limit has to pass without a question before the time begins anew.
    pub const QUIET_FACTOR: u32 = 24;

    /// Holds for `limit`. Zero holds nothing.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, period: Mutex::new(None) }
    }

    /// How much longer to hold at `now`; `None` if the time is over.
    pub fn remaining(&self, now: Now) -> Option<Duration> {
        // Whole after every statement, so that a panic elsewhere leaves nothing half changed.
        let mut period = self.period.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = self.limit.saturating_mul(Self::QUIET_FACTOR);
        let began = period.filter(|period| since(period.last_asked, now) < quiet).map_or(now, |period| period.began);
        *period = Some(Period { began, last_asked: now });
        self.limit.checked_sub(since(began, now)).filter(|left| !left.is_zero())
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

/// The longer of what the two clocks say: the monotonic one may stand still while the sandbox is frozen, the other can be set back.
fn since(earlier: Now, now: Now) -> Duration {
    let wall = now.wall.duration_since(earlier.wall).unwrap_or_default();
    wall.max(now.monotonic.saturating_duration_since(earlier.monotonic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::testing::ManualClock;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn it_holds_for_its_limit_by_either_clock_and_then_no_more() {
        for advance in [ManualClock::advance, ManualClock::advance_wall, ManualClock::advance_monotonic] {
            let (hold, clock) = (Hold::new(15 * MINUTE), ManualClock::new());
            assert_eq!(hold.remaining(clock.now()), Some(15 * MINUTE));
            advance(&clock, 15 * MINUTE - Duration::from_millis(1));
            assert_eq!(hold.remaining(clock.now()), Some(Duration::from_millis(1)));
            advance(&clock, Duration::from_millis(1));
            assert_eq!(hold.remaining(clock.now()), None);
            advance(&clock, MINUTE);
            assert_eq!(hold.remaining(clock.now()), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_begins_anew_only_after_a_long_quiet() {
        let (hold, clock) = (Hold::new(15 * MINUTE), ManualClock::new());
        for _ in 0..10 {
            let _ = hold.remaining(clock.now());
            clock.advance(24 * 15 * MINUTE - MINUTE);
            assert_eq!(hold.remaining(clock.now()), None);
        }
        clock.advance(24 * 15 * MINUTE);
        assert_eq!(hold.remaining(clock.now()), Some(15 * MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_zero_holds_nothing() {
        assert_eq!(Hold::new(Duration::ZERO).remaining(ManualClock::new().now()), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_is_set_back_does_not_prolong_it() {
        let (hold, clock) = (Hold::new(15 * MINUTE), ManualClock::new());
        assert!(hold.remaining(clock.now()).is_some());
        clock.set_wall_back(60 * MINUTE);
        clock.advance_monotonic(15 * MINUTE);
        assert_eq!(hold.remaining(clock.now()), None);
    }
}
