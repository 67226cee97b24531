//! What a consumer that is built on the Kinesis Client Library gets of a record: the rule of its `AggregatorUtil.deaggregate`, written anew.
//! <https://github.com/awslabs/amazon-kinesis-client/blob/master/amazon-kinesis-client/src/main/java/software/amazon/kinesis/retrieval/AggregatorUtil.java>

use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use prost::Message as _;

/// The user records of one Kinesis record, each with its partition key, as the library hands them to its consumer that reads a shard of
/// these `hash_keys`.
///
/// What is no aggregate is handed on as it is, wherever it is. Of an aggregate, each user record has to be within the shard's range. At the
/// first that is not, those before it are taken back, and those behind it are not looked at: the whole aggregate is gone.
pub fn kcl_user_records(
    partition_key: &Arc<str>,
    data: &Bytes,
    hash_keys: &RangeInclusive<u128>,
) -> Vec<(Arc<str>, Bytes)> {
    let Some(aggregate) = aggregate(data) else { return vec![(Arc::clone(partition_key), data.clone())] };
    let mut taken = Vec::new();
    for record in aggregate.records {
        let Some(partition_key) = aggregate.partition_key_table.get(record.partition_key_index as usize) else { break };
        let explicit_hash_key = match record.explicit_hash_key_index {
            None => None,
            Some(index) => match aggregate.explicit_hash_key_table.get(index as usize) {
                Some(explicit_hash_key) => Some(explicit_hash_key),
                None => break,
            },
        };
        let hash_key = match explicit_hash_key {
            Some(decimal) => decimal.parse().expect("an explicit hash key"),
            None => u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into()),
        };
        if !hash_keys.contains(&hash_key) {
            return Vec::new();
        }
        taken.push((partition_key.as_str().into(), record.data.into()));
    }
    taken
}

fn aggregate(data: &Bytes) -> Option<AggregatedRecord> {
    let after_magic = data.strip_prefix(&[0xF3, 0x89, 0x9A, 0xC2])?;
    let (protobuf, digest) = after_magic.split_at_checked(after_magic.len().checked_sub(16)?)?;
    let is_aggregate = !protobuf.is_empty() && Md5::digest(protobuf).as_slice() == digest;
    AggregatedRecord::decode(protobuf).ok().filter(|_| is_aggregate)
}

#[derive(Clone, PartialEq, prost::Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<Record>,
}

/// The library reads the indexes as 64 bits and casts them to 32.
#[derive(Clone, PartialEq, prost::Message)]
struct Record {
    #[prost(uint32, required, tag = "1")]
    partition_key_index: u32,
    #[prost(uint32, optional, tag = "2")]
    explicit_hash_key_index: Option<u32>,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpl;
    use crate::records::UserRecord;

    fn record(explicit_hash_key: &str, data: &'static str) -> UserRecord {
        UserRecord { partition_key: "k".into(), explicit_hash_key: Some(explicit_hash_key.into()), data: data.into() }
    }

    #[test]
    fn one_foreign_user_record_discards_its_aggregate_and_no_other() {
        let records = [record("5", "first"), record("9", "second"), record("7", "third")];
        let data = kpl::aggregate(&records).into();
        let of_shard = |hash_keys| kcl_user_records(&"outer".into(), &data, &hash_keys).len();
        assert_eq!([of_shard(5..=9), of_shard(5..=8), of_shard(6..=9)], [3, 0, 0]);
    }

    #[test]
    fn what_is_no_aggregate_is_handed_on_wherever_it_is() {
        let handed_on = kcl_user_records(&"outer".into(), &"plain".into(), &(0..=0));
        assert_eq!(handed_on, [("outer".into(), "plain".into())]);
    }
}
