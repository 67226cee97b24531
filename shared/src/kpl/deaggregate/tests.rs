use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::kpl::aggregate;
use crate::kpl::aggregated_record::{AggregatedRecord, Record as WrittenRecord};

/// As long as the shortest payload that may be encrypted.
const PAYLOAD: &[u8] = &[b'x'; MIN_ENCRYPTED_LEN];

/// An aggregate around `protobuf`, whatever that is.
fn framed(protobuf: &[u8]) -> Bytes {
    [&MAGIC[..], protobuf, &Md5::digest(protobuf)].concat().into()
}

fn record(partition_key_index: Option<u64>, explicit_hash_key_index: Option<u64>, data: Option<&[u8]>) -> Bytes {
    let data = data.map(Bytes::copy_from_slice);
    WrittenRecord { partition_key_index, explicit_hash_key_index, data }.encode_to_vec().into()
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

/// The keys of an aggregate's user records, each with its length.
fn read(payload: &Bytes) -> Option<Vec<(String, Option<String>, usize)>> {
    let user_records = deaggregate_unencrypted(payload)?;
    let read = |record: UserRecord| {
        (record.partition_key.to_string(), record.explicit_hash_key.map(|key| key.to_string()), record.data.len())
    };
    Some(user_records.into_iter().map(read).collect())
}

fn keyed(partition_key: &str, explicit_hash_key: Option<&str>) -> (String, Option<String>, usize) {
    (partition_key.to_owned(), explicit_hash_key.map(str::to_owned), MIN_ENCRYPTED_LEN)
}

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
    let members = deaggregate(&framed(&protobuf), 0).expect("an aggregate");
    let user_record = |explicit_hash_key: Option<&str>, byte| UserRecord {
        partition_key: "pk".into(),
        explicit_hash_key: explicit_hash_key.map(Into::into),
        data: vec![byte; 64].into(),
    };
    assert_eq!(members.user_records, [(0, user_record(Some("7"), b'a')), (1, user_record(None, b'b'))]);
    assert_eq!((members.short, members.left_out), (0, 0));
}

#[test]
fn payloads_share_the_aggregate_s_buffer() {
    let payload = aggregate_with(&["device-1"], &[], vec![record(Some(0), None, Some(PAYLOAD))]);
    let members = deaggregate(&payload, 0).expect("an aggregate");
    assert!(payload.as_ptr_range().contains(&members.user_records[0].1.data.as_ptr()));
}

#[test]
fn a_wrong_digest_is_plain_data() {
    let mut bytes = aggregate_with(&["k"], &[], vec![record(Some(0), None, Some(PAYLOAD))]).to_vec();
    *bytes.last_mut().expect("a digest") ^= 1;
    assert_eq!(read(&bytes.into()), None);
}

#[test]
fn every_truncation_is_plain_data() {
    let whole = aggregate_with(&["k"], &[], vec![record(Some(0), None, Some(PAYLOAD))]);
    for len in 0..whole.len() {
        assert_eq!(read(&whole.slice(..len)), None, "cut to {len} bytes");
    }
}

#[test]
fn what_is_no_protobuf_is_plain_data() {
    assert_eq!(read(&framed(b"\xFF\xFF\xFF")), None);
    assert_eq!(read(&aggregate_with(&["k"], &[], vec![Bytes::from_static(b"\xFF")])), None);
}

/// What aws-kinesis-agg for JavaScript (3.0.0, 4.0.4) and for Python (1.2.3) read of the same bytes. The Kinesis Client Library reads
/// "0123" too, and of the others loses the user record and those after it ("undefined"), or all of the aggregate (-130).
#[test]
fn an_explicit_hash_key_that_kinesis_would_not_take_costs_no_user_record() {
    for (written, explicit_hash_key) in [("undefined", None), ("-130", None), ("0123", Some("123")), ("", None)] {
        let records = [None, Some(0), None].map(|index| record(Some(0), index, Some(PAYLOAD)));
        let expected = [keyed("k", None), keyed("k", explicit_hash_key), keyed("k", None)];
        let payload = aggregate_with(&["k"], &[written], records.to_vec());
        assert_eq!(read(&payload).as_deref(), Some(&expected[..]), "{written:?}");
    }
}

