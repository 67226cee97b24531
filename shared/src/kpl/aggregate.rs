//! From user records to an aggregate.

use std::collections::HashMap;

use md5::{Digest, Md5};
use prost::Message;

use super::aggregated_record::{AggregatedRecord, Record};
use super::{DIGEST_LEN, MAGIC};
use crate::records::UserRecord;

/// Puts `records` into one aggregate, the payload of one Kinesis record. Equal keys are stored once.
///
/// The caller sees to the size, and that all records belong to one shard. The Kinesis Producer Library ends an aggregate at
/// 51,200 bytes.
#[must_use]
pub fn aggregate(records: &[UserRecord]) -> Vec<u8> {
    let mut partition_keys = KeyTable::default();
    let mut explicit_hash_keys = KeyTable::default();
    let records = records
        .iter()
        .map(|record| {
            let record = Record {
                partition_key_index: Some(partition_keys.index_of(&record.partition_key)),
                explicit_hash_key_index: record
                    .explicit_hash_key
                    .as_deref()
                    .map(|key| explicit_hash_keys.index_of(key)),
                data: Some(record.data.clone()),
            };
            record.encode_to_vec().into()
        })
        .collect();
    let aggregate = AggregatedRecord {
        partition_key_table: partition_keys.entries,
        explicit_hash_key_table: explicit_hash_keys.entries,
        records,
    };
    let protobuf = aggregate.encode_to_vec();
    let mut bytes = Vec::with_capacity(MAGIC.len() + protobuf.len() + DIGEST_LEN);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&protobuf);
    bytes.extend_from_slice(&Md5::digest(&protobuf));
    bytes
}

/// The distinct keys, in order of first use.
#[derive(Default)]
struct KeyTable<'a> {
    indexes: HashMap<&'a str, u64>,
    entries: Vec<String>,
}

impl<'a> KeyTable<'a> {
    fn index_of(&mut self, key: &'a str) -> u64 {
        let next = self.entries.len() as u64;
        *self.indexes.entry(key).or_insert_with(|| {
            self.entries.push(key.to_owned());
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_stored_once() {
        let record = |partition_key: &str| UserRecord {
            partition_key: partition_key.into(),
            explicit_hash_key: Some("7".into()),
            data: "abc".into(),
        };
        let bytes = aggregate(&[record("pk"), record("other"), record("pk")]);
        let protobuf = &bytes[MAGIC.len()..bytes.len() - DIGEST_LEN];
        let decoded = AggregatedRecord::decode(protobuf).expect("the protobuf");
        assert_eq!(decoded.partition_key_table, ["pk", "other"]);
        assert_eq!(decoded.explicit_hash_key_table, ["7"]);
        assert_eq!(decoded.records.len(), 3);
    }
}
