//! From a Kinesis event to the checkpoint: which records were finished, in shard order.
//!
//! [`KinesisEvent`] (as it came) -> [`ShardBatch`] (validated, aggregates taken apart) -> plan (the distinct data keys) ->
//! resolve (as few KMS calls as can matter) -> opening (on every core) -> finishing (the sink and the quarantine) ->
//! [`BatchReport`] (the checkpoint).

mod deadlines;
mod event;
mod finishing;
mod opening;
mod plan;
mod processor;
mod report;
mod resolve;
mod sequence_number;
mod shard_batch;
mod shard_record;
mod units;

#[cfg(test)]
mod tests;

pub(crate) use deadlines::PhaseDeadlines;
pub use deadlines::TimeReserves;
pub use event::KinesisEvent;
pub use processor::{BatchError, BatchProcessor, BatchSettings};
pub use report::{BatchReport, Checkpoint, PhaseDurations};
pub use resolve::{ResolveSettings, UnavailableKeys};
pub use sequence_number::SequenceNumber;
pub use shard_batch::{EventError, ShardBatch};
pub use shard_record::ShardRecord;
