//! Why a record was not acknowledged, and whether it may be in the stream all the same.

use std::error::Error;
use std::sync::Arc;

use super::record::RecordError;
use crate::failure::FailureClass;

/// Why a record was not acknowledged. No variant's text holds a record's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// No retry will ever write this record.
    #[error("the record cannot be written")]
    Unwritable(#[source] RecordError),
    /// Its shard, or the request, was throttled until the record's time was up or to the last attempt.
    #[error("Kinesis throttled the record")]
    Throttled,
    /// Up to the last attempt, Kinesis failed with the record or could not be reached.
    #[error("Kinesis failed, or could not be reached")]
    Failed,
    /// The record's time to live or the deadline passed before its turn came, or before its request could leave.
    #[error("the time for the record was up before it was written")]
    Expired,
    /// Kinesis refused the request, or an earlier one of the same call: access, the stream's name or state, a KMS key of the
    /// stream's server-side encryption, an argument that is invalid in every request. An operator can fix it.
    #[error("Kinesis refused the request; check the stream's name and state, and the role's policies")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// Kinesis refuses each request that this record is in, and takes others: it is larger than the stream's own limit, or has something else
    /// that this stream does not take.
    #[error("Kinesis refuses this record, and takes others")]
    Rejected(#[source] Arc<dyn Error + Send + Sync>),
    /// An earlier record of the same partition key failed, so that writing this one would break their order.
    #[error("record {index}, which has the same partition key and comes first, was not acknowledged")]
    EarlierRecordFailed {
        /// The 0-based place of that record in the call.
        index: usize,
    },
    /// Without the shard map nothing is sent.
    #[error("the shards could not be listed")]
    ShardMapUnavailable(#[source] ListShardsError),
    /// The record was sent, and nobody knows whether it was written.
    #[error("the record was sent, but its outcome is unknown")]
    OutcomeUnknown(#[source] UnknownCause),
}

/// Whether a record that was not acknowledged may be in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This call has certainly not written it.
    NotWritten,
    /// It may or may not be in the stream.
    Unknown,
}

impl WriteError {
    /// Whether the record may be in the stream all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::OutcomeUnknown(_) => Outcome::Unknown,
            _ => Outcome::NotWritten,
        }
    }

    /// What the failure means for the record.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Unwritable(_) | Self::Rejected(_) => FailureClass::Permanent,
            Self::Throttled => FailureClass::Throttled,
            Self::Failed | Self::Expired | Self::EarlierRecordFailed { .. } | Self::OutcomeUnknown(_) => {
                FailureClass::Transient
            }
            Self::Refused(_) => FailureClass::Unavailable,
            Self::ShardMapUnavailable(source) => source.class(),
        }
    }
}

/// Why nobody knows whether a record was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UnknownCause {
    /// No answer within the time-out of a request.
    #[error("the request timed out")]
    TimedOut,
    /// The record's time to live or the deadline passed while the request was under way.
    #[error("the time for the record was up while the request was under way")]
    ExpiredInFlight,
    /// The connection broke, or the service failed (5xx) with the request.
    #[error("the connection or the service failed during the request")]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// The number of results differs from the number of entries, so that none can be matched.
    #[error("the response has {results} results for {entries} entries")]
    WrongResultCount {
        /// The entries sent.
        entries: usize,
        /// The results received.
        results: usize,
    },
    /// The entry's result has neither a sequence number nor an error.
    #[error("the entry's result cannot be read")]
    UnreadableResult,
    /// The record is in the stream, but in an aggregate of which a record belongs to another shard than it landed in, where consumers may
    /// discard it.
    #[error("the record's aggregate landed in a shard that is not that of all its records")]
    Misplaced,
}

/// Why a whole `PutRecords` request failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PutRecordsError {
    /// Too many requests, of Kinesis or (`KMSThrottlingException`) of the KMS key of the stream's server-side encryption.
    /// Nothing was written.
    #[error("Kinesis throttled the request")]
    Throttled(#[source] Arc<dyn Error + Send + Sync>),
    /// Every request will fare like this one: access denied, no such stream, an unusable KMS key. Nothing was written.
    #[error("Kinesis refused the request")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// This request will never be accepted, another may be: perhaps only for one of its entries. Nothing was written.
    #[error("Kinesis does not accept the request")]
    Invalid(#[source] Arc<dyn Error + Send + Sync>),
    /// The request never left: there was no connection to send it on, or no credentials to sign it with. Nothing was written.
    #[error("the request could not be sent")]
    NotSent(#[source] Arc<dyn Error + Send + Sync>),
    /// Kinesis did not accept what this sandbox brings into every request: its credentials, its signature, its clock, its account.
    /// Nothing was written, and another request, signed anew, may be.
    #[error("Kinesis did not accept the function's own request, whatever it holds")]
    Caller(#[source] Arc<dyn Error + Send + Sync>),
    /// A time-out, a broken connection, a 5xx: some or all of it may be written.
    #[error("the request's outcome is unknown")]
    OutcomeUnknown(#[source] Arc<dyn Error + Send + Sync>),
}

/// Why the shards could not be listed. `Clone`, because all who wait for the shard map share its failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ListShardsError {
    /// Too many `ListShards` requests, or the stream is being changed.
    #[error("Kinesis throttled the request for the list of shards")]
    Throttled(#[source] Arc<dyn Error + Send + Sync>),
    /// A time-out, a broken connection, a 5xx.
    #[error("the connection or the service failed while the shards were listed")]
    Transient(#[source] Arc<dyn Error + Send + Sync>),
    /// Kinesis did not accept what this sandbox brings into every request: its credentials, its signature, its clock, its account.
    #[error("Kinesis did not accept the function's own request for the list of shards")]
    Caller(#[source] Arc<dyn Error + Send + Sync>),
    /// No answer in time.
    #[error("listing the shards took too long")]
    TimedOut,
    /// Access denied, no such stream.
    #[error("Kinesis refused to list the shards")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// The listing has no open shard, or no end.
    #[error("the list of shards that Kinesis gave is incomplete or contradicts itself")]
    Malformed,
}

impl ListShardsError {
    /// What the failure means: whether it is worth another try.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Throttled(_) => FailureClass::Throttled,
            Self::Transient(_) | Self::TimedOut | Self::Malformed => FailureClass::Transient,
            Self::Caller(_) => FailureClass::Caller,
            Self::Refused(_) => FailureClass::Unavailable,
        }
    }
}
