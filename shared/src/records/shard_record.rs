//! One record of a shard, validated.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest;
use bytes::Bytes;

use super::SequenceNumber;

/// One user record of a shard. Cheap to clone: the payload shares the event's buffer.
#[derive(Clone, Debug)]
pub struct ShardRecord {
    /// The place of the Kinesis record. All user records of one aggregate share it.
    pub sequence_number: SequenceNumber,
    /// The 0-based place within a KPL aggregate that was taken apart here; `None` for a record that was not aggregated, and for
    /// one that Lambda itself took from an aggregate, as it does for consumers with enhanced fan-out.
    pub sub_sequence_number: Option<u32>,
    /// The partition key that the producer gave. Kinesis takes up to 256 characters. Empty if there was none, as streams whose
    /// records Kinesis distributes by itself allow.
    pub partition_key: Arc<str>,
    /// The explicit hash key that the producer gave, where an aggregate tells it.
    pub explicit_hash_key: Option<Arc<str>>,
    /// When the stream received the record, by the service's clock. `None` if the event does not tell.
    pub approximate_arrival_timestamp: Option<SystemTime>,
    /// The payload, still encrypted.
    pub data: Bytes,
}

impl ShardRecord {
    /// `<sequence number>[.<sub-sequence number>]-<16 hexadecimal digits>`: the same for every delivery of the record, and
    /// another for every other record of its shard. At most 156 ASCII characters, usually 73.
    ///
    /// The digits are the beginning of the SHA-256 of the partition key (its length before it) and the ciphertext. They tell
    /// apart what the place does not: user records that Lambda took from one aggregate, and records of several partition
    /// keys, as a sequence number is promised to be "unique per partition-key within its shard" only. Two records that
    /// share an id are one and the same message, which no encryption makes twice.
    #[must_use]
    pub fn id(&self) -> String {
        const DIGEST_BYTES: usize = 8;
        let mut id = self.sequence_number.as_str().to_owned();
        if let Some(sub_sequence_number) = self.sub_sequence_number {
            // Writing to a `String` cannot fail.
            let _ = write!(id, ".{sub_sequence_number}");
        }
        id.push('-');
        let mut content = digest::Context::new(&digest::SHA256);
        content.update(&(self.partition_key.len() as u64).to_be_bytes());
        content.update(self.partition_key.as_bytes());
        content.update(&self.data);
        for byte in content.finish().as_ref().iter().take(DIGEST_BYTES) {
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sub_sequence_number: Option<u32>, partition_key: &str, data: &'static str) -> String {
        let sequence_number = SequenceNumber::parse("495").expect("digits");
        let record = ShardRecord {
            sequence_number,
            sub_sequence_number,
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            approximate_arrival_timestamp: None,
            data: data.into(),
        };
        record.id()
    }

    #[test]
    fn an_id_is_made_of_the_place_and_the_content() {
        // printf '\0\0\0\0\0\0\0\1kx' | sha256sum
        assert_eq!(id(None, "k", "x"), "495-65c301e00cfb2528");
        assert_eq!(id(Some(2), "k", "x"), "495.2-65c301e00cfb2528");
    }

    #[test]
    fn records_that_lambda_took_from_one_aggregate_have_ids_of_their_own() {
        assert_ne!(id(None, "k", "x"), id(None, "k", "y"));
        assert_ne!(id(None, "k", "x"), id(None, "l", "x"));
        assert_ne!(id(None, "k", "ex"), id(None, "ke", "x"), "key and content are kept apart");
    }
}
