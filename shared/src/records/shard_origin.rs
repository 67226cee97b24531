//! Where a batch came from.

/// Where a batch came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardOrigin {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The shard, `shardId-…`.
    pub shard_id: String,
}
