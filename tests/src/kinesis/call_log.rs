//! How often the embedded Kinesis was called, and what became of the entries.

use std::collections::BTreeMap;

use super::operation::Operation;

/// The calls since the start.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    pub(super) by_operation: BTreeMap<Operation, u64>,
    /// The entries of all `PutRecords` requests that were carried out.
    pub entries: EntryCounts,
}

/// What became of entries. Each is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryCounts {
    /// In the stream.
    pub written: u64,
    /// Failed with `ProvisionedThroughputExceededException`.
    pub throttled: u64,
    /// Failed with `InternalFailure`.
    pub failed: u64,
}

impl CallLog {
    /// The calls of `operation`, however they ended.
    #[must_use]
    pub fn of(&self, operation: Operation) -> u64 {
        self.by_operation.get(&operation).copied().unwrap_or_default()
    }
}
