//! The limits of a materials cache.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::AgeLimits;

/// The limits of a materials cache, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    max_age: Duration,
    refresh_after: Option<Duration>,
    capacity: NonZeroUsize,
    failure_max_age: Duration,
    partition: String,
}

impl CacheSettings {
    /// The default maximum age of a data key: one KMS call in five minutes for each data key and execution environment costs
    /// little, and a key that an operator disables is out of use within five minutes.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

    /// The allowed maximum ages. A day is already far beyond what the message format's documentation suggests.
    pub const MAX_AGE_BOUNDS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);

    /// The default capacity: about 1.2 MB, or 4 MB with public keys. An entry takes some 300 bytes, with a public key about 1 KB; when
    /// encrypting, also its serialised encryption context and some 270 bytes for each wrapping key. A cache that holds fewer keys than
    /// are in use thrashes: with 1,000 active producers, 1,000 entries cost 1.8 to 3.2 times the KMS calls.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

    /// The largest capacity: about 30 MB, or 100 MB with public keys, by the same reckoning; when encrypting, more.
    pub const MAX_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// The default age of a remembered permanent failure: long enough for a batch and its immediate redelivery, short enough that
    /// a mistake in a key's configuration, once fixed, is soon forgotten.
    pub const DEFAULT_FAILURE_MAX_AGE: Duration = Duration::from_secs(10);

    /// The longest that a permanent failure may be remembered.
    pub const MAX_FAILURE_MAX_AGE: Duration = Duration::from_secs(300);

    /// The default partition. Caches of different partitions never share an entry; one process normally has one cache.
    pub const DEFAULT_PARTITION: &'static str = "warmkeys";

    /// How many permanent failures are remembered. Apart from the data keys, so that a flood of poison records evicts no data key.
    pub(super) const FAILURE_CAPACITY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// The least time between two tries to refresh one entry: a throttled KMS is not made worse by refreshes that can wait.
    pub(super) const REFRESH_INTERVAL: Duration = Duration::from_secs(10);

    /// The most time that one refresh may take. The entry still serves, so a refresh needs none of the patience of a load.
    pub(super) const REFRESH_TIME_LIMIT: Duration = Duration::from_secs(2);

    /// Entries live for `max_age`, and are refreshed from the age of `refresh_after` on (`None`: they are loaded anew when they
    /// have expired); at most `capacity` are kept.
    ///
    /// # Errors
    /// [`CacheSettingsError`], by what is out of its bounds.
    pub fn new(
        max_age: Duration,
        refresh_after: Option<Duration>,
        capacity: usize,
    ) -> Result<Self, CacheSettingsError> {
        if !Self::MAX_AGE_BOUNDS.contains(&max_age) {
            return Err(CacheSettingsError::MaxAge { max_age });
        }
        if let Some(refresh_after) = refresh_after.filter(|age| age.is_zero() || *age >= max_age) {
            return Err(CacheSettingsError::RefreshAfter { refresh_after, max_age });
        }
        let capacity = NonZeroUsize::new(capacity)
            .filter(|capacity| *capacity <= Self::MAX_CAPACITY)
            .ok_or(CacheSettingsError::Capacity { capacity })?;
        let failure_max_age = Self::DEFAULT_FAILURE_MAX_AGE;
        Ok(Self { max_age, refresh_after, capacity, failure_max_age, partition: Self::DEFAULT_PARTITION.to_owned() })
    }

    /// The same, but permanent failures are remembered for `failure_max_age`; zero turns that off.
    ///
    /// # Errors
    /// [`CacheSettingsError::FailureMaxAge`] if it is longer than [`MAX_FAILURE_MAX_AGE`](Self::MAX_FAILURE_MAX_AGE).
    pub fn with_failure_max_age(self, failure_max_age: Duration) -> Result<Self, CacheSettingsError> {
        if failure_max_age > Self::MAX_FAILURE_MAX_AGE {
            return Err(CacheSettingsError::FailureMaxAge { failure_max_age });
        }
        Ok(Self { failure_max_age, ..self })
    }

    /// The same in another partition.
    #[must_use]
    pub fn with_partition(self, partition: impl Into<String>) -> Self {
        Self { partition: partition.into(), ..self }
    }

    /// When to begin refreshing entries that live for `max_age`, if nothing else is said: after four fifths of it.
    #[must_use]
    pub fn default_refresh_after(max_age: Duration) -> Duration {
        max_age / 5 * 4
    }

    /// The most entries.
    #[must_use]
    pub fn capacity(&self) -> NonZeroUsize {
        self.capacity
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The ages of the entries.
    #[must_use]
    pub(super) fn age_limits(&self) -> AgeLimits {
        let refresh_interval = Self::REFRESH_INTERVAL;
        AgeLimits { max_age: self.max_age, refresh_after: self.refresh_after, refresh_interval }
    }

    /// The ages of remembered permanent failures.
    #[must_use]
    pub(super) fn failure_age_limits(&self) -> AgeLimits {
        AgeLimits { max_age: self.failure_max_age, refresh_after: None, refresh_interval: Duration::ZERO }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            max_age: Self::DEFAULT_MAX_AGE,
            refresh_after: Some(Self::default_refresh_after(Self::DEFAULT_MAX_AGE)),
            capacity: Self::DEFAULT_CAPACITY,
            failure_max_age: Self::DEFAULT_FAILURE_MAX_AGE,
            partition: Self::DEFAULT_PARTITION.to_owned(),
        }
    }
}

