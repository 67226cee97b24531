//! From an aggregate to its user records.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use prost::Message;

use super::aggregated_record::{AggregatedRecord, Record};
use super::field_counts::FieldCounts;
use super::{DIGEST_LEN, MAGIC};
use crate::records::{HashKey, UserRecord};

/// The least payload bytes that an aggregate has for each of its user records, on average.
///
/// Less than any encrypted record has: the header of a message alone has more, and a KMS ciphertext of one byte more than twice
/// as many. It keeps an aggregate of empty records from taking many times its size in memory, now and wherever each
/// of them is kept on its own.
pub const MIN_MEAN_PAYLOAD_LEN: usize = 64;

/// Takes an aggregate apart, in order. The user records' payloads share `payload`'s buffer.
///
/// `None` if `payload` is not an aggregate: another beginning, a wrong digest, not the protobuf, or an index outside its table. As
/// the Kinesis Client Library has it, such bytes are plain data. So are, against that library, aggregates that would take many
/// times their size when each user record is kept on its own, which no stream of encrypted records has: with a partition
/// key or an explicit hash key that Kinesis itself would not take, with a table longer than there are records, or with
/// payloads of less than [`MIN_MEAN_PAYLOAD_LEN`] on average.
#[must_use]
pub fn deaggregate(payload: &Bytes) -> Option<Vec<UserRecord>> {
    take_apart(payload, MIN_MEAN_PAYLOAD_LEN)
}

/// Takes an aggregate apart however short its payloads are, as a reader of what a producer writes unencrypted does.
#[cfg(test)]
pub(crate) fn deaggregate_unencrypted(payload: &Bytes) -> Option<Vec<UserRecord>> {
    take_apart(payload, 0)
}

fn take_apart(payload: &Bytes, min_mean_payload_len: usize) -> Option<Vec<UserRecord>> {
    let after_magic = payload.strip_prefix(&MAGIC)?;
    let (protobuf, digest) = after_magic.split_at_checked(after_magic.len().checked_sub(DIGEST_LEN)?)?;
    if Md5::digest(protobuf).as_slice() != digest {
        return None;
    }
    let counts = FieldCounts::of(protobuf)?;
    let least_len = counts.records.saturating_mul(min_mean_payload_len);
    // The payloads stand in the encoded records, so that these have at least as many bytes. A library enters a key into
    // its table when a record first needs it, so that there are no more keys than records.
    let too_many_keys = counts.partition_keys.max(counts.explicit_hash_keys) > counts.records;
    if counts.records_len < least_len || too_many_keys {
        return None;
    }
    let aggregate = AggregatedRecord::decode(payload.slice_ref(protobuf)).ok()?;
    let partition_keys = table(aggregate.partition_key_table, is_partition_key)?;
    let explicit_hash_keys = table(aggregate.explicit_hash_key_table, is_explicit_hash_key)?;
    let user_records: Vec<_> = aggregate
        .records
        .into_iter()
        .map(|encoded| {
            let record = Record::decode(encoded).ok()?;
            Some(UserRecord {
                partition_key: entry(&partition_keys, record.partition_key_index?)?,
                explicit_hash_key: match record.explicit_hash_key_index {
                    Some(index) => Some(entry(&explicit_hash_keys, index)?),
                    None => None,
                },
                data: record.data?,
            })
        })
        .collect::<Option<_>>()?;
    let payload_len: usize = user_records.iter().map(|record: &UserRecord| record.data.len()).sum();
    (payload_len >= least_len).then_some(user_records)
}

/// The keys of a table; `None` if one is not valid.
fn table(keys: Vec<String>, is_valid: impl Fn(&str) -> bool) -> Option<Vec<Arc<str>>> {
    keys.iter().all(|key| is_valid(key)).then(|| keys.into_iter().map(Arc::from).collect())
}

