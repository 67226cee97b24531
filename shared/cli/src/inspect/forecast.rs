//! How many KMS calls there will be: pure arithmetic on what was counted. docs/inspect.md explains it.

use std::time::Duration;

use super::sample::{DataKeys, Use};
use super::time::Millis;

/// How many KMS calls records take, with one per record and with Warmkeys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Forecast {
    /// For the records that were read.
    pub(crate) in_sample: Calls,
    /// A second, once every cache is warm; `None` if no rate is known.
    pub(crate) per_second: Option<Rates>,
}

/// Calls for the records that were read, each read once, with cold caches at the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Calls {
    /// One per record.
    pub(crate) without: f64,
    /// One per data key in each lane, and its renewals, if each lane stays in its sandbox.
    pub(crate) with: f64,
    /// If every sandbox comes to need the data keys of every lane.
    pub(crate) with_at_most: f64,
}

/// Calls a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// One per record.
    pub(crate) without: f64,
    /// If each lane stays in its sandbox.
    pub(crate) with: f64,
    /// If every sandbox comes to need the data keys of every lane.
    pub(crate) with_at_most: f64,
}

/// Over which time records came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    /// When the first of them came.
    pub(crate) first: Millis,
    /// The time in which they came, in seconds; above 0.
    pub(crate) seconds: f64,
}

impl Forecast {
    /// The forecast for `readable` records with these data keys, in `lanes` lanes, with data keys cached for `max_age`.
    #[expect(clippy::cast_precision_loss, reason = "estimates")]
    pub(crate) fn new(
        readable: u64,
        data_keys: &DataKeys,
        lanes: u32,
        max_age: Duration,
        course: Option<Course>,
    ) -> Self {
        let ages = Ages::new(max_age);
        let by_data_key = data_keys.by_data_key();
        let weight = data_keys.weight();
        let with: f64 = by_data_key.iter().flatten().map(|uses| ages.loads(uses)).sum();
        let without = readable as f64;
        let with = (with * weight).min(without);
        let at_most: f64 = by_data_key.iter().map(|uses| ages.loads_everywhere(uses, lanes)).sum();
        let with_at_most = (at_most * weight).clamp(with, without.max(with));
        Self {
            in_sample: Calls { without, with, with_at_most },
            per_second: course.map(|course| {
                let without = without / course.seconds;
                let (with, at_most) = steady(&by_data_key, lanes, ages, course);
                let with = (with * weight).min(without);
                Rates { without, with, with_at_most: (at_most * weight).clamp(with, without) }
            }),
        }
    }
}

/// After which times a cached data key is loaded again, in seconds.
#[derive(Clone, Copy, Debug)]
struct Ages {
    /// The first time.
    max: f64,
    /// From then on: a data key that outlived its time in the cache once is renewed ahead.
    refresh: f64,
}

impl Ages {
    fn new(max_age: Duration) -> Self {
        let refresh = warmkeys::materials_cache::CacheSettings::default_refresh_after(max_age);
        Self { max: max_age.as_secs_f64(), refresh: refresh.as_secs_f64() }
    }

    /// How often it is loaded if as many sandboxes need it as there can be.
    #[expect(clippy::cast_precision_loss, reason = "estimates")]
    fn loads_everywhere(self, uses: &[Use], lanes: u32) -> f64 {
        let records: u64 = uses.iter().map(|uses| uses.records).sum();
        let most = uses.iter().map(|uses| self.loads(uses)).fold(0.0, f64::max);
        (most * f64::from(lanes)).min(records as f64)
    }

    /// How often the data key is loaded for these uses.
    #[expect(clippy::cast_precision_loss, reason = "estimates")]
    fn loads(self, uses: &Use) -> f64 {
        let records = uses.records as f64;
        if !uses.is_cacheable {
            return records;
        }
        let seconds = uses.span.seconds();
        let loads = if seconds < self.max { 1.0 } else { 2.0 + ((seconds - self.max) / self.refresh).floor() };
        loads.min(records)
    }
}

