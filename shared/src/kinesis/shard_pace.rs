//! How fast one shard may be written to.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::token_bucket::TokenBucket;

/// One shard's two token buckets, and its backoff after throttles. Every `write` call of a writer shares it.
#[derive(Debug)]
pub(super) struct ShardPace {
    /// `None` if the rate limit is switched off.
    buckets: Option<Buckets>,
    backoff: Option<Backoff>,
}

#[derive(Debug)]
struct Buckets {
    records: TokenBucket,
    bytes: TokenBucket,
}

#[derive(Clone, Copy, Debug)]
struct Backoff {
    began: Instant,
    until: Instant,
    consecutive: u32,
}

impl ShardPace {
    /// The pace of a shard first seen at `now`: both buckets start empty, as in the Kinesis Producer Library.
    pub(super) fn new(rate_limit_percent: Option<NonZeroU32>, now: Instant) -> Self {
        let buckets = rate_limit_percent.map(|percent| {
            let rate = |per_second: u64| per_second * u64::from(percent.get()) / 100;
            Buckets {
                records: TokenBucket::empty(RECORDS_CAPACITY, rate(SHARD_RECORDS_PER_SECOND), now),
                bytes: TokenBucket::empty(BYTES_CAPACITY, rate(SHARD_BYTES_PER_SECOND), now),
            }
        });
        Self { buckets, backoff: None }
    }

    /// Until when the shard is left alone after a throttle; `None` if it may be written to at `now`.
    pub(super) fn backed_off_until(&self, now: Instant) -> Option<Instant> {
        self.backoff.map(|backoff| backoff.until).filter(|until| *until > now)
    }

    /// The bytes that one more record may have at `now`; `None` if not even an empty one may pass.
    pub(super) fn room(&mut self, now: Instant) -> Option<u64> {
        match &mut self.buckets {
            None => Some(u64::MAX),
            Some(buckets) => (buckets.records.available(now) >= 1).then(|| buckets.bytes.available(now)),
        }
    }

    /// Takes the tokens of one record of `bytes`, which the caller has seen to have [`room`](Self::room).
    pub(super) fn take(&mut self, bytes: u64) {
        if let Some(buckets) = &mut self.buckets {
            buckets.records.take(1);
            buckets.bytes.take(bytes);
        }
    }

    /// Gives back the tokens of one record of `bytes`, of which Kinesis has not even looked for room.
    pub(super) fn give_back(&mut self, bytes: u64) {
        if let Some(buckets) = &mut self.buckets {
            buckets.records.give_back(1);
            buckets.bytes.give_back(bytes);
        }
    }

    /// How long after `now` both buckets will have tokens for `records` of altogether `bytes` (at most what they hold when full).
    pub(super) fn wait_for(&mut self, records: u64, bytes: u64, now: Instant) -> Duration {
        match &mut self.buckets {
            None => Duration::ZERO,
            Some(buckets) => buckets.records.wait_for(records, now).max(buckets.bytes.wait_for(bytes, now)),
        }
    }

    /// How many requests in a row were throttled, counting the one that was sent at `sent_at`, when nothing of it came through;
    /// `None` if it was sent before the backoff that is already under way began: it tells nothing new.
    pub(super) fn throttles_in_a_row(&self, sent_at: Instant) -> Option<u32> {
        match self.backoff {
            None => Some(1),
            Some(backoff) if sent_at < backoff.began => None,
            Some(backoff) => Some(backoff.consecutive.saturating_add(1)),
        }
    }

    /// Leaves the shard alone for `delay` from `now`.
    pub(super) fn back_off(&mut self, consecutive: u32, delay: Duration, now: Instant) {
        self.backoff = Some(Backoff { began: now, until: now + delay, consecutive });
    }

    /// A request came through whole: the next throttle is the first of its row again.
    pub(super) fn recovered(&mut self, sent_at: Instant) {
        if self.backoff.is_some_and(|backoff| sent_at >= backoff.began) {
            self.backoff = None;
        }
    }
}