/// "Partition keys are Unicode strings, with a maximum length limit of 256 characters for each key."
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
fn is_partition_key(key: &str) -> bool {
    const MAX_CHARS: usize = 256;
    !key.is_empty() && key.chars().nth(MAX_CHARS).is_none()
}

fn is_explicit_hash_key(key: &str) -> bool {
    HashKey::parse(key).is_some()
}

fn entry(table: &[Arc<str>], index: u64) -> Option<Arc<str>> {
    table.get(usize::try_from(index).ok()?).cloned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kpl::aggregate;

    /// An aggregate around `protobuf`, whatever that is.
    fn framed(protobuf: &[u8]) -> Bytes {
        [&MAGIC[..], protobuf, &Md5::digest(protobuf)].concat().into()
    }

    fn record(
        partition_key_index: Option<u64>,
        explicit_hash_key_index: Option<u64>,
        data: Option<&'static [u8]>,
    ) -> Bytes {
        let data = data.map(Bytes::from_static);
        Record { partition_key_index, explicit_hash_key_index, data }.encode_to_vec().into()
    }

    fn aggregate_of(records: Vec<Bytes>) -> Bytes {
        aggregate_with(&["device-1"], &["340282366920938463463374607431768211455"], records)
    }

    fn aggregate_with(partition_keys: &[&str], explicit_hash_keys: &[&str], records: Vec<Bytes>) -> Bytes {
        let owned = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        let aggregate = AggregatedRecord {
            partition_key_table: owned(partition_keys),
            explicit_hash_key_table: owned(explicit_hash_keys),
            records,
        };
        framed(&aggregate.encode_to_vec())
    }

    /// As long as the least payload of which every record has one.
    const PAYLOAD: &[u8] = &[b'x'; MIN_MEAN_PAYLOAD_LEN];

    #[test]
    fn bytes_of_the_specification_s_example_layout_are_read() {
        // Written out by hand, so that a mistake shared by our encoder and decoder would show.
        let protobuf = [
            &[0x0A, 2][..],
            b"pk",
            &[0x12, 1],
            b"7",
            &[0x1A, 70, 0x08, 0, 0x10, 0, 0x1A, 64],
            &[b'a'; 64],
            &[0x1A, 68, 0x08, 0, 0x1A, 64],
            &[b'b'; 64],
        ]
        .concat();
        let records = deaggregate(&framed(&protobuf)).expect("an aggregate");
        assert_eq!(
            records,
            [
                UserRecord {
                    partition_key: "pk".into(),
                    explicit_hash_key: Some("7".into()),
                    data: vec![b'a'; 64].into()
                },
                UserRecord { partition_key: "pk".into(), explicit_hash_key: None, data: vec![b'b'; 64].into() },
            ]
        );
    }

    #[test]
    fn payloads_share_the_aggregate_s_buffer() {
        let payload = aggregate_of(vec![record(Some(0), None, Some(PAYLOAD))]);
        let records = deaggregate(&payload).expect("an aggregate");
        assert!(payload.as_ptr_range().contains(&records[0].data.as_ptr()));
    }

    #[test]
    fn a_wrong_digest_is_plain_data() {
        let mut bytes = aggregate_of(vec![record(Some(0), None, Some(PAYLOAD))]).to_vec();
        *bytes.last_mut().expect("a digest") ^= 1;
        assert_eq!(deaggregate(&bytes.into()), None);
    }

    #[test]
    fn every_truncation_is_plain_data() {
        let whole = aggregate_of(vec![record(Some(0), None, Some(PAYLOAD))]);
        for len in 0..whole.len() {
            assert_eq!(deaggregate(&whole.slice(..len)), None, "cut to {len} bytes");
        }
    }

    #[test]
    fn a_protobuf_of_another_shape_is_plain_data() {
        assert_eq!(deaggregate(&framed(b"\xFF\xFF\xFF")), None);
        assert_eq!(deaggregate(&aggregate_of(vec![Bytes::from_static(b"\xFF")])), None);
    }

    #[test]
    fn an_absent_required_field_is_plain_data() {
        assert_eq!(deaggregate(&aggregate_of(vec![record(None, None, Some(PAYLOAD))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(0), None, None)])), None);
    }

    #[test]
    fn an_index_outside_its_table_is_plain_data() {
        assert!(deaggregate(&aggregate_of(vec![record(Some(0), Some(0), Some(PAYLOAD))])).is_some());
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(1), None, Some(PAYLOAD))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(0), Some(1), Some(PAYLOAD))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(u64::MAX), None, Some(PAYLOAD))])), None);
    }

    #[test]
    fn an_aggregate_without_records_holds_none() {
        assert_eq!(deaggregate(&framed(&[])), Some(Vec::new()));
    }

    #[test]
    fn payloads_too_short_for_encrypted_records_are_plain_data() {
        const LEN: usize = MIN_MEAN_PAYLOAD_LEN;
        // The two payloads' lengths; only their mean counts.
        for (first, second, is_aggregate) in
            [(LEN, LEN - 1, false), (LEN, LEN, true), (LEN, LEN + 1, true), (2 * LEN, 0, true), (2 * LEN - 1, 0, false)]
        {
            let records = [first, second].map(|len| record(Some(0), None, Some(&[b'x'; 2 * LEN][..len])));
            assert_eq!(deaggregate(&aggregate_of(records.to_vec())).is_some(), is_aggregate, "{first} and {second}");
        }
    }

    #[test]
    fn indexes_written_at_length_do_not_make_up_for_payloads() {
        // The same field many times over, of which the last counts.
        let padded = [&[0x08, 0].repeat(100)[..], &[0x1A, 0]].concat();
        assert_eq!(deaggregate(&aggregate_of(vec![padded.into()])), None);
    }

    #[test]
    fn a_partition_key_that_kinesis_would_not_take_is_plain_data() {
        for (key, is_aggregate) in [
            (String::new(), false),
            ("k".into(), true),
            ("é".repeat(255), true),
            ("é".repeat(256), true),
            ("é".repeat(257), false),
            ("k".repeat(700_000), false),
        ] {
            let payload = aggregate_with(&[&key], &[], vec![record(Some(0), None, Some(PAYLOAD))]);
            assert_eq!(deaggregate(&payload).is_some(), is_aggregate, "{} characters", key.chars().count());
        }
    }

    #[test]
    fn an_explicit_hash_key_that_kinesis_would_not_take_is_plain_data() {
        for wrong in ["", "01", "-1", "340282366920938463463374607431768211456"] {
            let payload = aggregate_with(&["k"], &[wrong], vec![record(Some(0), Some(0), Some(PAYLOAD))]);
            assert_eq!(deaggregate(&payload), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_table_longer_than_there_are_records_is_plain_data() {
        let with = |partition_keys: &[&str], explicit_hash_keys: &[&str]| {
            deaggregate(&aggregate_with(partition_keys, explicit_hash_keys, vec![record(Some(0), None, Some(PAYLOAD))]))
        };
        assert!(with(&["a"], &["1"]).is_some());
        assert_eq!(with(&["a", "b"], &[]), None);
        assert_eq!(with(&["a"], &["1", "2"]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(protobuf in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = deaggregate(&framed(&protobuf));
            let _ = deaggregate(&protobuf.into());
        }

        #[test]
        fn what_was_aggregated_comes_back(
            records in proptest::collection::vec(("[a-c]{1,2}", proptest::option::of("0|[1-9][0-9]?"), proptest::collection::vec(any::<u8>(), 64..100)), 0..20)
        ) {
            let records: Vec<UserRecord> = records
                .into_iter()
                .map(|(partition_key, explicit_hash_key, data)| UserRecord {
                    partition_key: partition_key.into(),
                    explicit_hash_key: explicit_hash_key.map(Into::into),
                    data: data.into(),
                })
                .collect();
            prop_assert_eq!(deaggregate(&aggregate(&records).into()), Some(records));
        }
    }
}
