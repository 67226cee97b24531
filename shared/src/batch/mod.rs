//! From a Kinesis event to the checkpoint: which records were finished, in shard order.
//!
//! The bytes of an event -> [`ShardBatch`] (validated, aggregates taken apart) -> a
//! [`Decryptor`](crate::decryptor::Decryptor) (data keys and opening, in shard order) -> finishing (the sink and the
//! quarantine) -> [`BatchReport`] (the checkpoint).

mod event;
mod finishing;
mod processor;
mod quarantined_record;
mod redrive;
mod report;
mod sentence;
mod shard_batch;
mod suspicion;
mod units;
mod variables;

#[cfg(test)]
mod tests;

pub use event::{EventError, ForeignEvent};
pub use processor::{BatchError, BatchProcessor, BatchSettings};
pub use quarantined_record::QuarantinedRecord;
pub use redrive::{REDRIVE, RedriveAnswer, UnfinishedReason};
pub use report::{BatchReport, Checkpoint, PhaseDurations};
pub use shard_batch::ShardBatch;
pub use suspicion::SuspiciousBatches;
pub use variables::VARIABLES;
