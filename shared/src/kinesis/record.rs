//! A record on its way out, and the receipt for it.

use std::sync::Arc;

use super::settings::MaxRecordBytes;
use crate::records::{HashKey, SequenceNumber, UserRecord};

impl UserRecord {
    /// Checks the record against the service's limits, without sending it.
    ///
    /// # Errors
    /// [`RecordError`]: no retry will ever write this record.
    pub fn check(&self, limit: MaxRecordBytes) -> Result<(), RecordError> {
        self.hash_key(limit).map(drop)
    }

    /// The hash key that decides the record's shard, if the record is within the limits.
    pub(super) fn hash_key(&self, limit: MaxRecordBytes) -> Result<HashKey, RecordError> {
        if self.partition_key.is_empty() {
            return Err(RecordError::EmptyPartitionKey);
        }
        // Counting characters is only needed where there are more bytes than characters allowed.
        if self.partition_key.len() > MAX_PARTITION_KEY_CHARS {
            let chars = self.partition_key.chars().count();
            if chars > MAX_PARTITION_KEY_CHARS {
                return Err(RecordError::PartitionKeyTooLong { chars });
            }
        }
        if self.size() > limit.get() {
            return Err(RecordError::TooLarge { len: self.size(), limit: limit.get() });
        }
        match &self.explicit_hash_key {
            Some(decimal) => HashKey::parse(decimal).ok_or(RecordError::InvalidExplicitHashKey),
            None => Ok(HashKey::of_partition_key(&self.partition_key)),
        }
    }
}

/// "Partition keys are Unicode strings, with a maximum length limit of 256 characters for each key."
const MAX_PARTITION_KEY_CHARS: usize = 256;

/// Why a record can never be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The partition key has no character.
    #[error("the partition key is empty")]
    EmptyPartitionKey,
    /// The partition key has more than 256 characters.
    #[error("the partition key has {chars} characters, at most 256 are allowed")]
    PartitionKeyTooLong {
        /// Its characters.
        chars: usize,
    },
    /// The explicit hash key is not a decimal number below 2^128 in canonical form.
    #[error("the explicit hash key is not a decimal number below 2^128")]
    InvalidExplicitHashKey,
    /// Data and partition key together exceed the stream's record limit.
    #[error("the record has {len} bytes with its partition key, the stream takes {limit}")]
    TooLarge {
        /// The bytes of data and partition key.
        len: usize,
        /// The most that the stream takes, inclusive.
        limit: usize,
    },
}

/// The proof that a record is in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The shard it is in.
    pub shard_id: Arc<str>,
    /// The place of the Kinesis record that holds it.
    pub sequence_number: SequenceNumber,
    /// The 0-based place within an aggregate; `None` if the record was not aggregated.
    pub sub_sequence_number: Option<u32>,
    /// How often the record was sent, at least once.
    pub attempts: u32,
    /// Whether an earlier attempt, whose outcome is unknown, may have written the record as well. Never under
    /// [`OnUnknownOutcome::Report`](super::OnUnknownOutcome::Report), but for the records of an aggregate that landed where not all of them
    /// belong.
    pub possibly_duplicated: bool,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn record(partition_key: &str, data: usize) -> UserRecord {
        UserRecord { partition_key: partition_key.into(), explicit_hash_key: None, data: Bytes::from(vec![0; data]) }
    }

    #[test]
    fn partition_keys_have_1_to_256_characters_however_many_bytes() {
        let check = |key: &str| record(key, 0).check(MaxRecordBytes::DEFAULT);
        assert_eq!(check(""), Err(RecordError::EmptyPartitionKey));
        assert_eq!(check("k"), Ok(()));
        assert_eq!(check(&"ü".repeat(256)), Ok(()));
        assert_eq!(check(&"ü".repeat(257)), Err(RecordError::PartitionKeyTooLong { chars: 257 }));
    }

    #[test]
    fn data_and_partition_key_together_reach_the_record_limit() {
        let limit = MaxRecordBytes::DEFAULT;
        let check = |data| record("key", data).check(limit);
        assert_eq!(check(limit.get() - 4), Ok(()));
        assert_eq!(check(limit.get() - 3), Ok(()));
        assert_eq!(check(limit.get() - 2), Err(RecordError::TooLarge { len: limit.get() + 1, limit: limit.get() }));
    }

    #[test]
    fn a_malformed_explicit_hash_key_is_the_records_own_error() {
        let mut record = record("key", 0);
        record.explicit_hash_key = Some("007".into());
        assert_eq!(record.check(MaxRecordBytes::DEFAULT), Err(RecordError::InvalidExplicitHashKey));
        record.explicit_hash_key = Some("7".into());
        assert_eq!(record.hash_key(MaxRecordBytes::DEFAULT), Ok(HashKey(7)));
    }

    #[test]
    fn debug_does_not_show_the_data() {
        let record =
            UserRecord { partition_key: "k".into(), explicit_hash_key: None, data: Bytes::from_static(b"secret") };
        assert!(!format!("{record:?}").contains("secret"));
    }
}
