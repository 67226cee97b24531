//! Where a batch came from.

/// Where a batch came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardOrigin {
    /// The stream's ARN.
    pub stream_arn: String,
    /// The shard, `shardId-…`.
    pub shard_id: String,
}

impl ShardOrigin {
    /// The ARN of the stream itself, also where the event names a consumer of it: `…:stream/orders/consumer/…`.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.stream_arn.split_once("/consumer/").map_or(&self.stream_arn, |(stream, _)| stream)
    }

    /// The stream's name: `orders` of `…:stream/orders`.
    #[must_use]
    pub fn stream_name(&self) -> &str {
        self.stream().rsplit_once('/').map_or(self.stream(), |(_, name)| name)
    }
}
