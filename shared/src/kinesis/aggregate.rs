//! Which records fit one aggregate.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::encoding::encoded_len_varint;

use crate::kpl::aggregate;
use crate::records::UserRecord;

/// Collects user records as long as their aggregate keeps within a size, which is reckoned along exactly.
pub(super) struct AggregateBuilder {
    max_bytes: usize,
    encoded_len: usize,
    records: Vec<UserRecord>,
    partition_keys: HashMap<Arc<str>, u64>,
    explicit_hash_keys: HashMap<Arc<str>, u64>,
}

impl AggregateBuilder {
    /// An empty aggregate of at most `max_bytes`, framing and digest included.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            encoded_len: FRAMING_LEN,
            records: Vec::new(),
            partition_keys: HashMap::new(),
            explicit_hash_keys: HashMap::new(),
        }
    }

    /// Adds `record`, unless the aggregate would grow beyond its limits; tells whether it did.
    pub(super) fn try_push(&mut self, record: &UserRecord) -> bool {
        let partition_key = Index::of(&record.partition_key, &self.partition_keys);
        let hash_key = record.explicit_hash_key.as_ref().map(|key| Index::of(key, &self.explicit_hash_keys));
        let fields = partition_key.field_len() + hash_key.as_ref().map_or(0, Index::field_len);
        let encoded_len = self.encoded_len
            + length_delimited(fields + length_delimited(record.data.len()))
            + partition_key.table_len()
            + hash_key.as_ref().map_or(0, Index::table_len);
        if encoded_len > self.max_bytes {
            return false;
        }
        self.encoded_len = encoded_len;
        partition_key.enter(&mut self.partition_keys);
        if let Some(hash_key) = hash_key {
            hash_key.enter(&mut self.explicit_hash_keys);
        }
        self.records.push(record.clone());
        true
    }

    /// The aggregate's bytes.
    pub(super) fn encode(&self) -> Bytes {
        let bytes = aggregate(&self.records);
        debug_assert_eq!(bytes.len(), self.encoded_len, "the size was reckoned wrongly");
        bytes.into()
    }
}

/// A key's place in its table.
struct Index<'a> {
    key: &'a Arc<str>,
    index: u64,
    /// Whether the key is not in the table yet.
    new: bool,
}

impl<'a> Index<'a> {
    fn of(key: &'a Arc<str>, table: &HashMap<Arc<str>, u64>) -> Self {
        match table.get(key) {
            Some(index) => Self { key, index: *index, new: false },
            None => Self { key, index: table.len() as u64, new: true },
        }
    }

    /// The encoded length of the index in a user record.
    fn field_len(&self) -> usize {
        1 + encoded_len_varint(self.index)
    }

    /// What the key adds to its table.
    fn table_len(&self) -> usize {
        if self.new { length_delimited(self.key.len()) } else { 0 }
    }

    fn enter(self, table: &mut HashMap<Arc<str>, u64>) {
        if self.new {
            table.insert(Arc::clone(self.key), self.index);
        }
    }
}

/// The magic before the protobuf and the MD5 behind it.
const FRAMING_LEN: usize = 4 + 16;

/// The encoded length of a length-delimited field with `content_len` bytes and a one-byte tag.
fn length_delimited(content_len: usize) -> usize {
    1 + encoded_len_varint(content_len as u64) + content_len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpl::deaggregate_unencrypted as deaggregate;
    use proptest::prelude::*;

    fn record(partition_key: &str, explicit_hash_key: Option<&str>, data: &[u8]) -> UserRecord {
        UserRecord {
            partition_key: partition_key.into(),
            explicit_hash_key: explicit_hash_key.map(Into::into),
            data: Bytes::copy_from_slice(data),
        }
    }

    #[test]
    fn an_aggregate_is_full_at_its_limit() {
        // Magic 4, key table 1 + 1 + 1, record 1 + 1 + (index 2, data 1 + 1 + 2), digest 16.
        for (limit, fits) in [(30, false), (31, true), (32, true)] {
            assert_eq!(AggregateBuilder::new(limit).try_push(&record("k", None, b"ab")), fits, "{limit}");
        }
    }

    proptest! {
        #[test]
        fn aggregates_read_back_as_they_were_written_and_keep_the_limit(
            records in prop::collection::vec(
                ("[a-e]{1,3}", prop::option::of(0_u128..40), prop::collection::vec(any::<u8>(), 0..150)),
                1..40,
            ),
            limit in 31_usize..4_000,
        ) {
            let records: Vec<_> = records
                .iter()
                .map(|(key, hash_key, data)| record(key, hash_key.map(|key| key.to_string()).as_deref(), data))
                .collect();
            let mut builder = AggregateBuilder::new(limit);
            let pushed: Vec<_> = records.iter().filter(|record| builder.try_push(record)).collect();
            let bytes = builder.encode();
            prop_assert_eq!(bytes.len(), builder.encoded_len);
            prop_assert!(bytes.len() <= limit);

            let read = deaggregate(&bytes).unwrap();
            prop_assert_eq!(read.len(), pushed.len());
            for (read, pushed) in read.iter().zip(pushed) {
                prop_assert_eq!(&read.partition_key, &pushed.partition_key);
                prop_assert_eq!(&read.explicit_hash_key, &pushed.explicit_hash_key);
                prop_assert_eq!(&read.data, &pushed.data);
            }
        }
    }
}
