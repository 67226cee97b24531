//! The operations about shards: from the request to the answer's JSON.

use serde_json::{Map, Value, json};

use super::error::KinesisError;
use super::request::{
    ListShardsRequest, MergeShardsRequest, ShardFilter, SplitShardRequest, StreamReference, hash_key,
};
use crate::stream::{InMemoryStream, ShardDescription, ShardId, StreamError};

/// When every stream says it was created: the embedded Kinesis keeps no such time. In seconds since the epoch.
const CREATION_TIMESTAMP: f64 = 1_767_225_600.0;

/// One page of at most `page_len` shards, closed ones included unless the filter is `AT_LATEST`.
pub(super) fn list_shards(
    stream: &InMemoryStream,
    request: &ListShardsRequest,
    page_len: usize,
) -> Result<Value, KinesisError> {
    let page = match &request.next_token {
        // > You cannot specify this parameter if you specify the NextToken parameter.
        Some(_) if request.stream.is_given() || request.shard_filter.is_some() => {
            let message = "NextToken and StreamName cannot be provided together.".to_owned();
            return Err(KinesisError::InvalidArgument(message));
        }
        Some(token) => Page::of_token(token)?,
        None => {
            request.stream.check(stream)?;
            Page { position: 0, open_only: open_only(request.shard_filter.as_ref())? }
        }
    };
    let page_len = request.max_results.unwrap_or(page_len).clamp(1, page_len);
    let wanted = |shard: &ShardDescription| !(page.open_only && shard.is_closed());
    let shards = stream.shards();
    let mut found = shards.iter().enumerate().skip(page.position).filter(|(_, shard)| wanted(shard));
    let listed: Vec<_> = found.by_ref().take(page_len).map(|(_, shard)| describe(shard)).collect();
    let mut answer = json!({"Shards": listed});
    if let (Some((position, _)), Some(answer)) = (found.next(), answer.as_object_mut()) {
        answer.insert("NextToken".to_owned(), json!(Page { position, ..page }.token()));
    }
    Ok(answer)
}

/// Where a page begins, in all shards that the stream ever had: a resharding between two pages moves nothing.
#[derive(Clone, Copy)]
struct Page {
    position: usize,
    open_only: bool,
}

impl Page {
    fn token(self) -> String {
        format!("{}:{}", if self.open_only { "open" } else { "all" }, self.position)
    }

    fn of_token(token: &str) -> Result<Self, KinesisError> {
        let parsed = token.split_once(':').and_then(|(which, position)| {
            let open_only = match which {
                "open" => true,
                "all" => false,
                _ => return None,
            };
            Some(Self { position: position.parse().ok()?, open_only })
        });
        parsed.ok_or_else(|| KinesisError::InvalidArgument("NextToken is invalid.".to_owned()))
    }
}

/// No record of an embedded stream is ever trimmed, so that all shards there are begin at the trim horizon.
fn open_only(filter: Option<&ShardFilter>) -> Result<bool, KinesisError> {
    match filter.map(|filter| filter.filter_type.as_str()) {
        Some("AT_LATEST") => Ok(true),
        None | Some("FROM_TRIM_HORIZON") => Ok(false),
        Some(other) => Err(KinesisError::InvalidArgument(format!("The filter {other} is not embedded."))),
    }
}

fn describe(shard: &ShardDescription) -> Value {
    let mut sequence_numbers = json!({"StartingSequenceNumber": shard.starting_sequence_number.as_str()});
    let mut members = Map::new();
    let mut insert = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    if let (Some(ending), Some(range)) = (&shard.ending_sequence_number, sequence_numbers.as_object_mut()) {
        range.insert("EndingSequenceNumber".to_owned(), json!(ending.as_str()));
    }
    insert("ShardId", json!(shard.id.as_str()));
    insert(
        "HashKeyRange",
        json!({
            "StartingHashKey": shard.hash_keys.starting.to_string(),
            "EndingHashKey": shard.hash_keys.ending.to_string(),
        }),
    );
    insert("SequenceNumberRange", sequence_numbers);
    if let Some(parent) = &shard.parent {
        insert("ParentShardId", json!(parent.as_str()));
    }
    if let Some(adjacent_parent) = &shard.adjacent_parent {
        insert("AdjacentParentShardId", json!(adjacent_parent.as_str()));
    }
    Value::Object(members)
}

pub(super) fn describe_stream_summary(
    stream: &InMemoryStream,
    request: &StreamReference,
) -> Result<Value, KinesisError> {
    request.check(stream)?;
    let open_shards = stream.shards().iter().filter(|shard| !shard.is_closed()).count();
    Ok(json!({"StreamDescriptionSummary": {
        "StreamName": stream.name(),
        "StreamARN": stream.arn(),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": CREATION_TIMESTAMP,
        "EnhancedMonitoring": [],
        "EncryptionType": "NONE",
        "OpenShardCount": open_shards,
        "ConsumerCount": 0,
    }}))
}

pub(super) fn split_shard(stream: &InMemoryStream, request: &SplitShardRequest) -> Result<Value, KinesisError> {
    request.stream.check(stream)?;
    let at = hash_key("NewStartingHashKey", &request.new_starting_hash_key)?;
    stream.split(&shard_id(stream, &request.shard_to_split)?, at).map_err(resharding_error)?;
    Ok(json!({}))
}

pub(super) fn merge_shards(stream: &InMemoryStream, request: &MergeShardsRequest) -> Result<Value, KinesisError> {
    request.stream.check(stream)?;
    let one = shard_id(stream, &request.shard_to_merge)?;
    let other = shard_id(stream, &request.adjacent_shard_to_merge)?;
    stream.merge(&one, &other).map_err(resharding_error)?;
    Ok(json!({}))
}

pub(super) fn shard_id(stream: &InMemoryStream, name: &str) -> Result<ShardId, KinesisError> {
    let found = stream.shards().into_iter().find(|shard| shard.id.as_str() == name);
    found.map(|shard| shard.id).ok_or_else(|| {
        let stream = stream.name();
        KinesisError::ResourceNotFound(format!(
            "Could not find shard {name} in stream {stream} under account 000000000000."
        ))
    })
}

fn resharding_error(error: StreamError) -> KinesisError {
    match error {
        StreamError::UnknownShard(_) => KinesisError::ResourceNotFound(error.to_string()),
        StreamError::NotSplittable(_) | StreamError::NotMergeable(..) => {
            KinesisError::InvalidArgument(error.to_string())
        }
    }
}
