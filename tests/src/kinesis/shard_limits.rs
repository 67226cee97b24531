//! How much a shard takes in a second.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use tokio::time::Instant;

use crate::quota::Quota;
use crate::stream::ShardId;

/// What each shard takes.
///
/// > Each shard can support up to 1,000 records per second for writes, up to a maximum total data write rate of 1 MB per
/// > second (including partition keys).
/// > <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLimits {
    /// Records.
    pub records_per_second: NonZeroU32,
    /// Bytes of data and partition keys.
    pub bytes_per_second: NonZeroU32,
}

impl ShardLimits {
    /// The service's.
    pub const SERVICE: Self = Self {
        records_per_second: NonZeroU32::new(1_000).unwrap(),
        bytes_per_second: NonZeroU32::new(1 << 20).unwrap(),
    };
}

/// The quotas of all shards that were written to.
#[derive(Debug)]
pub(super) struct ShardQuotas {
    /// `None`: no limit.
    limits: Option<ShardLimits>,
    by_shard: BTreeMap<ShardId, ShardQuota>,
}

#[derive(Debug)]
struct ShardQuota {
    records: Quota,
    bytes: Quota,
}

impl ShardQuotas {
    pub(super) fn new(limits: Option<ShardLimits>) -> Self {
        Self { limits, by_shard: BTreeMap::new() }
    }

    /// Takes a record of `bytes` out of the shard's quotas; `false` if one of them has not enough, and nothing is taken.
    pub(super) fn try_take(&mut self, shard_id: &ShardId, bytes: u32, now: Instant) -> bool {
        let Some(limits) = self.limits else { return true };
        let quota = self.by_shard.entry(shard_id.clone()).or_insert_with(|| ShardQuota {
            records: Quota::new(limits.records_per_second, now),
            bytes: Quota::new(limits.bytes_per_second, now),
        });
        let available = quota.records.holds(1, now) && quota.bytes.holds(bytes, now);
        if available {
            quota.records.take(1);
            quota.bytes.take(bytes);
        }
        available
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warmkeys::clock::{Clock, SystemClock};

    fn taken(quotas: &mut ShardQuotas, shard: usize, bytes: u32, now: Instant) -> usize {
        (0..5_000).filter(|_| quotas.try_take(&ShardId::new(shard), bytes, now)).count()
    }

    #[test]
    fn each_shard_takes_a_thousand_records_or_a_mebibyte() {
        let now = SystemClock.now().monotonic;
        let mut quotas = ShardQuotas::new(Some(ShardLimits::SERVICE));
        assert_eq!(taken(&mut quotas, 0, 10, now), 1_000);
        assert_eq!(taken(&mut quotas, 1, 10 << 10, now), 102);
        assert_eq!(taken(&mut quotas, 1, 4 << 10, now), 1, "what is throttled takes nothing");
    }
}
