//! The AWS SDK's Kinesis client behind the writer's seams: the only file of the writer that names `aws_sdk_kinesis`.

use std::error::Error;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::builders::PutRecordsRequestEntryBuilder;
use aws_sdk_kinesis::types::{
    PutRecordsRequestEntry, PutRecordsResultEntry, RecordDistributionStrategy, Shard, ShardFilter, ShardFilterType,
};
use futures_util::FutureExt as _;

use super::departure::Departure;
use super::error::{ListShardsError, PutRecordsError};
use super::service::{EntryFailure, EntryResult, ListShards, ListedShard, PutRecords, RecordDistribution, ShardPage};
use super::settings::WriterSettings;
use crate::aws::{Arn, CallerFault, WhenItLeaves, caused_by, client_config, request_cause, timeouts};
use crate::records::{SequenceNumber, UserRecord};

const SERVICE: &str = "Kinesis";

/// One stream, through the AWS SDK. Cheap to clone: clones share the connections.
#[derive(Clone, Debug)]
pub struct KinesisClient {
    client: Client,
    stream: StreamIdentifier,
}

/// Which stream: its ARN, which also reaches other accounts' streams, or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamIdentifier {
    /// `arn:…:kinesis:…:stream/…`
    Arn(String),
    /// 1 to 128 of `A-Z a-z 0-9 _ . -`, in the client's own account and Region.
    Name(String),
}

impl KinesisClient {
    /// A client for `stream`. The SDK's own retries are switched off: the writer knows the deadline and retries by record. A request may
    /// take [`WriterSettings::DEFAULT_REQUEST_TIMEOUT`].
    #[must_use]
    pub fn new(config: &SdkConfig, stream: StreamIdentifier) -> Self {
        Self { client: Client::from_conf(without_retries(config).build()), stream }
    }
}

impl StreamIdentifier {
    /// Reads a stream's ARN or name; `None` if it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(arn) = Arn::parse(text) {
            let name = arn.resource.strip_prefix("stream/");
            let is_stream = arn.service == "kinesis" && arn.is_regional() && name.is_some_and(is_stream_name);
            return is_stream.then(|| Self::Arn(text.to_owned()));
        }
        is_stream_name(text).then(|| Self::Name(text.to_owned()))
    }

    /// The stream's name, without account and Region.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.rsplit_once('/').map_or(arn, |(_, name)| name),
            Self::Name(name) => name,
        }
    }

    /// The stream's Region, where the ARN is known.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Arn::parse(arn).map(|arn| arn.region),
            Self::Name(_) => None,
        }
    }

    /// The ARN and the name, of which one is known.
    fn arn_and_name(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Arn(arn) => (Some(arn.clone()), None),
            Self::Name(name) => (None, Some(name.clone())),
        }
    }
}

fn is_stream_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

impl PutRecords for KinesisClient {
    async fn put_records(
        &self,
        entries: Vec<UserRecord>,
        departure: &Departure,
    ) -> Result<Vec<EntryResult>, PutRecordsError> {
        departure.hold_back();
        let records: Result<Vec<_>, _> = entries.into_iter().map(request_entry).collect();
        let records = records.map_err(|error| PutRecordsError::Invalid(Arc::new(error)))?;
        let (arn, name) = self.stream.arn_and_name();
        let output = self
            .client
            .put_records()
            .set_stream_arn(arn)
            .set_stream_name(name)
            .set_records(Some(records))
            .customize()
            .interceptor(WhenItLeaves::ask({
                let departure = departure.clone();
                move || departure.leave()
            }))
            .send()
            .boxed()
            .await
            .map_err(|error| put_records_error(error, departure))?;
        Ok(output.records.into_iter().map(entry_result).collect())
    }
}

impl ListShards for KinesisClient {
    async fn list_shards(&self, next_token: Option<String>) -> Result<ShardPage, ListShardsError> {
        let request = self.client.list_shards();
        let request = match next_token {
            // "You cannot specify [the stream or a filter] if you specify the NextToken parameter."
            Some(next_token) => request.next_token(next_token),
            None => {
                let (arn, name) = self.stream.arn_and_name();
                let open = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build();
                let open = open.map_err(|error| ListShardsError::Refused(Arc::new(error)))?;
                request.set_stream_arn(arn).set_stream_name(name).shard_filter(open)
            }
        };
        let output = request.send().boxed().await.map_err(list_shards_error)?;
        let shards: Option<Vec<_>> = output.shards.unwrap_or_default().into_iter().map(listed_shard).collect();
        Ok(ShardPage { shards: shards.ok_or(ListShardsError::Malformed)?, next_token: output.next_token })
    }

    async fn record_distribution(&self) -> Result<RecordDistribution, ListShardsError> {
        let (arn, name) = self.stream.arn_and_name();
        let request = self.client.describe_stream_summary().set_stream_arn(arn).set_stream_name(name);
        let output = request.send().boxed().await.map_err(list_shards_error)?;
        let summary = output.stream_description_summary;
        Ok(match summary.as_ref().and_then(|summary| summary.record_distribution_strategy.as_ref()) {
            Some(RecordDistributionStrategy::Auto) => RecordDistribution::ByService,
            Some(RecordDistributionStrategy::UserPartitionKey) => RecordDistribution::ByPartitionKey,
            // A strategy of the future, or a service (an emulator) that knows of none.
            _ => RecordDistribution::Unknown,
        })
    }
}

fn without_retries(config: &SdkConfig) -> aws_sdk_kinesis::config::Builder {
    client_config!(aws_sdk_kinesis, config, timeouts(WriterSettings::DEFAULT_REQUEST_TIMEOUT))
}

