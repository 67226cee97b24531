//! Opens a batch's records on every core, in order.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::plan::BatchPlan;
use super::resolve::DataKeyOutcome;
use crate::clock::Clock;
use crate::failure::{FailureClass, describe};
use crate::record_format::RecordFormat;
use crate::records::{OpenedRecord, RejectedRecord, ShardRecord};
use crate::retry::Deadline;
use crate::worker_threads::longest_prefix;

/// Everything that opening takes. Owned, so that it can leave the async runtime's threads.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) records: Arc<[ShardRecord]>,
    /// Records from here on wait for the redelivery.
    pub(super) end: usize,
    pub(super) plan: BatchPlan,
    pub(super) data_keys: Vec<DataKeyOutcome>,
    pub(super) format: Arc<RecordFormat>,
}

/// A record that needs nothing more but to be passed on.
pub(super) type Finished = Result<OpenedRecord, RejectedRecord>;

impl Opening {
    /// Opens the records before `end`, on up to `max_threads` threads, this one included.
    ///
    /// Returns the longest prefix that was finished by `deadline`, in order. The deadline is looked at between records.
    pub(super) fn run(&self, max_threads: NonZeroUsize, deadline: Deadline, clock: &dyn Clock) -> Vec<Finished> {
        longest_prefix(self.end, max_threads, |index| {
            if deadline.has_passed(clock.now().monotonic) { None } else { self.finish(index) }
        })
    }

    /// Opens one record. `None` if its data key is not there, which does not occur before `end`.
    fn finish(&self, index: usize) -> Option<Finished> {
        let record = self.records.get(index)?;
        let data_key = match self.plan.records.get(index)? {
            Ok(data_key) => *data_key,
            Err(error) => return Some(Err(rejected(record, error.class(), error))),
        };
        let planned = self.plan.data_keys.get(data_key)?;
        let materials = match self.data_keys.get(data_key)? {
            DataKeyOutcome::Ready(materials) => materials,
            DataKeyOutcome::Rejected(error) => return Some(Err(rejected(record, error.class(), error))),
            DataKeyOutcome::Waiting => return None,
        };
        // Reading the header again costs a fiftieth of opening. Keeping what was read would tie it to the borrowed payloads.
        let opened =
            self.format.read(&record.data).and_then(|sealed| sealed.open(materials, &planned.reproduced_context));
        Some(match opened {
            Ok(plaintext) => Ok(OpenedRecord {
                record: record.clone(),
                encryption_context: Arc::clone(&planned.encryption_context),
                plaintext,
            }),
            Err(error) => Err(rejected(record, error.class(), &error)),
        })
    }
}

fn rejected(record: &ShardRecord, class: FailureClass, error: &dyn std::error::Error) -> RejectedRecord {
    RejectedRecord { record: record.clone(), class, reason: describe(error) }
}
