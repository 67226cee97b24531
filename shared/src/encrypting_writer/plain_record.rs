//! A record in clear, on its way into the stream.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::message::EncryptionContext;
use crate::records::UserRecord;

/// A record to be encrypted and written. `Debug` does not show the plaintext.
#[derive(Clone)]
pub struct PlainRecord {
    /// 1 to 256 characters. Decides the shard, and what is kept in order.
    pub partition_key: Arc<str>,
    /// A decimal number below 2^128 that decides the shard instead of the partition key.
    pub explicit_hash_key: Option<Arc<str>>,
    /// What is encrypted, possibly empty.
    pub plaintext: Bytes,
    /// The record's own pairs; those of the settings come in addition.
    pub encryption_context: EncryptionContext,
}

impl PlainRecord {
    /// The record as it travels, with `data` instead of the plaintext.
    pub(super) fn with_data(&self, data: Bytes) -> UserRecord {
        let explicit_hash_key = self.explicit_hash_key.clone();
        UserRecord { partition_key: Arc::clone(&self.partition_key), explicit_hash_key, data }
    }
}

impl fmt::Debug for PlainRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainRecord")
            .field("partition_key", &self.partition_key)
            .field("explicit_hash_key", &self.explicit_hash_key)
            .field("plaintext_len", &self.plaintext.len())
            .finish_non_exhaustive()
    }
}
