//! The protobuf (proto2) messages of an aggregate, as they are written. They are read field by field: see [`wire`](super::wire).

use bytes::Bytes;

/// `AggregatedRecord`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AggregatedRecord {
    /// The distinct partition keys.
    #[prost(string, repeated, tag = "1")]
    pub(super) partition_key_table: Vec<String>,
    /// The distinct explicit hash keys.
    #[prost(string, repeated, tag = "2")]
    pub(super) explicit_hash_key_table: Vec<String>,
    /// Each an encoded [`Record`]: on the wire, a nested message is its bytes.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub(super) records: Vec<Bytes>,
}

/// `Record`, without its tags (field 4): no library writes them. The required fields are options so that tests can leave them out.
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
