//! The protobuf (proto2) messages of an aggregate.

use bytes::Bytes;

/// `AggregatedRecord`. Decoding it takes memory for every field, in the worst case 16 times the bytes that the field has on the
/// wire: whoever does not trust the bytes looks at the [`FieldCounts`](super::field_counts::FieldCounts) first.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AggregatedRecord {
    /// The distinct partition keys.
    #[prost(string, repeated, tag = "1")]
    pub(super) partition_key_table: Vec<String>,
    /// The distinct explicit hash keys.
    #[prost(string, repeated, tag = "2")]
    pub(super) explicit_hash_key_table: Vec<String>,
    /// Each an encoded [`Record`]: on the wire, a nested message is its bytes. Decoded one after the other, they take no memory
    /// beside the user records that are made of them.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) records: Vec<Bytes>,
}

/// `Record`. Its tags (field 4) are not read: no library writes them.
///
/// The required fields are options here, because `prost` reads an absent required field as its default.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Record {
    /// Required: the place in the table of partition keys.
    #[prost(uint64, optional, tag = "1")]
    pub(super) partition_key_index: Option<u64>,
    /// The place in the table of explicit hash keys.
    #[prost(uint64, optional, tag = "2")]
    pub(super) explicit_hash_key_index: Option<u64>,
    /// Required: the payload.
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(super) data: Option<Bytes>,
}
