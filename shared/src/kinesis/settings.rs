//! What can be set about a writer. Every value that the types allow is valid.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::retry::RetryPolicy;

/// A writer's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterSettings {
    /// Whether records of one partition key stay in order.
    pub ordering: Ordering,
    /// Whether several records travel as one.
    pub aggregation: Aggregation,
    /// The most bytes of one aggregate, framing and checksum included. Where it exceeds
    /// [`max_record_bytes`](Self::max_record_bytes), that holds.
    pub max_aggregate_bytes: NonZeroUsize,
    /// The stream's own maximum record size.
    pub max_record_bytes: MaxRecordBytes,
    /// How fast a shard is written to, in percent of what it takes from all its producers together; `None` for no limit.
    pub rate_limit_percent: Option<NonZeroU32>,
    /// The most `PutRecords` requests under way at one time, over all `write` calls of the writer.
    pub max_requests_in_flight: NonZeroUsize,
    /// From the call of `write`: what is not acknowledged by then, or by the call's deadline, is reported as an error.
    pub record_time_to_live: Duration,
    /// What to do about a request of which nobody knows whether it was carried out.
    pub on_unknown_outcome: OnUnknownOutcome,
    /// How often and how soon what failed is sent again; its time-out is one `PutRecords` request's (or `ListShards` page's).
    pub retry: RetryPolicy,
    /// The shortest time between two looks at the shard map: a stale map is noticed with every result, but `ListShards` has a
    /// quota of its own.
    pub shard_map_refresh_interval: Duration,
}

impl WriterSettings {
    /// The default of [`max_aggregate_bytes`](Self::max_aggregate_bytes): the Kinesis Producer Library's `AggregationMaxSize`.
    pub const DEFAULT_MAX_AGGREGATE_BYTES: NonZeroUsize = NonZeroUsize::new(51_200).unwrap();
    /// The default of [`rate_limit_percent`](Self::rate_limit_percent), as in the Kinesis Producer Library: above 100, so that one
    /// producer can saturate a shard; low enough that several do not drown it in throttled requests.
    pub const DEFAULT_RATE_LIMIT_PERCENT: NonZeroU32 = NonZeroU32::new(150).unwrap();
    /// The default of [`max_requests_in_flight`](Self::max_requests_in_flight): at some 10 ms a request this writes
    /// 400,000 records/s, more than one function can prepare, with at most 80 MiB in the requests.
    pub const DEFAULT_MAX_REQUESTS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();
    /// The default of [`record_time_to_live`](Self::record_time_to_live): the Kinesis Producer Library's `RecordTtl`.
    pub const DEFAULT_RECORD_TIME_TO_LIVE: Duration = Duration::from_secs(30);
    /// The default time-out of one request: the Kinesis Producer Library's `RequestTimeout`, enough for 10 MiB on a slow line.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(6);
    /// The default of [`shard_map_refresh_interval`](Self::shard_map_refresh_interval): a resharding takes tens of seconds.
    pub const DEFAULT_SHARD_MAP_REFRESH_INTERVAL: Duration = Duration::from_secs(1);
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            ordering: Ordering::PerPartitionKey,
            aggregation: Aggregation::Off,
            max_aggregate_bytes: Self::DEFAULT_MAX_AGGREGATE_BYTES,
            max_record_bytes: MaxRecordBytes::DEFAULT,
            rate_limit_percent: Some(Self::DEFAULT_RATE_LIMIT_PERCENT),
            max_requests_in_flight: Self::DEFAULT_MAX_REQUESTS_IN_FLIGHT,
            record_time_to_live: Self::DEFAULT_RECORD_TIME_TO_LIVE,
            on_unknown_outcome: OnUnknownOutcome::Report,
            retry: RetryPolicy { attempt_timeout: Self::DEFAULT_REQUEST_TIMEOUT, ..RetryPolicy::default() },
            shard_map_refresh_interval: Self::DEFAULT_SHARD_MAP_REFRESH_INTERVAL,
        }
    }
}

/// Whether records of one partition key stay in order.
///
/// `PutRecords` gives no order: entries of one request may fail one by one, and a failed one, sent again, lands behind those
/// that followed it. The only order there is comes from waiting for the acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ordering {
    /// A record is not sent while an earlier one of its partition key in the same `write` call is unfinished, and not at all if
    /// that one failed. The cost: without aggregation, a partition key gets one record through per round trip (some 100/s).
    /// [`Aggregation::SamePartitionKey`] makes that one aggregate per round trip.
    #[default]
    PerPartitionKey,
    /// Every record is sent as soon as its shard's pace allows.
    None,
}

/// Whether several records travel as one Kinesis record, in the Kinesis Producer Library's format, which consumers must know.
///
/// An aggregate is one record to the shard's limits and to a batch's failures: it is written, throttled and redelivered as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregation {
    /// One record, one entry.
    #[default]
    Off,
    /// Consecutive records of one partition key (and the same explicit hash key) share an aggregate. No resharding can put such
    /// an aggregate into a wrong shard, only a stream that distributes records by itself can
    /// ([`RecordDistribution`](super::RecordDistribution)). Under [`Ordering::None`] this aggregates nothing.
    SamePartitionKey,
    /// Records bound for one shard share an aggregate. After a shard split, an aggregate may land in a shard that is not that of all its
    /// records. The Kinesis Client Library then discards the whole aggregate, so all its records are sent again: consumers that do not
    /// discard see them twice (the receipts say so). Each call begins with a look at the shards, unless there was one within
    /// [`shard_map_refresh_interval`](WriterSettings::shard_map_refresh_interval).
    SameShard,
}

/// What to do about a request of which nobody knows whether it was carried out: a time-out, a broken connection, a 5xx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknownOutcome {
    /// Report its records as [`Outcome::Unknown`](super::Outcome::Unknown): nothing is ever written twice by one call.
    #[default]
    Report,
    /// Send its records again, at the price of possible duplicates: at least once. The order of first copies is kept, unless
    /// an abandoned request reaches the service after those that followed it.
    SendAgain,
}

/// The most bytes a record of the stream may have, data and partition key together: 1 to 10 MiB, inclusive.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxRecordBytes(usize);

impl MaxRecordBytes {
    /// A stream's own default, which is also the smallest that a stream can have.
    pub const DEFAULT: Self = Self(1 << 20);
    /// The most that a Lambda function can be sent in one record. "6 MB each for request and response" of an invocation, in which the
    /// data stands in base64, four bytes for three, with the record's other members around it.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    pub const LARGEST_OF_A_LAMBDA_EVENT: usize = 4_400_000;
    /// The largest limit of a stream, which is also the most that a `PutRecords` request holds.
    pub const LARGEST: usize = 10 << 20;

    /// A limit of `bytes`; `None` unless it is 1 MiB to 10 MiB.
    #[must_use]
    pub fn new(bytes: usize) -> Option<Self> {
        (Self::DEFAULT.0..=Self::LARGEST).contains(&bytes).then_some(Self(bytes))
    }

    /// The limit in bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streams_record_limit_is_1_to_10_mib() {
        const MIB: usize = 1 << 20;
        assert_eq!(MaxRecordBytes::new(MIB - 1), None);
        assert_eq!(MaxRecordBytes::new(MIB), Some(MaxRecordBytes::DEFAULT));
        assert!(MaxRecordBytes::new(10 * MIB).is_some());
        assert_eq!(MaxRecordBytes::new(10 * MIB + 1), None);
    }
}
