//! The ids that a FIFO queue demands of a message.

use std::fmt::Write as _;

use aws_lc_rs::digest;

use crate::records::ShardRecord;

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

/// The deduplication id of `record`: [its id](ShardRecord::id), hashed if that is too long.
///
/// A queue may deduplicate across all its groups, and what it takes for a duplicate it acknowledges and drops: too long an id
/// costs nothing, one that is too short costs a record.
pub(crate) fn deduplication_id(record: &ShardRecord) -> String {
    let id = record.id();
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
    use crate::delivery::testing::opened;

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
    fn the_deduplication_id_tells_records_apart_that_share_a_sequence_number() {
        let id = |sequence: &str, sub, key: &str, ciphertext: &'static [u8]| {
            let mut record = opened(sequence, key, b"").record;
            record.sub_sequence_number = sub;
            record.data = ciphertext.into();
            deduplication_id(&record)
        };
        assert!(id("495", Some(2), "k", b"x").starts_with("495.2-"));
        assert_eq!(id("495", None, "k", b"x"), id("495", None, "k", b"x"), "a redelivery has the same");
        assert_ne!(id("495", None, "k", b"x"), id("495", None, "l", b"x"));
        assert_ne!(id("495", None, "k", b"x"), id("495", None, "k", b"y"), "Lambda took both from one aggregate");
        let longest = "9".repeat(128);
        assert!(is_id(&id(&longest, Some(u32::MAX), "k", b"x")));
        assert_ne!(id(&longest, Some(1), "k", b"x"), id(&longest, Some(2), "k", b"x"));
    }
}
