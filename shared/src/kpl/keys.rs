//! The keys of an aggregate's user records, of which only those are kept that a user record names.

use std::collections::HashMap;
use std::sync::Arc;

use super::field;
use super::wire::{Value, fields};
use crate::records::HashKey;

/// Keys by their places in their table.
#[derive(Debug, Default)]
pub(super) struct Keys {
    partition_keys: HashMap<u64, Arc<str>>,
    explicit_hash_keys: HashMap<u64, Option<Arc<str>>>,
}

impl Keys {
    /// Has `partition_key` kept, and `explicit_hash_key`, by their places.
    pub(super) fn want(&mut self, partition_key: u64, explicit_hash_key: Option<u64>) {
        self.partition_keys.entry(partition_key).or_default();
        if let Some(place) = explicit_hash_key {
            self.explicit_hash_keys.entry(place).or_default();
        }
    }

    /// Reads the wanted keys out of the tables of an `AggregatedRecord`.
    pub(super) fn look_up(&mut self, protobuf: &[u8]) {
        let (mut partition_keys, mut explicit_hash_keys) = (0_u64.., 0_u64..);
        for found in fields(protobuf) {
            let Ok((number, Value::Bytes(key))) = found else { continue };
            match number {
                field::PARTITION_KEY => {
                    let place = partition_keys.next().and_then(|place| self.partition_keys.get_mut(&place));
                    place.into_iter().for_each(|place| *place = partition_key(key));
                }
                field::EXPLICIT_HASH_KEY => {
                    let place = explicit_hash_keys.next().and_then(|place| self.explicit_hash_keys.get_mut(&place));
                    place.into_iter().for_each(|place| *place = explicit_hash_key(key));
                }
                _ => {}
            }
        }
    }

    /// The partition key at `place`; empty if its table has none there.
    pub(super) fn partition_key(&self, place: u64) -> Arc<str> {
        self.partition_keys.get(&place).cloned().unwrap_or_default()
    }

    /// The explicit hash key at `place`, if there is one that decides a shard.
    pub(super) fn explicit_hash_key(&self, place: u64) -> Option<Arc<str>> {
        self.explicit_hash_keys.get(&place).cloned().flatten()
    }
}

/// "Partition keys are Unicode strings, with a maximum length limit of 256 characters for each key."
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html>
///
/// Inside an aggregate nobody has checked that, so that a longer one is cut: it is kept once, but goes out with each user record.
fn partition_key(bytes: &[u8]) -> Arc<str> {
    const MAX_CHARS: usize = 256;
    const MAX_BYTES_PER_CHAR: usize = 4;
    let beginning = bytes.get(..MAX_CHARS * MAX_BYTES_PER_CHAR).unwrap_or(bytes);
    let key = String::from_utf8_lossy(beginning);
    let end = key.char_indices().nth(MAX_CHARS).map_or(key.len(), |(end, _)| end);
    key.get(..end).unwrap_or_default().into()
}

/// The number, written as Kinesis takes it: without the zeros that the Kinesis Client Library reads over. `None` for what is no
/// number of the hash-key space: aws-kinesis-agg 3.0.0 (npm) wrote "undefined" for none.
fn explicit_hash_key(bytes: &[u8]) -> Option<Arc<str>> {
    let digits = std::str::from_utf8(bytes).ok()?;
    let canonical = match digits.trim_start_matches('0') {
        "" if !digits.is_empty() => "0",
        canonical => canonical,
    };
    HashKey::parse(canonical).map(|_| canonical.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_of_any_length_and_bytes_is_read_and_has_256_characters_at_most() {
        for (bytes, key) in [
            (String::new(), String::new()),
            ("é".repeat(255), "é".repeat(255)),
            ("é".repeat(256), "é".repeat(256)),
            ("é".repeat(257), "é".repeat(256)),
            ("\u{1F600}".repeat(257), "\u{1F600}".repeat(256)),
            ("k".repeat(700_000), "k".repeat(256)),
        ] {
            assert_eq!(*partition_key(bytes.as_bytes()), *key, "{} characters", bytes.chars().count());
        }
        assert_eq!(&*partition_key(b"a\xFFb"), "a\u{FFFD}b");
    }

    #[test]
    fn an_explicit_hash_key_is_a_number_of_the_hash_key_space_or_none() {
        let most = "340282366920938463463374607431768211455";
        for (written, read) in
            [("0", Some("0")), ("000", Some("0")), ("0123", Some("123")), ("7", Some("7")), (most, Some(most))]
        {
            assert_eq!(explicit_hash_key(written.as_bytes()).as_deref(), read, "{written:?}");
        }
        for none in ["", "undefined", "null", "-130", "+1", "1.5", "340282366920938463463374607431768211456"] {
            assert_eq!(explicit_hash_key(none.as_bytes()), None, "{none:?}");
        }
        assert_eq!(explicit_hash_key(b"\xFF"), None);
    }
}
