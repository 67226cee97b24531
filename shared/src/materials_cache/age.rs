//! How old something is, by two clocks.

use std::time::Duration;

use crate::clock::Now;

/// The time from `since` to `now`: the longer of what the two clocks say. `None` if wall time has moved back to before `since`,
/// so that nobody can tell.
///
/// Lambda may stop the monotonic clock with the sandbox, and the wall clock can be set: neither is to be trusted alone.
pub(super) fn age(since: Now, now: Now) -> Option<Duration> {
    let wall = now.wall.duration_since(since.wall).ok()?;
    Some(wall.max(now.monotonic.saturating_duration_since(since.monotonic)))
}

/// Ages at which entries of a store change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AgeLimits {
    /// The age from which on an entry is not used any more.
    pub(super) max_age: Duration,
    /// The age from which on an entry is to be replaced while it is still used; less than `max_age`. `None`: never.
    pub(super) refresh_after: Option<Duration>,
    /// The least time between two tries to replace one entry.
    pub(super) refresh_interval: Duration,
}

impl AgeLimits {
    /// Whether an entry made at `created` may not be used any more. Exactly at the maximum it may not.
    pub(super) fn is_expired(&self, created: Now, now: Now) -> bool {
        age(created, now).is_none_or(|age| age >= self.max_age)
    }

    /// Whether it is time to replace an entry made at `created`, last tried to be replaced at `tried`.
    pub(super) fn is_refresh_due(&self, created: Now, tried: Option<Now>, now: Now) -> bool {
        let Some(refresh_after) = self.refresh_after else { return false };
        let is_old = age(created, now).is_none_or(|age| age >= refresh_after);
        is_old && tried.is_none_or(|tried| age(tried, now).is_none_or(|since| since >= self.refresh_interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    const LIMITS: AgeLimits = AgeLimits {
        max_age: Duration::from_secs(300),
        refresh_after: Some(Duration::from_secs(240)),
        refresh_interval: Duration::from_secs(10),
    };

    fn later(since: Now, monotonic_seconds: u64, wall_seconds: u64) -> Now {
        Now {
            monotonic: since.monotonic + Duration::from_secs(monotonic_seconds),
            wall: since.wall + Duration::from_secs(wall_seconds),
        }
    }

    #[test]
    fn an_entry_expires_exactly_at_its_maximum_age_by_either_clock() {
        let created = SystemClock.now();
        let expired = |monotonic, wall| LIMITS.is_expired(created, later(created, monotonic, wall));
        assert_eq!([expired(299, 299), expired(300, 300), expired(301, 301)], [false, true, true]);
        assert_eq!([expired(299, 0), expired(300, 0), expired(301, 0)], [false, true, true]);
        assert_eq!([expired(0, 299), expired(0, 300), expired(0, 301)], [false, true, true]);
    }

    #[test]
    fn an_entry_from_the_future_is_expired() {
        let created = SystemClock.now();
        let now = Now { wall: created.wall - Duration::from_nanos(1), ..created };
        assert!(LIMITS.is_expired(created, now));
        assert!(!LIMITS.is_expired(created, created));
    }

    #[test]
    fn a_refresh_is_due_from_its_age_on_and_once_an_interval() {
        let created = SystemClock.now();
        let due = |tried: Option<u64>, now| {
            let tried = tried.map(|tried| later(created, tried, tried));
            LIMITS.is_refresh_due(created, tried, later(created, now, now))
        };
        assert_eq!([due(None, 239), due(None, 240), due(None, 241)], [false, true, true]);
        assert_eq!([due(Some(240), 249), due(Some(240), 250), due(Some(240), 251)], [false, true, true]);
    }

    #[test]
    fn without_a_refresh_age_no_refresh_is_ever_due() {
        let limits = AgeLimits { refresh_after: None, ..LIMITS };
        let created = SystemClock.now();
        assert!(!limits.is_refresh_due(created, None, later(created, 299, 299)));
    }
}
