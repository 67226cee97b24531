//! The operations that the embedded Kinesis knows.

/// An operation of the Kinesis API, named as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Writes up to 500 records.
    PutRecords,
    /// Lists the shards, page by page.
    ListShards,
    /// Tells how many shards are open.
    DescribeStreamSummary,
    /// Makes two shards of one.
    SplitShard,
    /// Makes one shard of two.
    MergeShards,
    /// Gives a place in a shard to read from.
    GetShardIterator,
    /// Reads from such a place on.
    GetRecords,
}

impl Operation {
    /// The operation of this name, if it is embedded.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "PutRecords" => Some(Self::PutRecords),
            "ListShards" => Some(Self::ListShards),
            "DescribeStreamSummary" => Some(Self::DescribeStreamSummary),
            "SplitShard" => Some(Self::SplitShard),
            "MergeShards" => Some(Self::MergeShards),
            "GetShardIterator" => Some(Self::GetShardIterator),
            "GetRecords" => Some(Self::GetRecords),
            _ => None,
        }
    }
}