/// Calls a second once caches are warm: with each lane in its sandbox, and with all in all.
///
/// The first half of the time warms the caches. Data keys that come in the second half are loaded then. Those that are used in both halves
/// live on, and are loaded again when their time in the cache is over: as often as they were seen to, if the records came over twice that
/// time. If not, nobody can tell whether their producers replace them before, as often as new ones were seen; so the larger of the two counts.
fn steady(by_data_key: &[Vec<Use>], lanes: u32, ages: Ages, course: Course) -> (f64, f64) {
    let window = course.seconds / 2.0;
    let is_long = window >= ages.max;
    let mut own = Loads::default();
    let mut everywhere = Loads::default();
    for uses in by_data_key {
        let mut most: Option<Loads> = None;
        for one in uses {
            let loads = Loads::of(one, course, window, ages, is_long);
            own.add(loads, 1.0);
            most = Some(most.map_or(loads, |most| most.max(loads)));
        }
        // A data key of three records can be needed in three sandboxes at most; one that lives on comes to all.
        let records: u64 = uses.iter().map(|uses| uses.records).sum();
        let mut most = most.unwrap_or_default();
        let finished = f64::from(u32::try_from(records).unwrap_or(u32::MAX).min(lanes));
        most.new *= finished;
        most.renewed *= f64::from(lanes);
        most.uncached *= f64::from(u32::try_from(uses.len()).unwrap_or(u32::MAX));
        everywhere.add(most, 1.0);
    }
    (own.per_second(window, is_long), everywhere.per_second(window, is_long))
}

/// Loads in the second half of the time.
#[derive(Clone, Copy, Debug, Default)]
struct Loads {
    /// Of data keys that were not used before.
    new: f64,
    /// Of data keys that were: as seen, or as to be expected.
    renewed: f64,
    /// Of data keys that are not cached.
    uncached: f64,
}

impl Loads {
    #[expect(clippy::cast_precision_loss, reason = "estimates")]
    fn of(uses: &Use, course: Course, window: f64, ages: Ages, is_long: bool) -> Self {
        let Some((first, last)) = uses.span.ends() else { return Self::default() };
        let since_start = |time: Millis| time.saturating_sub(course.first) as f64 / 1000.0;
        let (first, last) = (since_start(first), since_start(last));
        let in_second_half =
            if first >= window { 1.0 } else { ((last - window) / (last - first).max(0.001)).clamp(0.0, 1.0) };
        if !uses.is_cacheable {
            return Self { uncached: uses.records as f64 * in_second_half, ..Self::default() };
        }
        if first >= window {
            return Self { new: ages.loads(uses), ..Self::default() };
        }
        if last < window {
            return Self::default();
        }
        let renewed = if is_long {
            ((last - window) / ages.refresh).min(uses.records as f64 * in_second_half)
        } else {
            window / ages.refresh
        };
        Self { renewed, ..Self::default() }
    }

    fn add(&mut self, other: Self, times: f64) {
        self.new += other.new * times;
        self.renewed += other.renewed * times;
        self.uncached += other.uncached * times;
    }

    fn max(self, other: Self) -> Self {
        Self {
            new: self.new.max(other.new),
            renewed: self.renewed.max(other.renewed),
            uncached: self.uncached.max(other.uncached),
        }
    }

