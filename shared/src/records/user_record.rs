//! A record as a producer gives it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// A record as a producer gives it: what is written to a stream, an entry of a `PutRecords` request, or a part of a KPL aggregate.
/// Cheap to clone. `Debug` does not show the data.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// 1 to 256 characters. Decides the shard, and what is kept in order.
    pub partition_key: Arc<str>,
    /// A decimal number below 2^128 that decides the shard instead of the partition key.
    pub explicit_hash_key: Option<Arc<str>>,
    /// The payload, possibly empty.
    pub data: Bytes,
}

impl UserRecord {
    /// The bytes that count against the limits: of the data (before base64) and of the partition key (in UTF-8).
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }
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
