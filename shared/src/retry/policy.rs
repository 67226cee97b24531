//! Whether to try again, and after what delay: pure decisions.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Jitter;
use crate::failure::FailureClass;

/// How often, and after what delays, a failed request is sent again.
///
/// The delay before attempt `n + 1` is drawn evenly from zero to `base_delay * 2^(n - 1)`, at most `max_delay` ("full jitter").
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts for one request, the first included.
    pub max_attempts: NonZeroU32,
    /// The upper bound of the first delay.
    pub base_delay: Duration,
    /// The upper bound of every delay.
    pub max_delay: Duration,
    /// The most time one attempt may take.
    pub attempt_timeout: Duration,
    /// Where in its bounds a delay falls. From entropy by default, seeded in tests.
    pub jitter: Jitter,
}

impl RetryPolicy {
    /// The default of [`max_attempts`](Self::max_attempts): high, because the deadline is what normally ends the trying.
    pub const DEFAULT_MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::new(20).unwrap();
    /// The default of [`base_delay`](Self::base_delay): quotas are counted by the second, so tenths of one spread the calls.
    pub const DEFAULT_BASE_DELAY: Duration = Duration::from_millis(100);
    /// The default of [`max_delay`](Self::max_delay): longer sleeps than a quota's own window only waste the invocation.
    pub const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(2);
    /// The default of [`attempt_timeout`](Self::attempt_timeout): KMS answers within milliseconds, so a silent second means a dead connection.
    pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

    /// What to do after `attempts` attempts (at least one) of which the last failed with `class`, with `remaining` time to the deadline.
    ///
    /// `jitter` is from 0 (inclusive) to 1 (exclusive). A delay that leaves no time for an attempt is not worth sleeping.
    #[must_use]
    pub fn decide(&self, attempts: u32, class: FailureClass, remaining: Duration, jitter: f64) -> Decision {
        if !class.is_retryable() {
            return Decision::GiveUp(GiveUp::NotRetryable);
        }
        if attempts >= self.max_attempts.get() {
            return Decision::GiveUp(GiveUp::AttemptsExhausted);
        }
        let delay = self.delay_bound(attempts).mul_f64(jitter.clamp(0.0, 1.0));
        if delay >= remaining {
            return Decision::GiveUp(GiveUp::DeadlinePassed);
        }
        Decision::RetryAfter(delay)
    }

    /// The upper bound of the delay after `attempts` attempts.
    pub(super) fn delay_bound(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        self.base_delay.saturating_mul(1 << doublings).min(self.max_delay)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: Self::DEFAULT_MAX_ATTEMPTS,
            base_delay: Self::DEFAULT_BASE_DELAY,
            max_delay: Self::DEFAULT_MAX_DELAY,
            attempt_timeout: Self::DEFAULT_ATTEMPT_TIMEOUT,
            jitter: Jitter::default(),
        }
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Sleep, then try again.
    RetryAfter(Duration),
    /// Do not try again.
    GiveUp(GiveUp),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// The failure's class says that trying again is of no use.
    NotRetryable,
    /// The last attempt was the last one allowed.
    AttemptsExhausted,
    /// The deadline has passed, or would have before the next attempt.
    DeadlinePassed,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts: NonZeroU32::new(5).unwrap(),
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(6),
            attempt_timeout: Duration::from_secs(1),
            jitter: Jitter::default(),
        }
    }

    #[test]
    fn delay_bounds_double_up_to_the_maximum() {
        let bounds: Vec<_> = (1..5).map(|attempts| policy().delay_bound(attempts).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 6]);
        assert_eq!(policy().delay_bound(u32::MAX).as_secs(), 6);
    }

    #[test]
    fn jitter_reaches_below_the_second() {
        let decision = policy().decide(1, FailureClass::Throttled, LONG, 0.25);
        assert_eq!(decision, Decision::RetryAfter(Duration::from_millis(250)));
    }

    #[test]
    fn attempts_end_at_the_maximum() {
        assert!(matches!(policy().decide(4, FailureClass::Throttled, LONG, 0.5), Decision::RetryAfter(_)));
        assert_eq!(policy().decide(5, FailureClass::Throttled, LONG, 0.5), Decision::GiveUp(GiveUp::AttemptsExhausted));
    }

    #[test]
    fn a_delay_up_to_the_deadline_gives_up() {
        let decide = |remaining| policy().decide(1, FailureClass::Transient, Duration::from_millis(remaining), 0.5);
        assert_eq!(decide(499), Decision::GiveUp(GiveUp::DeadlinePassed));
        assert_eq!(decide(500), Decision::GiveUp(GiveUp::DeadlinePassed));
        assert_eq!(decide(501), Decision::RetryAfter(Duration::from_millis(500)));
    }

    #[test]
    fn what_an_operator_must_mend_is_not_tried_again() {
        for class in [FailureClass::Unavailable, FailureClass::Permanent] {
            assert_eq!(policy().decide(1, class, LONG, 0.5), Decision::GiveUp(GiveUp::NotRetryable));
        }
    }
}