    fn per_second(self, window: f64, is_long: bool) -> f64 {
        let cached = if is_long { self.new + self.renewed } else { self.new.max(self.renewed) };
        (cached + self.uncached) / window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::sample::DataKey;

    const MAX_AGE: Duration = Duration::from_secs(300);

    /// Data keys with their lanes and the seconds in which they are used.
    fn forecast(uses: &[(u64, u32, &[u64])], lanes: u32, seconds: f64) -> Forecast {
        let mut data_keys = DataKeys::default();
        let mut records = 0;
        for (id, lane, times) in uses {
            for time in *times {
                data_keys.add(DataKey { id: *id, is_cacheable: true }, *lane, Some(time * 1000));
                records += 1;
            }
        }
        Forecast::new(records, &data_keys, lanes, MAX_AGE, Some(Course { first: 0, seconds }))
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn each_lane_loads_a_data_key_once_and_again_when_its_time_is_over() {
        for (times, loads) in [
            (&[0, 299][..], 1.0),
            (&[0, 300], 2.0),
            (&[0, 100, 200, 300, 400, 500, 539], 2.0),
            (&[0, 100, 200, 300, 400, 500, 540], 3.0), // renewed ahead: 240 s after the first renewal
            (&[0, 86_400], 2.0),                       // not more often than it is used
        ] {
            assert!(close(forecast(&[(1, 0, times)], 1, 1.0).in_sample.with, loads), "{times:?}");
        }
        let two_lanes = forecast(&[(1, 0, &[0, 1]), (1, 1, &[0, 1]), (2, 0, &[0])], 2, 1.0);
        assert_eq!(two_lanes.in_sample, Calls { without: 5.0, with: 3.0, with_at_most: 3.0 });
    }

    #[test]
    fn a_data_key_per_record_costs_what_it_did() {
        let times: Vec<[u64; 1]> = (0..100).map(|second| [second]).collect();
        let uses: Vec<_> = times.iter().zip(0..).map(|(times, id)| (id, 0, &times[..])).collect();
        let forecast = forecast(&uses, 4, 100.0);
        assert_eq!(forecast.in_sample, Calls { without: 100.0, with: 100.0, with_at_most: 100.0 });
        let rates = forecast.per_second.unwrap();
        assert!(close(rates.without, 1.0) && close(rates.with, 1.0) && close(rates.with_at_most, 1.0), "{rates:?}");
    }

    #[test]
    fn data_keys_that_live_on_are_renewed_every_four_fifths_of_the_maximum_age() {
        // In a short sample this is assumed, in a long one it was seen.
        for seconds in [60_u64, 6_000] {
            let times: Vec<_> = (0..seconds).collect();
            let rates = forecast(&[(1, 0, &times)], 1, seconds as f64).per_second.unwrap();
            assert!((rates.with - 1.0 / 240.0).abs() < 1e-4, "{rates:?}");
        }
    }

    #[test]
    fn data_keys_that_are_replaced_cost_one_call_each() {
        // A new one every 10 seconds.
        let times: Vec<Vec<u64>> = (0..60).map(|number| (number * 10..number * 10 + 10).collect()).collect();
        let uses: Vec<_> = times.iter().zip(0..).map(|(times, id)| (id, 0, &times[..])).collect();
        let rates = forecast(&uses, 1, 600.0).per_second.unwrap();
        assert!((rates.with - 0.1).abs() < 0.01, "{rates:?}");
    }

    #[test]
    fn at_most_all_sandboxes_need_all_data_keys_that_live_on() {
        let times: Vec<_> = (0..60).collect();
        let rates = forecast(&[(1, 0, &times), (2, 1, &times)], 2, 60.0).per_second.unwrap();
        assert!(close(rates.with, 2.0 / 240.0) && close(rates.with_at_most, 4.0 / 240.0), "{rates:?}");
    }

    #[test]
    fn what_is_not_cached_costs_a_call_per_record() {
        let mut data_keys = DataKeys::default();
        for second in 0..100 {
            data_keys.add(DataKey { id: 1, is_cacheable: false }, 0, Some(second * 1000));
        }
        let forecast = Forecast::new(100, &data_keys, 1, MAX_AGE, Some(Course { first: 0, seconds: 100.0 }));
        assert!(close(forecast.in_sample.with, 100.0));
        assert!((forecast.per_second.unwrap().with - 1.0).abs() < 0.05);
    }
}
