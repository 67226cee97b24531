//! A token bucket in exact integers.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket that fills at a steady rate up to its capacity, starting empty.
///
/// Over any window of t seconds at most `capacity + rate * t` tokens are taken: the level never exceeds the capacity, and only
/// passing time adds to it. Levels are counted in billionths of a token, so that nothing is lost to rounding.
#[derive(Debug)]
pub(super) struct TokenBucket {
    capacity: u64,
    tokens_per_second: u64,
    level: u64,
    as_of: Instant,
}

impl TokenBucket {
    /// An empty bucket. A rate of zero counts as one token a second. `capacity` is at most [`Self::MAX_CAPACITY`].
    pub(super) fn empty(capacity: u64, tokens_per_second: u64, now: Instant) -> Self {
        let capacity = capacity.min(Self::MAX_CAPACITY);
        Self { capacity, tokens_per_second: tokens_per_second.max(1), level: 0, as_of: now }
    }

    /// The largest capacity whose billionths fit a `u64`.
    pub(super) const MAX_CAPACITY: u64 = u64::MAX / UNITS_PER_TOKEN;

    /// The whole tokens there are at `now`.
    pub(super) fn available(&mut self, now: Instant) -> u64 {
        self.refill(now);
        self.level / UNITS_PER_TOKEN
    }

    /// Takes `tokens`; the caller has seen that they are [`available`](Self::available).
    pub(super) fn take(&mut self, tokens: u64) {
        debug_assert!(tokens <= self.level / UNITS_PER_TOKEN, "more tokens taken than there are");
        self.level = self.level.saturating_sub(tokens.saturating_mul(UNITS_PER_TOKEN));
    }

    /// Gives back `tokens` that were taken and not used.
    pub(super) fn give_back(&mut self, tokens: u64) {
        let units = tokens.saturating_mul(UNITS_PER_TOKEN);
        self.level = self.level.saturating_add(units).min(self.capacity * UNITS_PER_TOKEN);
    }

    /// How long after `now` there will be `tokens` (at most the capacity), if none are taken until then. Rounded up to the next
    /// nanosecond.
    pub(super) fn wait_for(&mut self, tokens: u64, now: Instant) -> Duration {
        self.refill(now);
        let missing = (tokens.min(self.capacity) * UNITS_PER_TOKEN).saturating_sub(self.level);
        Duration::from_nanos(missing.div_ceil(self.tokens_per_second))
    }

    fn refill(&mut self, now: Instant) {
        // Concurrent callers may bring their readings out of order: an earlier one adds nothing.
        let elapsed = now.saturating_duration_since(self.as_of);
        self.as_of += elapsed;
        let fed = elapsed.as_nanos().saturating_mul(u128::from(self.tokens_per_second));
        let fed = u64::try_from(fed).unwrap_or(u64::MAX);
        self.level = self.level.saturating_add(fed).min(self.capacity * UNITS_PER_TOKEN);
    }
}

/// One nanosecond at one token a second feeds one unit.
const UNITS_PER_TOKEN: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use proptest::prelude::*;

    fn start() -> Instant {
        SystemClock.now().monotonic
    }

    #[test]
    fn a_new_bucket_is_empty_and_fills_at_its_rate() {
        let start = start();
        let mut bucket = TokenBucket::empty(10, 1_000, start);
        assert_eq!(bucket.available(start), 0);
        assert_eq!(bucket.wait_for(1, start), Duration::from_millis(1));
        assert_eq!(bucket.available(start + Duration::from_nanos(999_999)), 0);
        assert_eq!(bucket.available(start + Duration::from_millis(1)), 1);
        assert_eq!(bucket.available(start + Duration::from_millis(2)), 2);
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_capacity() {
        let start = start();
        let mut bucket = TokenBucket::empty(10, 1_000, start);
        assert_eq!(bucket.available(start + Duration::from_secs(86_400 * 365)), 10);
        bucket.take(10);
        assert_eq!(bucket.available(start + Duration::from_secs(86_400 * 365)), 0);
    }

    #[test]
    fn an_earlier_reading_of_the_clock_adds_nothing() {
        let start = start();
        let later = start + Duration::from_secs(1);
        let mut bucket = TokenBucket::empty(1_000, 10, start);
        assert_eq!(bucket.available(later), 10);
        assert_eq!(bucket.available(start), 10);
        assert_eq!(bucket.available(later), 10);
    }

    proptest! {
        #[test]
        fn every_window_passes_at_most_capacity_plus_rate_times_its_length(
            capacity in 1_u64..2_000,
            rate in 1_u64..3_000,
            arrivals in prop::collection::vec((0_u64..400_000_000, 0_u64..500), 1..120),
        ) {
            let mut now = start();
            let mut bucket = TokenBucket::empty(capacity, rate, now);
            let mut taken = Vec::new();
            for (pause, wanted) in arrivals {
                now += Duration::from_nanos(pause);
                let passed = wanted.min(bucket.available(now));
                bucket.take(passed);
                taken.push((now, passed));
            }
            for from in 0..taken.len() {
                let mut passed = 0;
                for (at, tokens) in &taken[from..] {
                    passed += tokens;
                    let window = at.saturating_duration_since(taken[from].0).as_nanos();
                    let bound = u128::from(capacity) * 1_000_000_000 + u128::from(rate) * window;
                    prop_assert!(u128::from(passed) * 1_000_000_000 <= bound);
                }
            }
        }

        #[test]
        fn after_the_wait_the_tokens_are_there_and_a_nanosecond_before_they_are_not(
            rate in 1_u64..3_000_000,
            tokens in 1_u64..1_000_000,
            elapsed in 0_u64..100_000_000,
        ) {
            let start = start();
            let now = start + Duration::from_nanos(elapsed);
            let mut bucket = TokenBucket::empty(1_000_000, rate, start);
            let wait = bucket.wait_for(tokens, now);
            prop_assume!(wait > Duration::ZERO);
            prop_assert!(bucket.available(now + wait - Duration::from_nanos(1)) < tokens);
            prop_assert!(bucket.available(now + wait) >= tokens);
        }
    }
}
