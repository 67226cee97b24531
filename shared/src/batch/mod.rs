//! From a Kinesis event to the checkpoint: which records were finished, in shard order.

mod event;
mod sequence_number;
mod shard_batch;
mod shard_record;

pub use event::KinesisEvent;
pub use sequence_number::SequenceNumber;
pub use shard_batch::{EventError, ShardBatch};
pub use shard_record::ShardRecord;
