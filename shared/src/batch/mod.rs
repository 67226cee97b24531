//! From a Kinesis event to the checkpoint: which records were finished, in shard order.

mod sequence_number;
mod shard_record;

pub use sequence_number::SequenceNumber;
pub use shard_record::ShardRecord;
