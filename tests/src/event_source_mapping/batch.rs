//! The records of one invocation.

use std::time::SystemTime;

use crate::stream::StreamRecord;

/// The records of one invocation, in the order of the shard, and what they have been through.
#[derive(Clone, Debug)]
pub struct Batch {
    /// At least one.
    pub records: Vec<StreamRecord>,
    /// How often this batch failed without progress: what counts towards `MaximumRetryAttempts`.
    pub failures: u32,
    /// How often any of these records was in an invocation.
    pub invocations: u32,
    /// When it may be tried (again).
    pub not_before: SystemTime,
}

impl Batch {
    /// The largest event, in bytes.
    ///
    /// > Invocation payload (request and response): 6 MB each for request and response (synchronous)
    /// > <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    pub const MAX_EVENT_LEN: usize = 6 * 1024 * 1024;

    /// What a record takes up in an event beside its data and its partition key, in bytes: rounded up.
    const RECORD_OVERHEAD: usize = 600;

    /// Records that were in no invocation so far.
    pub(super) fn new(records: Vec<StreamRecord>, now: SystemTime) -> Self {
        Self { records, failures: 0, invocations: 0, not_before: now }
    }

    /// An upper bound of what `record` takes up in an event, in bytes.
    pub(super) fn event_len(record: &StreamRecord) -> usize {
        let base64_len = record.data.len().div_ceil(3) * 4;
        // Each byte of a partition key is at most six once escaped in JSON.
        base64_len + record.partition_key.len() * 6 + Self::RECORD_OVERHEAD
    }
}
