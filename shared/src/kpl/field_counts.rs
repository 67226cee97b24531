//! What an aggregate holds, counted before any of it takes memory.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// How much an encoded `AggregatedRecord` holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FieldCounts {
    pub(super) partition_keys: usize,
    pub(super) explicit_hash_keys: usize,
    pub(super) records: usize,
    /// The bytes of the encoded records, together.
    pub(super) records_len: usize,
}

impl FieldCounts {
    /// Walks over the top level of `protobuf` and stores nothing. `None` if that is not an `AggregatedRecord`, which is
    /// not yet certain for what is counted: only decoding looks into the fields.
    pub(super) fn of(mut protobuf: &[u8]) -> Option<Self> {
        let mut counts = Self::default();
        while !protobuf.is_empty() {
            let (tag, wire_type) = decode_key(&mut protobuf).ok()?;
            let count = match tag {
                1 => &mut counts.partition_keys,
                2 => &mut counts.explicit_hash_keys,
                3 => &mut counts.records,
                _ => {
                    skip_field(wire_type, tag, &mut protobuf, DecodeContext::default()).ok()?;
                    continue;
                }
            };
            if wire_type != WireType::LengthDelimited {
                return None;
            }
            *count += 1;
            let len = usize::try_from(decode_varint(&mut protobuf).ok()?).ok()?;
            protobuf = protobuf.get(len..)?;
            if tag == 3 {
                counts.records_len += len;
            }
        }
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;
    use crate::kpl::aggregated_record::AggregatedRecord;

    #[test]
    fn an_unknown_field_is_not_counted_and_what_is_cut_off_is_nothing() {
        let protobuf = [&[0x0A, 2][..], b"pk", &[0x12, 1], b"7", &[0x20, 9, 0x1A, 0], &[0x1A, 3], b"abc"].concat();
        let counts = FieldCounts { partition_keys: 1, explicit_hash_keys: 1, records: 2, records_len: 3 };
        assert_eq!(FieldCounts::of(&protobuf), Some(counts));
        assert_eq!(FieldCounts::of(&protobuf[..protobuf.len() - 1]), None);
        assert_eq!(FieldCounts::of(&[0x18, 7]), None, "a number where a record belongs");
        assert_eq!(FieldCounts::of(&[0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]), None);
    }

    proptest! {
        #[test]
        fn what_can_be_decoded_is_counted_as_it_is_decoded(
            fields in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..4)), 0..20)
        ) {
            // Mostly fields that are known, with a length that is right.
            let field = |(tag, data): (u8, Vec<u8>)| {
                let len = u8::try_from(data.len()).expect("short");
                [vec![[0x0A, 0x12, 0x1A, 0x22, tag][usize::from(tag) % 5], len], data].concat()
            };
            let protobuf: Vec<u8> = fields.into_iter().flat_map(field).collect();
            if let Ok(aggregate) = AggregatedRecord::decode(protobuf.as_slice()) {
                let counts = FieldCounts {
                    partition_keys: aggregate.partition_key_table.len(),
                    explicit_hash_keys: aggregate.explicit_hash_key_table.len(),
                    records: aggregate.records.len(),
                    records_len: aggregate.records.iter().map(bytes::Bytes::len).sum(),
                };
                prop_assert_eq!(FieldCounts::of(&protobuf), Some(counts));
            }
        }
    }
}
