//! Units: what a checkpoint cannot take apart.
//!
//! A checkpoint is a sequence number, and all user records of one aggregate share one. So a checkpoint at any of them brings
//! all of them back, and delivering the first half would only make duplicates. Neighbours with one sequence number are a unit:
//! finished as a whole or not at all. It makes no difference whether this function took the aggregate apart or (with enhanced
//! fan-out) Lambda did.
//!
//! So a unit that a destination cannot take within one invocation never gets through: the function's time-out must be long
//! enough for the largest aggregate, at the rate at which the sink takes records of one partition key.

use crate::records::ShardRecord;

/// The index of the first record of the unit that `index` belongs to. An index past the end is a unit of its own.
pub(super) fn unit_start(records: &[ShardRecord], index: usize) -> usize {
    let Some(record) = records.get(index) else { return index };
    let before = records.get(..index).unwrap_or_default();
    let shared = before.iter().rev().take_while(|earlier| earlier.sequence_number == record.sequence_number);
    index - shared.count()
}

/// For each record the index of the first record of its unit.
pub(super) fn unit_starts(records: &[ShardRecord]) -> Vec<usize> {
    let mut start = 0;
    let mut previous = None;
    let starts = records.iter().enumerate().map(|(index, record)| {
        if previous.replace(&record.sequence_number) != Some(&record.sequence_number) {
            start = index;
        }
        start
    });
    starts.collect()
}