fn request_entry(entry: UserRecord) -> Result<PutRecordsRequestEntry, aws_sdk_kinesis::error::BuildError> {
    PutRecordsRequestEntryBuilder::default()
        .partition_key(&*entry.partition_key)
        .set_explicit_hash_key(entry.explicit_hash_key.map(|hash_key| hash_key.as_ref().to_owned()))
        .data(Blob::from_maybe_shared(entry.data))
        .build()
}

fn entry_result(result: PutRecordsResultEntry) -> EntryResult {
    if let Some(code) = result.error_code {
        let failure = match code.as_str() {
            "ProvisionedThroughputExceededException" => EntryFailure::Throttled,
            _ => EntryFailure::Internal,
        };
        let shard_id = result.error_message.as_deref().and_then(named_shard).map(str::to_owned);
        return EntryResult::Failed { failure, shard_id };
    }
    match (result.shard_id, result.sequence_number.as_deref().and_then(SequenceNumber::parse)) {
        (Some(shard_id), Some(sequence_number)) => EntryResult::Written { shard_id, sequence_number },
        _ => EntryResult::Unreadable,
    }
}

/// "An ErrorCode value of ProvisionedThroughputExceededException has an error message that includes the account ID, stream name,
/// and shard ID." A stream's name may itself begin like a shard's, so only the word after "shard" counts.
fn named_shard(message: &str) -> Option<&str> {
    let (_, after) = message.split_once("shard ")?;
    let word = after.split([' ', ',', '.', ';']).next()?;
    word.starts_with("shardId-").then_some(word)
}

fn listed_shard(shard: Shard) -> Option<ListedShard> {
    let hash_keys = shard.hash_key_range?;
    let start: u128 = hash_keys.starting_hash_key.parse().ok()?;
    let end: u128 = hash_keys.ending_hash_key.parse().ok()?;
    // "Shards that are in the open state have an ending sequence number of null."
    let open = shard.sequence_number_range.is_none_or(|range| range.ending_sequence_number.is_none());
    (start <= end).then_some(ListedShard { shard_id: shard.shard_id, hash_keys: start..=end, open })
}

fn put_records_error<E>(error: SdkError<E>, departure: &Departure) -> PutRecordsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // Not the SDK's error itself: the message of a validation error can quote the request, and with it content.
    let source = request_cause(SERVICE, &error);
    // An answer that says otherwise, or nothing, is believed.
    let is_unanswered = matches!(error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_));
    match classify(&error) {
        RequestFailure::Unknown if is_unanswered && departure.give_up() => PutRecordsError::NotSent(source),
        RequestFailure::Caller(fault) => PutRecordsError::Caller(fault.with_cause(source)),
        RequestFailure::Throttled => PutRecordsError::Throttled(source),
        RequestFailure::Invalid => PutRecordsError::Invalid(source),
        RequestFailure::Refused => PutRecordsError::Refused(source),
        RequestFailure::NotSent => PutRecordsError::NotSent(source),
        RequestFailure::Unknown => PutRecordsError::OutcomeUnknown(source),
    }
}

fn list_shards_error<E>(error: SdkError<E>) -> ListShardsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let source = request_cause(SERVICE, &error);
    match classify(&error) {
        RequestFailure::Caller(fault) => ListShardsError::Caller(fault.with_cause(source)),
        RequestFailure::Throttled => ListShardsError::Throttled(source),
        RequestFailure::NotSent | RequestFailure::Unknown => ListShardsError::Transient(source),
        RequestFailure::Invalid | RequestFailure::Refused => ListShardsError::Refused(source),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestFailure {
    Caller(CallerFault),
    Throttled,
    Invalid,
    Refused,
    NotSent,
    Unknown,
}

fn classify<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> RequestFailure {
    if let (SdkError::ServiceError(_), Some(fault)) = (error, CallerFault::of_request(error)) {
        return RequestFailure::Caller(fault);
    }
    match error {
        // Never sent, and never will be.
        SdkError::ConstructionFailure(_) => RequestFailure::Refused,
        SdkError::DispatchFailure(_) if never_left(error) => RequestFailure::NotSent,
        SdkError::ServiceError(service) => match service.err().code() {
            Some(
                "ProvisionedThroughputExceededException"
                | "KMSThrottlingException"
                | "LimitExceededException"
                | "ResourceInUseException"
                | "ThrottlingException"
                | "Throttling"
                | "RequestLimitExceeded",
            ) => RequestFailure::Throttled,
            // A 5xx may have come after the writing.
            _ if service.raw().status().is_server_error() => RequestFailure::Unknown,
            Some("InternalFailure" | "InternalFailureException" | "ServiceUnavailable") | None => {
                RequestFailure::Unknown
            }
            Some("InvalidArgumentException" | "ValidationException" | "SerializationException") => {
                RequestFailure::Invalid
            }
            // AccessDeniedException, ResourceNotFoundException, KMSAccessDenied, KMSDisabled, KMSInvalidState, KMSNotFound,
            // KMSOptInRequired: no request will fare better.
            Some(_) => RequestFailure::Refused,
        },
        // A time-out, a connection that broke, an answer that cannot be read: it may have been carried out.
        _ => RequestFailure::Unknown,
    }
}

/// Whether a dispatch failed for certain before anything of the request was sent: while the credentials were obtained, or while the
/// connection was made (name resolution, TCP, TLS, and the time-out of all that).
fn never_left(error: &(dyn Error + 'static)) -> bool {
    let unconnected = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect())
    };
    caused_by::<CredentialsError>(error)
        || std::iter::successors(Some(error), |error| (*error).source()).any(unconnected)
}

#[cfg(test)]
mod tests;