/// "Each shard can support up to 1,000 records per second for writes".
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
const SHARD_RECORDS_PER_SECOND: u64 = 1_000;
/// "… up to a maximum total data write rate of 1 MB per second (including partition keys)".
const SHARD_BYTES_PER_SECOND: u64 = 1 << 20;
/// The Kinesis Producer Library's bucket: one second's records at the service's own rate.
const RECORDS_CAPACITY: u64 = 1_000;
/// The Kinesis Producer Library's bucket: as large as the largest record, which could otherwise never pass.
const BYTES_CAPACITY: u64 = super::settings::MaxRecordBytes::LARGEST as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use proptest::prelude::*;

    fn start() -> Instant {
        SystemClock.now().monotonic
    }

    fn percent(percent: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(percent)
    }

    #[test]
    fn a_record_passes_only_with_tokens_in_both_buckets() {
        let start = start();
        let mut pace = ShardPace::new(percent(100), start);
        assert_eq!(pace.room(start), None);
        assert_eq!(pace.wait_for(1, 0, start), Duration::from_millis(1));
        assert_eq!(pace.wait_for(1, 1 << 20, start), Duration::from_secs(1));
        let later = start + Duration::from_millis(1);
        assert_eq!(pace.room(later), Some(1_048));
        pace.take(1_000);
        assert_eq!(pace.room(later), None);
    }

    #[test]
    fn the_largest_record_passes_a_full_bucket() {
        let start = start();
        let mut pace = ShardPace::new(percent(150), start);
        let wait = pace.wait_for(1, BYTES_CAPACITY, start);
        assert_eq!(pace.room(start + wait), Some(BYTES_CAPACITY));
    }

    #[test]
    fn requests_sent_before_a_backoff_began_do_not_lengthen_it() {
        let start = start();
        let mut pace = ShardPace::new(None, start);
        assert_eq!(pace.throttles_in_a_row(start), Some(1));
        pace.back_off(1, Duration::from_millis(100), start + Duration::from_millis(10));
        assert_eq!(pace.throttles_in_a_row(start), None);
        assert_eq!(pace.throttles_in_a_row(start + Duration::from_millis(110)), Some(2));
        pace.recovered(start);
        assert_eq!(pace.backed_off_until(start + Duration::from_millis(20)), Some(start + Duration::from_millis(110)));
        assert_eq!(pace.backed_off_until(start + Duration::from_millis(110)), None);
        pace.recovered(start + Duration::from_millis(110));
        assert_eq!(pace.throttles_in_a_row(start + Duration::from_millis(120)), Some(1));
    }

    proptest! {
        /// Arrivals evenly spread at 95 % of the rate, in bunches of up to 20 ms' worth, from the empty bucket on.
        #[test]
        fn a_steady_load_of_95_percent_waits_at_most_50_ms(
            limit in 50_u32..400,
            bunch_ms in 1_u64..=20,
            record_bytes in 1_u64..2_000,
        ) {
            let start = start();
            let mut pace = ShardPace::new(percent(limit), start);
            let records_a_second = (1_000.0 * f64::from(limit) / 100.0)
                .min(1_048_576.0 * f64::from(limit) / 100.0 / record_bytes as f64);
            let load = 0.95 * records_a_second;
            let mut now = start;
            let mut sent = 0_u64;
            for bunch in 0..500_u64 {
                let arrival = start + Duration::from_millis(bunch * bunch_ms);
                let due = (load * ((bunch + 1) * bunch_ms) as f64 / 1_000.0).floor();
                now = now.max(arrival);
                while (sent as f64) < due {
                    now += pace.wait_for(1, record_bytes, now);
                    prop_assert!(pace.room(now).is_some_and(|room| room >= record_bytes));
                    pace.take(record_bytes);
                    sent += 1;
                    prop_assert!(now - arrival <= Duration::from_millis(50), "{:?}", now - arrival);
                }
            }
        }
    }
}
