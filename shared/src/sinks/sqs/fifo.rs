//! The ids that a FIFO queue demands of a message.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::batch::ShardRecord;

/// The ids that a FIFO queue demands: each 1 to 128 ASCII letters, digits and punctuation marks.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FifoIds {
    /// The message group: order is kept within it.
    pub(crate) group: String,
    /// The deduplication id: of the messages that have the same within five minutes, one is stored.
    pub(crate) deduplication: String,
}

/// The message group for `key`: the key itself where SQS allows it, else `sha256:` and the hexadecimal SHA-256 of its UTF-8.
pub(crate) fn group_id(key: &str) -> String {
    if is_id(key) { key.to_owned() } else { format!("sha256:{}", sha256_hex(key)) }
}

/// The deduplication id of `record`: `<sequence number>[.<sub-sequence number>]-<16 digits of the SHA-256 of the partition key>`.
///
/// The partition key is part of it because a sequence number is promised to be "unique per partition-key within its shard" only,
/// and a queue may deduplicate across all its groups: too long an id costs nothing, too short a one a record.
pub(crate) fn deduplication_id(record: &ShardRecord) -> String {
    const KEY_DIGITS: usize = 16;
    let mut id = record.sequence_number.as_str().to_owned();
    if let Some(sub_sequence_number) = record.sub_sequence_number {
        // Writing to a `String` cannot fail.
        let _ = write!(id, ".{sub_sequence_number}");
    }
    let key_digits: String = sha256_hex(&record.partition_key).chars().take(KEY_DIGITS).collect();
    let _ = write!(id, "-{key_digits}");
    // Only far longer sequence numbers than the usual 56 digits come here.
    if is_id(&id) { id } else { sha256_hex(&id) }
}

fn is_id(text: &str) -> bool {
    const MAX_LEN: usize = 128;
    (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn sha256_hex(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::testing::opened;

    #[test]
    fn a_partition_key_that_sqs_allows_is_the_group() {
        assert_eq!(group_id("order-1/!~"), "order-1/!~");
        assert_eq!(group_id(&"k".repeat(128)), "k".repeat(128));
    }

    #[test]
    fn any_other_partition_key_is_hashed() {
        for key in ["", "two words", "clé", &"k".repeat(129)] {
            assert!(is_id(&group_id(key)) && group_id(key).starts_with("sha256:"), "{key}");
        }
        assert_ne!(group_id("two words"), group_id("two  words"));
    }

    #[test]
    fn the_deduplication_id_tells_records_of_an_aggregate_and_partition_keys_apart() {
        let id = |sequence: &str, sub, key: &str| {
            let mut record = opened(sequence, key, b"").record;
            record.sub_sequence_number = sub;
            deduplication_id(&record)
        };
        assert_eq!(id("495", None, "k"), "495-8254c329a92850f6");
        assert_eq!(id("495", Some(2), "k"), "495.2-8254c329a92850f6");
        assert_ne!(id("495", None, "k"), id("495", None, "l"));
        assert!(is_id(&id(&"9".repeat(128), Some(u32::MAX), "k")));
        assert_ne!(id(&"9".repeat(128), Some(1), "k"), id(&"9".repeat(128), Some(2), "k"));
    }
}