#[test]
fn an_entry_of_a_table_that_no_user_record_names_is_nothing() {
    let payload = aggregate_with(&["a", "b", "c"], &["1", "2"], vec![record(Some(2), Some(1), Some(PAYLOAD))]);
    assert_eq!(read(&payload), Some(vec![keyed("c", Some("2"))]));
}

#[test]
fn an_empty_partition_key_is_read_as_it_is() {
    let payload = aggregate_with(&[""], &[], vec![record(Some(0), None, Some(PAYLOAD))]);
    assert_eq!(read(&payload), Some(vec![keyed("", None)]));
}

#[test]
fn an_index_outside_its_table_is_no_key() {
    for outside in [1, u64::from(u32::MAX) + 1, u64::MAX] {
        let records = vec![record(Some(outside), Some(outside), Some(PAYLOAD)), record(Some(0), None, Some(PAYLOAD))];
        let payload = aggregate_with(&["k"], &["1"], records);
        assert_eq!(read(&payload), Some(vec![keyed("", None), keyed("k", None)]), "{outside}");
    }
}

/// As the reader for Python has it; the others refuse the whole.
#[test]
fn what_is_absent_is_what_protobuf_takes_for_it() {
    let payload = aggregate_with(&["k"], &[], vec![record(None, None, Some(PAYLOAD)), record(Some(0), None, None)]);
    assert_eq!(read(&payload), Some(vec![keyed("k", None), ("k".to_owned(), None, 0)]));
}

#[test]
fn tables_are_read_wherever_they_stand() {
    let encoded = record(Some(0), None, Some(PAYLOAD));
    let len = u8::try_from(encoded.len()).expect("short");
    let protobuf = [&[0x1A, len][..], &encoded, &[0x0A, 1], b"k", &[0x20, 9]].concat();
    assert_eq!(read(&framed(&protobuf)), Some(vec![keyed("k", None)]));
}

#[test]
fn an_aggregate_without_user_records_holds_none_and_one_of_nothing_is_plain_data() {
    // As the readers for Python, Go and Java have it.
    assert_eq!(deaggregate(&framed(&[]), 0), None);
    assert_eq!(deaggregate(&aggregate_with(&["k"], &["1"], Vec::new()), 0), Some(Members::default()));
    assert_eq!(deaggregate(&framed(&[0x20, 9]), 0), Some(Members::default()));
}

#[test]
fn of_the_short_payloads_so_many_are_taken_as_are_asked_for_and_the_others_counted() {
    let heartbeat = record(Some(0), None, Some(&[b'h'; MIN_ENCRYPTED_LEN - 1]));
    let mut records = vec![heartbeat; 5];
    records.insert(2, record(Some(0), None, Some(PAYLOAD)));
    let payload = aggregate_with(&["k"], &[], records);
    for (max_short, places, left_out) in
        [(0, vec![2], 5), (4, vec![0, 1, 2, 3, 4], 1), (5, vec![0, 1, 2, 3, 4, 5], 0), (6, vec![0, 1, 2, 3, 4, 5], 0)]
    {
        let members = deaggregate(&payload, max_short).expect("an aggregate");
        assert_eq!(members.user_records.iter().map(|(place, _)| *place).collect::<Vec<_>>(), places);
        assert_eq!((members.short, members.left_out), (5 - left_out, left_out));
    }
}

#[test]
fn a_million_entries_that_nobody_names_are_not_kept() {
    let keys = vec![""; 1_000_000];
    let payload = aggregate_with(&keys, &keys, vec![record(Some(999_999), Some(0), Some(PAYLOAD))]);
    assert_eq!(read(&payload), Some(vec![keyed("", None)]));
}

proptest! {
    #[test]
    fn no_bytes_panic(protobuf in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = deaggregate(&framed(&protobuf), 3);
        let _ = deaggregate(&protobuf.into(), 3);
    }

    #[test]
    fn what_was_aggregated_comes_back(
        records in proptest::collection::vec(("[a-c]{0,2}", proptest::option::of("0|[1-9][0-9]?"), proptest::collection::vec(any::<u8>(), 0..100)), 1..20)
    ) {
        let records: Vec<UserRecord> = records
            .into_iter()
            .map(|(partition_key, explicit_hash_key, data)| UserRecord {
                partition_key: partition_key.into(),
                explicit_hash_key: explicit_hash_key.map(Into::into),
                data: data.into(),
            })
            .collect();
        prop_assert_eq!(deaggregate_unencrypted(&aggregate(&records).into()), Some(records));
    }
}
