//! The seams to the service: two operations, and the shapes that cross them.

use std::future::Future;
use std::ops::RangeInclusive;

use super::departure::Departure;
use super::error::{ListShardsError, PutRecordsError};
use crate::records::{SequenceNumber, UserRecord};

/// Sends one `PutRecords` request. Dropping the future abandons the request, which may be carried out all the same, if
/// it has left.
pub trait PutRecords: Send + Sync {
    /// Writes `entries` (1 to 500, at most 10 MiB) and returns one result per entry, in the order of the entries. Tells `departure` when
    /// the request leaves, where that is known.
    ///
    /// # Errors
    /// [`PutRecordsError`], if the request failed as a whole.
    fn put_records(
        &self,
        entries: Vec<UserRecord>,
        departure: &Departure,
    ) -> impl Future<Output = Result<Vec<EntryResult>, PutRecordsError>> + Send;
}

/// Lists a stream's shards, page by page.
pub trait ListShards: Send + Sync + 'static {
    /// The first page, or the one that `next_token` of the page before names.
    ///
    /// # Errors
    /// [`ListShardsError`].
    fn list_shards(
        &self,
        next_token: Option<String>,
    ) -> impl Future<Output = Result<ShardPage, ListShardsError>> + Send;

    /// By what the stream chooses a record's shard: what `DescribeStreamSummary` says, where it can be asked.
    ///
    /// # Errors
    /// [`ListShardsError`].
    fn record_distribution(&self) -> impl Future<Output = Result<RecordDistribution, ListShardsError>> + Send {
        std::future::ready(Ok(RecordDistribution::Unknown))
    }
}

/// By what a stream chooses a record's shard: its `RecordDistributionStrategy`.
/// <https://docs.aws.amazon.com/streams/latest/dev/service-managed-record-distribution.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordDistribution {
    /// `USER_PARTITION_KEY`, the default: by the hash of the partition key, or by the explicit hash key.
    ByPartitionKey,
    /// `AUTO`: the service spreads the records, "and ignores any partition key and `ExplicitHashKey` that a producer provides". There is
    /// no order per partition key, and "aggregated records that are written are silently dropped by KCL consumers".
    ByService,
    /// The stream did not say.
    Unknown,
}

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryResult {
    /// The entry is in the stream.
    Written {
        /// The shard it is in.
        shard_id: String,
        /// Its place there.
        sequence_number: SequenceNumber,
    },
    /// The entry is not in the stream.
    Failed {
        /// Why.
        failure: EntryFailure,
        /// The shard that the service names in its message, if it names one.
        shard_id: Option<String>,
    },
    /// The result has neither a place nor an error: nobody knows.
    Unreadable,
}

/// Why an entry was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFailure {
    /// `ProvisionedThroughputExceededException`: its shard has had enough for this second.
    Throttled,
    /// `InternalFailure` or any other code.
    Internal,
}

/// One page of `ListShards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardPage {
    /// Open and closed shards.
    pub shards: Vec<ListedShard>,
    /// Names the next page; `None` on the last.
    pub next_token: Option<String>,
}

/// One shard as `ListShards` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedShard {
    /// `shardId-…`.
    pub shard_id: String,
    /// The hash keys whose records it takes while it is open.
    pub hash_keys: RangeInclusive<u128>,
    /// Whether it still takes records. A shard closes when it is split or merged; its children take over its hash keys.
    pub open: bool,
}
