//! A request quota by the second, as the services throttle by it.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: it holds one second's worth of requests, starts full and fills steadily.
///
/// Pure: the caller tells the time. <https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html>
#[derive(Debug)]
pub struct RequestQuota {
    per_second: NonZeroU32,
    tokens: f64,
    filled_at: Instant,
}

impl RequestQuota {
    /// A full bucket.
    #[must_use]
    pub fn new(per_second: NonZeroU32, now: Instant) -> Self {
        Self { per_second, tokens: f64::from(per_second.get()), filled_at: now }
    }

    /// Takes one request out of the quota; `false` if there is none left, and the request is to be throttled.
    pub fn try_take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let available = self.tokens >= 1.0;
        if available {
            self.tokens -= 1.0;
        }
        available
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

    fn quota_of_two() -> (RequestQuota, Instant) {
        let start = SystemClock.now().monotonic;
        (RequestQuota::new(NonZeroU32::new(2).unwrap(), start), start)
    }

    fn taken(quota: &mut RequestQuota, now: Instant) -> usize {
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
    fn time_that_stands_still_or_moves_back_gives_nothing() {
        let (mut quota, start) = quota_of_two();
        let later = start + Duration::from_secs(5);
        taken(&mut quota, later);
        assert_eq!(taken(&mut quota, start), 0);
        assert_eq!(taken(&mut quota, later), 0);
    }
}
