//! Kinesis Producer Library aggregation: many user records in one Kinesis record.
//!
//! `F3 89 9A C2`, the protobuf message `AggregatedRecord`, and the MD5 of the protobuf.
//! <https://github.com/awslabs/kinesis-aggregation/blob/master/KPL_AGGREGATION_FORMAT.md>

mod aggregate;
mod aggregated_record;
mod deaggregate;
mod field_counts;

pub use aggregate::aggregate;
#[cfg(test)]
pub(crate) use deaggregate::deaggregate_unencrypted;
pub use deaggregate::{MIN_MEAN_PAYLOAD_LEN, deaggregate};

/// What every aggregate begins with.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The bytes of the MD5 that every aggregate ends with.
const DIGEST_LEN: usize = 16;
