//! Kinesis Producer Library aggregation: many user records in one Kinesis record.
//!
//! `F3 89 9A C2`, the protobuf message `AggregatedRecord`, and the MD5 of the protobuf.
//! <https://github.com/awslabs/kinesis-aggregation/blob/master/KPL_AGGREGATION_FORMAT.md>

mod aggregate;
mod aggregated_record;
mod deaggregate;
mod keys;
mod wire;

pub use aggregate::aggregate;
#[cfg(test)]
pub(crate) use deaggregate::deaggregate_unencrypted;
pub use deaggregate::{MIN_ENCRYPTED_LEN, Members, deaggregate};

/// What every aggregate begins with.
pub(crate) const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The bytes of the MD5 that every aggregate ends with.
const DIGEST_LEN: usize = 16;

/// The numbers of an `AggregatedRecord`'s fields.
mod field {
    pub(super) const PARTITION_KEY: u32 = 1;
    pub(super) const EXPLICIT_HASH_KEY: u32 = 2;
    pub(super) const RECORD: u32 = 3;
}
