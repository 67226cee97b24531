//! A quota by the second, as the services throttle by it.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket of requests, records or bytes: it holds one second's worth, starts full and fills steadily.
///
/// Pure: the caller tells the time. <https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html>
#[derive(Debug)]
pub struct Quota {
    per_second: NonZeroU32,
    tokens: f64,
    filled_at: Instant,
}

impl Quota {
    /// A full bucket.
    #[must_use]
    pub fn new(per_second: NonZeroU32, now: Instant) -> Self {
        Self { per_second, tokens: f64::from(per_second.get()), filled_at: now }
    }

    /// Takes one request out of the quota; `false` if there is none left, and the request is to be throttled.
    pub fn try_take(&mut self, now: Instant) -> bool {
        let available = self.holds(1, now);
        if available {
            self.take(1);
        }
        available
    }

    /// Whether so many tokens are there at `now`. More than a second's worth is there when the bucket is full.
    pub fn holds(&mut self, amount: u32, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= f64::from(amount.min(self.per_second.get()))
    }

    /// Takes tokens that the bucket [`holds`](Self::holds). More than a second's worth leaves a debt that fills up first.
    pub fn take(&mut self, amount: u32) {
        self.tokens -= f64::from(amount);
    }

    /// Adds what has flowed in since the last time.
    fn fill(&mut self, now: Instant) {
        let rate = f64::from(self.per_second.get());
        let elapsed: Duration = now.saturating_duration_since(self.filled_at);
        self.tokens = elapsed.as_secs_f64().mul_add(rate, self.tokens).min(rate);
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warmkeys::clock::{Clock, SystemClock};

    fn quota_of_two() -> (Quota, Instant) {
        let start = SystemClock.now().monotonic;
        (Quota::new(NonZeroU32::new(2).unwrap(), start), start)
    }

    fn taken(quota: &mut Quota, now: Instant) -> usize {
        std::iter::repeat_with(|| quota.try_take(now)).take_while(|taken| *taken).count()
    }

    #[test]
    fn one_second_holds_the_quota_and_not_more() {
        let (mut quota, start) = quota_of_two();
        assert_eq!(taken(&mut quota, start), 2);
    }

    #[test]
    fn tokens_flow_in_steadily() {
        let (mut quota, start) = quota_of_two();
        taken(&mut quota, start);
        assert_eq!(taken(&mut quota, start + Duration::from_millis(499)), 0);
        assert_eq!(taken(&mut quota, start + Duration::from_millis(501)), 1);
    }

    #[test]
    fn a_long_rest_gives_one_second_of_burst() {
        let (mut quota, start) = quota_of_two();
        taken(&mut quota, start);
        assert_eq!(taken(&mut quota, start + Duration::from_secs(60)), 2);
    }

    #[test]
    fn more_than_a_seconds_worth_passes_a_full_bucket_and_leaves_a_debt() {
        let (mut quota, start) = quota_of_two();
        assert!(quota.holds(5, start));
        quota.take(5);
        assert!(!quota.holds(1, start + Duration::from_millis(1_999)));
        assert!(quota.holds(1, start + Duration::from_millis(2_001)));
        assert!(!quota.holds(5, start + Duration::from_millis(2_001)), "only a full bucket lets it pass");
    }

    #[test]
    fn time_that_stands_still_or_moves_back_gives_nothing() {
        let (mut quota, start) = quota_of_two();
        let later = start + Duration::from_secs(5);
        taken(&mut quota, later);
        assert_eq!(taken(&mut quota, start), 0);
        assert_eq!(taken(&mut quota, later), 0);
    }
}
