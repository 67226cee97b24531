//! A rate that follows a quota which others use too.

use std::time::Duration;

use tokio::time::Instant;

/// Requests a second, each at its slot.
///
/// - It begins with what was granted in the last second: about this caller's share of the quota.
/// - Each grant raises it, so that it grows by a fixed amount in each second, alike for whoever shares the quota; and the faster, the
///   more grants there were since the last throttling. So the share of one that has finished is soon used by the others.
/// - A throttling takes a share of it, so that who sends more also gives up more: the rates meet ("additive increase, multiplicative decrease").
///   It also leaves a few slots empty. A quota that has run out then fills up a little, instead of staying empty, where each request of
///   anybody is as likely as not to be throttled.
///
/// The numbers come from a search with a simulation: 1 to 20 sandboxes, quotas of 20 to 10,000 requests/s that are full or empty at the
/// beginning, starts together and one after the other, and a neighbour under the same quota. Around them the outcome changes little.
/// `retrying/shared_quota.rs` holds it fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    per_second: f64,
    throttled_at: Instant,
    /// Before which no request is sent.
    next_slot: Instant,
}

impl Rate {
    /// The lowest rate, in requests a second. With the slots left empty, one that is always throttled sends one in about two seconds.
    const LOWEST: f64 = 4.0;

    /// What a second of grants adds to the rate, in requests a second.
    const INCREASE: f64 = 3.0;

    /// From so many grants in a row on, the increase grows with their number: few are needed to say that the rate is about right, and more
    /// in a row say that it is too low. To the power of 1.5: 16 in a row make the increase 8 times as large.
    const GRANTS_BEFORE_HASTE: f64 = 4.0;

    /// What is left of the rate after a throttling.
    const DECREASE: f64 = 0.6;

    /// How many intervals pass after a throttling until the next request.
    const INTERVALS_AFTER_THROTTLING: f64 = 7.0;

    /// By which share of an interval slots are moved at random, to either side, so that callers do not stay in step.
    const SPREAD: f64 = 0.1;

    /// For how long unused slots stay usable: a quota, too, keeps about a second's worth.
    const KEPT_SLOTS: Duration = Duration::from_secs(1);

    /// How long after the last throttling the rate says nothing about the quota any more: several times what lies between two
    /// throttlings while the quota is used up.
    const OUTDATED_AFTER: Duration = Duration::from_secs(10);

    /// The rate when `granted` requests were granted in one second, and then one was throttled, at `now`.
    pub(super) fn first(granted: u32, now: Instant, jitter: f64) -> Self {
        let per_second = f64::from(granted).max(Self::LOWEST);
        Self { per_second, throttled_at: now, next_slot: now }.with_next_slot(1.0, jitter)
    }

    /// The rate when one request was granted at `now`, after others were throttled.
    pub(super) fn lowest(now: Instant) -> Self {
        Self::first(0, now, 0.5)
    }

    /// The requests a second.
    pub(super) fn per_second(self) -> f64 {
        self.per_second
    }

    /// The time from `now` to the next slot.
    pub(super) fn wait(self, now: Instant) -> Duration {
        self.next_slot.saturating_duration_since(now)
    }

    /// Whether the last throttling was so long ago that nothing follows from it any more.
    pub(super) fn is_outdated(self, now: Instant) -> bool {
        now.saturating_duration_since(self.throttled_at) >= Self::OUTDATED_AFTER
    }

    /// A slot is used at `now`.
    pub(super) fn sent(&mut self, now: Instant, jitter: f64) {
        let oldest_usable = now.checked_sub(Self::KEPT_SLOTS).unwrap_or(now);
        self.next_slot = self.next_slot.max(oldest_usable);
        *self = self.with_next_slot(1.0, jitter);
    }

    /// A request was granted, and so many in a row with it.
    pub(super) fn granted(&mut self, in_a_row: u32) {
        let times = (f64::from(in_a_row) / Self::GRANTS_BEFORE_HASTE).max(1.0);
        // To the power of 1.5, but the same on every machine: `powf` may differ in its last bit.
        let haste = times * times.sqrt();
        // Grants come at this rate, so that dividing by it makes the increase the same in each second. It never more than doubles with
        // one of them.
        self.per_second += (Self::INCREASE / self.per_second * haste).min(self.per_second);
    }

