//! From a Kinesis event to the checkpoint: which records were finished, in shard order.
//!
//! The event's bytes -> [`ShardBatch`] (validated, aggregates taken apart) -> plan (the distinct data keys) ->
//! resolve (as few KMS calls as can matter) -> opening (on every core) -> finishing (the sink and the quarantine) ->
//! [`BatchReport`] (the checkpoint).

mod event;
mod finishing;
mod opening;
mod plan;
mod processor;
mod report;
mod resolve;
mod shard_batch;
mod units;

#[cfg(test)]
mod tests;

pub use event::ForeignEvent;
pub use processor::{BatchError, BatchProcessor, BatchSettings};
pub use report::{BatchReport, Checkpoint, PhaseDurations};
pub use resolve::{ResolveSettings, UnavailableKeys};
pub use shard_batch::{EventError, ShardBatch};
