//! How long things took, counted by magnitude.

use std::array;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Durations counted by magnitude: however many there are, they take the same room, and each is told to within 10 %.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationCounts([u64; CLASSES]);

/// As many classes as one metric may have values, with some to spare; the last begins at 88 s, beyond every time-out of an attempt.
const CLASSES: usize = 80;

/// The longest duration of each class (inclusive): from a tenth of a millisecond on, four classes to each doubling.
static BOUNDS: LazyLock<[Duration; CLASSES]> = LazyLock::new(|| array::from_fn(|class| magnitude(class as f64)));

/// A duration of the class: half-way between its bounds, as magnitudes go.
static MIDDLES: LazyLock<[Duration; CLASSES]> = LazyLock::new(|| array::from_fn(|class| magnitude(class as f64 - 0.5)));

fn magnitude(class: f64) -> Duration {
    Duration::from_secs_f64(1e-4 * 2_f64.powf(class / 4.0))
}

impl DurationCounts {
    /// Those that were counted after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut counts = self.0;
        for (count, before) in std::iter::zip(&mut counts, &before.0) {
            *count = count.saturating_sub(*before);
        }
        Self(counts)
    }

    /// The durations that occurred, ascending, and how often each did. At most 80.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, u64)> {
        std::iter::zip(MIDDLES.iter().copied(), self.0).filter(|(_, count)| *count > 0)
    }

    /// How many were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Default for DurationCounts {
    fn default() -> Self {
        Self([0; CLASSES])
    }
}

/// Counts durations, from several threads at a time.
#[derive(Debug)]
pub(super) struct DurationCounter([AtomicU64; CLASSES]);

impl DurationCounter {
    pub(super) fn note(&self, duration: Duration) {
        let class = BOUNDS.partition_point(|bound| *bound < duration).min(CLASSES - 1);
        if let Some(count) = self.0.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> DurationCounts {
        DurationCounts(array::from_fn(|class| self.0.get(class).map_or(0, |count| count.load(Ordering::Relaxed))))
    }
}

impl Default for DurationCounter {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_to_within_a_tenth() {
        for microseconds in [100_u64, 101, 999, 1_000, 7_500, 10_000, 123_456, 1_000_000, 60_000_000] {
            let (counter, duration) = (DurationCounter::default(), Duration::from_micros(microseconds));
            counter.note(duration);
            let counts = counter.counts();
            let [(told, 1)] = counts.iter().collect::<Vec<_>>()[..] else { panic!("{counts:?}") };
            let ratio = told.as_secs_f64() / duration.as_secs_f64();
            assert!((0.9..=1.1).contains(&ratio), "{duration:?} is told as {told:?}");
        }
    }

    #[test]
    fn nothing_is_too_short_or_too_long_and_what_was_before_is_not_counted_again() {
        let counter = DurationCounter::default();
        counter.note(Duration::ZERO);
        let before = counter.counts();
        [Duration::ZERO, Duration::MAX, Duration::MAX].into_iter().for_each(|duration| counter.note(duration));
        let after = counter.counts().since(&before);
        assert_eq!((after.total(), after.iter().map(|(_, count)| count).collect::<Vec<_>>()), (3, vec![1, 2]));
        assert_eq!(after.since(&after), DurationCounts::default());
    }
}