    /// The rate after a request was throttled at `now`.
    pub(super) fn throttled(self, now: Instant, jitter: f64) -> Self {
        let per_second = (self.per_second * Self::DECREASE).max(Self::LOWEST);
        Self { per_second, throttled_at: now, next_slot: now }.with_next_slot(Self::INTERVALS_AFTER_THROTTLING, jitter)
    }

    fn with_next_slot(self, intervals: f64, jitter: f64) -> Self {
        let spread = 1.0 - Self::SPREAD + 2.0 * Self::SPREAD * jitter;
        Self { next_slot: self.next_slot + Duration::from_secs_f64(intervals * spread / self.per_second), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    const MIDDLE: f64 = 0.5;

    fn start() -> Instant {
        SystemClock.now().monotonic
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn the_first_rate_is_what_was_granted_and_at_least_the_lowest() {
        let now = start();
        for (granted, interval) in [(0, 0.25), (4, 0.25), (5, 0.2), (100, 0.01)] {
            assert_eq!(Rate::first(granted, now, MIDDLE).wait(now), seconds(interval), "{granted} granted");
        }
        assert_eq!(Rate::lowest(now).wait(now), seconds(0.25));
    }

    #[test]
    fn a_throttling_takes_two_fifths_of_the_rate_and_leaves_slots_empty() {
        let now = start();
        let rate = Rate::first(20, now, MIDDLE).throttled(now, MIDDLE);
        assert_eq!((rate.per_second(), rate.wait(now)), (12.0, seconds(7.0 / 12.0)));
        let lowest = (0..10).fold(rate, |rate, _| rate.throttled(now, MIDDLE));
        assert_eq!((lowest.per_second(), lowest.wait(now)), (4.0, seconds(7.0 / 4.0)));
    }

    #[test]
    fn slots_are_an_interval_apart_and_a_tenth_of_it_to_either_side() {
        let now = start();
        for (jitter, apart) in [(0.0, 0.09), (MIDDLE, 0.1), (0.999_999, 0.11)] {
            let mut rate = Rate::first(10, now, MIDDLE);
            let slot = now + rate.wait(now);
            rate.sent(slot, jitter);
            assert!(rate.wait(slot).abs_diff(seconds(apart)) < Duration::from_micros(1), "{:?}", rate.wait(slot));
        }
    }

    #[test]
    fn slots_that_were_not_used_are_kept_for_a_second() {
        let now = start();
        for (idle, usable_at_once) in [(0.05, 0), (0.15, 1), (1.05, 10), (60.0, 11)] {
            let mut rate = Rate::first(10, now, MIDDLE);
            let later = now + seconds(idle);
            let mut used = 0;
            while rate.wait(later).is_zero() {
                rate.sent(later, MIDDLE);
                used += 1;
            }
            assert_eq!(used, usable_at_once, "after {idle} s");
        }
    }

    /// The rate after so many grants since a throttling.
    fn after_grants(first: u32, grants: u32) -> f64 {
        let mut rate = Rate::first(first, start(), MIDDLE);
        (1..=grants).for_each(|in_a_row| rate.granted(in_a_row));
        rate.per_second()
    }

    #[test]
    fn a_second_of_grants_adds_the_same_to_each_rate() {
        // Half a second: before the haste.
        for first in [4, 8] {
            let added = after_grants(first, first / 2) - f64::from(first);
            assert!((1.2..=1.5).contains(&added), "{added} to {first}");
        }
    }

    #[test]
    fn many_grants_in_a_row_raise_the_rate_faster_and_faster() {
        let rates = [10, 20, 40, 80].map(|grants| after_grants(10, grants));
        assert!(rates.windows(2).all(|pair| pair[1] > pair[0] * 1.3), "{rates:?}");
        // A share of 10 grows to a quota of 100 within 80 grants.
        assert!(rates[3] > 100.0, "{rates:?}");
    }

    #[test]
    fn one_grant_at_most_doubles_the_rate() {
        let mut rate = Rate::lowest(start());
        rate.granted(u32::MAX);
        assert_eq!(rate.per_second(), 8.0);
    }

    #[test]
    fn a_rate_is_outdated_ten_seconds_after_the_last_throttling() {
        let now = start();
        let rate = Rate::first(10, now, MIDDLE);
        let outdated = |seconds_later| rate.is_outdated(now + seconds(seconds_later));
        assert_eq!([outdated(9.999), outdated(10.0), outdated(10.001)], [false, true, true]);
        assert!(!rate.throttled(now + seconds(10.0), MIDDLE).is_outdated(now + seconds(19.9)));
    }
}
