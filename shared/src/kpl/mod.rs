//! Kinesis Producer Library aggregation: many user records in one Kinesis record.
//!
//! `F3 89 9A C2`, the protobuf message `AggregatedRecord`, and the MD5 of the protobuf.
//! <https://github.com/awslabs/kinesis-aggregation/blob/master/KPL_AGGREGATION_FORMAT.md>

mod aggregate;
mod aggregated_record;
mod deaggregate;
mod field_counts;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use aggregate::aggregate;
#[cfg(test)]
pub(crate) use deaggregate::deaggregate_unencrypted;
pub use deaggregate::{MIN_MEAN_PAYLOAD_LEN, deaggregate};

/// One user record of an aggregate. Cheap to clone. `Debug` does not show the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The partition key that the producer gave: 1 to 256 characters, as [`deaggregate`] checks and [`aggregate`] does not.
    pub partition_key: Arc<str>,
    /// The explicit hash key, where the producer gave one: a decimal number below 2^128, checked likewise.
    pub explicit_hash_key: Option<Arc<str>>,
    /// The payload.
    pub data: Bytes,
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("partition_key", &self.partition_key)
            .field("explicit_hash_key", &self.explicit_hash_key)
            .field("data_len", &self.data.len())
            .finish()
    }
}

/// What every aggregate begins with.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The bytes of the MD5 that every aggregate ends with.
const DIGEST_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_payload() {
        let record = UserRecord {
            partition_key: "k".into(),
            explicit_hash_key: None,
            data: Bytes::from_static(b"patient 4711"),
        };
        let text = format!("{record:?}");
        assert!(text.contains("data_len: 12") && !text.contains("4711"), "{text}");
    }
}
