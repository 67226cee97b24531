//! From an aggregate to its user records.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use prost::Message;

use super::aggregated_record::{AggregatedRecord, Record};
use super::{DIGEST_LEN, MAGIC, UserRecord};

/// The most user records taken from one aggregate (inclusive).
///
/// More records than could each hold a ciphertext within Lambda's 6 MB of event, so that no producer of real records meets the
/// bound. It keeps an aggregate of empty records from taking many times its size in memory.
pub const MAX_USER_RECORDS: usize = 50_000;

/// Takes an aggregate apart, in order. The user records' payloads share `payload`'s buffer.
///
/// `None` if `payload` is not an aggregate: another beginning, a wrong digest, not the protobuf, an index outside its table, or
/// more than [`MAX_USER_RECORDS`]. As the Kinesis Client Library has it, such bytes are plain data.
#[must_use]
pub fn deaggregate(payload: &Bytes) -> Option<Vec<UserRecord>> {
    let after_magic = payload.strip_prefix(&MAGIC)?;
    let (protobuf, digest) = after_magic.split_at_checked(after_magic.len().checked_sub(DIGEST_LEN)?)?;
    if Md5::digest(protobuf).as_slice() != digest {
        return None;
    }
    let aggregate = AggregatedRecord::decode(payload.slice_ref(protobuf)).ok()?;
    if aggregate.records.len() > MAX_USER_RECORDS {
        return None;
    }
    let partition_keys = shared(aggregate.partition_key_table);
    let explicit_hash_keys = shared(aggregate.explicit_hash_key_table);
    aggregate
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
        .collect()
}

fn shared(table: Vec<String>) -> Vec<Arc<str>> {
    table.into_iter().map(Arc::from).collect()
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
        let aggregate = AggregatedRecord {
            partition_key_table: vec!["device-1".into(), "device-2".into()],
            explicit_hash_key_table: vec!["340282366920938463463374607431768211455".into()],
            records,
        };
        framed(&aggregate.encode_to_vec())
    }

    #[test]
    fn bytes_of_the_specification_s_example_layout_are_read() {
        // Written out by hand, so that a mistake shared by our encoder and decoder would show.
        let protobuf = [
            &[0x0A, 2][..],
            b"pk",
            &[0x12, 1],
            b"7",
            &[0x1A, 9, 0x08, 0, 0x10, 0, 0x1A, 3],
            b"abc",
            &[0x1A, 5, 0x08, 0, 0x1A, 1],
            b"d",
        ]
        .concat();
        let records = deaggregate(&framed(&protobuf)).expect("an aggregate");
        assert_eq!(
            records,
            [
                UserRecord { partition_key: "pk".into(), explicit_hash_key: Some("7".into()), data: "abc".into() },
                UserRecord { partition_key: "pk".into(), explicit_hash_key: None, data: "d".into() },
            ]
        );
    }

    #[test]
    fn payloads_share_the_aggregate_s_buffer() {
        let payload = aggregate_of(vec![record(Some(0), None, Some(b"reading"))]);
        let records = deaggregate(&payload).expect("an aggregate");
        assert!(payload.as_ptr_range().contains(&records[0].data.as_ptr()));
    }

    #[test]
    fn a_wrong_digest_is_plain_data() {
        let mut bytes = aggregate_of(vec![record(Some(0), None, Some(b"reading"))]).to_vec();
        *bytes.last_mut().expect("a digest") ^= 1;
        assert_eq!(deaggregate(&bytes.into()), None);
    }

    #[test]
    fn every_truncation_is_plain_data() {
        let whole = aggregate_of(vec![record(Some(0), None, Some(b"reading"))]);
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
        assert_eq!(deaggregate(&aggregate_of(vec![record(None, None, Some(b"reading"))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(0), None, None)])), None);
    }

    #[test]
    fn an_index_outside_its_table_is_plain_data() {
        assert!(deaggregate(&aggregate_of(vec![record(Some(1), Some(0), Some(b"last entries"))])).is_some());
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(2), None, Some(b"beyond"))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(0), Some(1), Some(b"beyond"))])), None);
        assert_eq!(deaggregate(&aggregate_of(vec![record(Some(u64::MAX), None, Some(b"beyond"))])), None);
    }

    #[test]
    fn an_aggregate_without_records_holds_none() {
        assert_eq!(deaggregate(&aggregate_of(Vec::new())), Some(Vec::new()));
    }

    #[test]
    fn more_records_than_the_bound_are_plain_data() {
        let with = |count| aggregate_of(vec![record(Some(0), None, Some(b"")); count]);
        assert_eq!(deaggregate(&with(MAX_USER_RECORDS)).map(|records| records.len()), Some(MAX_USER_RECORDS));
        assert_eq!(deaggregate(&with(MAX_USER_RECORDS + 1)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(protobuf in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = deaggregate(&framed(&protobuf));
            let _ = deaggregate(&protobuf.into());
        }

        #[test]
        fn what_was_aggregated_comes_back(
            records in proptest::collection::vec(("[a-c]{1,2}", proptest::option::of("[0-9]{1,2}"), proptest::collection::vec(any::<u8>(), 0..40)), 0..20)
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