/// Why cache settings were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheSettingsError {
    /// The maximum age is out of bounds.
    #[error("the maximum age is {max_age:?}, and 1 second to 1 day is allowed")]
    MaxAge {
        /// The age.
        max_age: Duration,
    },
    /// The refresh would come too late to keep anything, or at once.
    #[error(
        "the refresh is after {refresh_after:?}; it has to be after some time, and before the maximum age of {max_age:?}"
    )]
    RefreshAfter {
        /// The age at which to refresh.
        refresh_after: Duration,
        /// The maximum age.
        max_age: Duration,
    },
    /// The capacity is out of bounds.
    #[error("the capacity is {capacity}, and 1 to {} is allowed", CacheSettings::MAX_CAPACITY)]
    Capacity {
        /// The capacity.
        capacity: usize,
    },
    /// Permanent failures would be remembered for too long.
    #[error("permanent failures are remembered for {failure_max_age:?}, and at most 5 minutes are allowed")]
    FailureMaxAge {
        /// The age.
        failure_max_age: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_defaults_pass_their_own_checks() {
        let defaults = CacheSettings::default();
        let checked = CacheSettings::new(defaults.max_age, defaults.refresh_after, defaults.capacity.get());
        assert_eq!(checked, Ok(defaults));
    }

    #[test]
    fn the_maximum_age_is_one_second_to_one_day() {
        let with = |max_age| CacheSettings::new(max_age, None, 1);
        assert!(with(Duration::from_millis(999)).is_err());
        assert!(with(seconds(1)).is_ok() && with(seconds(86_400)).is_ok());
        assert!(with(seconds(86_401)).is_err());
    }

    #[test]
    fn a_refresh_comes_before_the_maximum_age() {
        let with = |refresh_after| CacheSettings::new(seconds(300), Some(refresh_after), 1);
        assert!(with(Duration::ZERO).is_err());
        assert!(with(seconds(299)).is_ok());
        assert!(with(seconds(300)).is_err());
        assert!(with(seconds(301)).is_err());
    }

    #[test]
    fn the_capacity_is_one_to_a_hundred_thousand() {
        let with = |capacity| CacheSettings::new(seconds(300), None, capacity);
        assert_eq!(with(0), Err(CacheSettingsError::Capacity { capacity: 0 }));
        assert!(with(1).is_ok() && with(100_000).is_ok());
        assert!(with(100_001).is_err());
    }

    #[test]
    fn a_permanent_failure_is_remembered_for_five_minutes_at_most() {
        let with = |age| CacheSettings::default().with_failure_max_age(age);
        assert!(with(Duration::ZERO).is_ok() && with(seconds(300)).is_ok());
        assert!(with(seconds(301)).is_err());
    }
}
