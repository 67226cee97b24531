//! How many records share a data key.

use serde::Serialize;

use crate::inspect::sample::DataKeys;

/// How many data keys there are, and records of each.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Distribution {
    /// Distinct data keys.
    pub(crate) distinct: u64,
    /// Whether all were counted; else one of several was, and stands for them.
    pub(crate) is_exact: bool,
    /// `None` if there are none.
    pub(crate) records_per_data_key: Option<Spread>,
    /// From few records to many, without empty ranges.
    pub(crate) ranges: Vec<Range>,
}

/// Records of a data key.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spread {
    pub(crate) min: u64,
    pub(crate) median: u64,
    pub(crate) mean: f64,
    pub(crate) percentile95: u64,
    pub(crate) max: u64,
}

/// Data keys with so many records each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Range {
    /// Inclusive, both.
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) data_keys: u64,
    pub(crate) records: u64,
}

impl Distribution {
    pub(crate) fn new(data_keys: &DataKeys) -> Self {
        let by_data_key = data_keys.by_data_key();
        let mut records: Vec<u64> = by_data_key.iter().map(|uses| uses.iter().map(|uses| uses.records).sum()).collect();
        records.sort_unstable();
        let weight = data_keys.whole_weight();
        Self {
            distinct: length(&records).saturating_mul(weight),
            is_exact: data_keys.are_exact(),
            records_per_data_key: Spread::of(&records),
            ranges: ranges(&records, weight),
        }
    }
}

impl Spread {
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    fn of(sorted: &[u64]) -> Option<Self> {
        let at = |percent: usize| sorted.get((sorted.len().saturating_sub(1)) * percent / 100).copied();
        Some(Self {
            min: *sorted.first()?,
            median: at(50)?,
            mean: sum(sorted) as f64 / sorted.len() as f64,
            percentile95: at(95)?,
            max: *sorted.last()?,
        })
    }
}

/// One record, then powers of ten.
fn ranges(sorted: &[u64], weight: u64) -> Vec<Range> {
    let mut ranges = Vec::new();
    let (mut from, mut to) = (1, 1);
    let mut rest = sorted;
    while !rest.is_empty() {
        let (within, beyond) = rest.split_at(rest.partition_point(|records| *records <= to));
        if !within.is_empty() {
            let records = sum(within);
            let data_keys = length(within).saturating_mul(weight);
            ranges.push(Range { from, to, data_keys, records: records.saturating_mul(weight) });
        }
        rest = beyond;
        (from, to) = (to.saturating_add(1), if to == 1 { 9 } else { to.saturating_mul(10).saturating_add(9) });
    }
    ranges
}

fn sum(records: &[u64]) -> u64 {
    records.iter().fold(0, |sum: u64, records| sum.saturating_add(*records))
}

fn length(records: &[u64]) -> u64 {
    u64::try_from(records.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keys_are_put_into_ranges_by_powers_of_ten() {
        let range = |from, to, data_keys, records| Range { from, to, data_keys, records };
        assert_eq!(ranges(&[], 1), []);
        assert_eq!(
            ranges(&[1, 1, 2, 9, 10, 99, 1_000], 1),
            [range(1, 1, 2, 2), range(2, 9, 2, 11), range(10, 99, 2, 109), range(1_000, 9_999, 1, 1_000)]
        );
        assert_eq!(ranges(&[5], 4), [range(2, 9, 4, 20)]);
        assert_eq!(ranges(&[u64::MAX], 1).len(), 1);
    }
}
