//! What the operations are asked, as the service's JSON has it. Members that make no difference here are ignored.

use bytes::Bytes;
use serde::{Deserialize, Deserializer};

use super::error::KinesisError;
use crate::stream::InMemoryStream;

/// Which stream a request is about: by name, by ARN, or by both.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StreamReference {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

impl StreamReference {
    /// Whether anything is named at all.
    pub(super) fn is_given(&self) -> bool {
        self.stream_name.is_some() || self.stream_arn.is_some()
    }

    /// Makes sure that it is `stream` that is named.
    pub(super) fn check(&self, stream: &InMemoryStream) -> Result<(), KinesisError> {
        if !self.is_given() {
            let message = "Either StreamName or StreamARN must be provided.".to_owned();
            return Err(KinesisError::InvalidArgument(message));
        }
        let name = self.stream_name.as_deref().unwrap_or_else(|| stream.name());
        let arn = self.stream_arn.as_deref().unwrap_or_else(|| stream.arn());
        if name == stream.name() && arn == stream.arn() {
            return Ok(());
        }
        let named = self.stream_arn.as_deref().unwrap_or(name);
        Err(KinesisError::ResourceNotFound(format!("Stream {named} under account 000000000000 not found.")))
    }
}

/// A request of up to 10 MiB: its stream is not a [`StreamReference`] of its own, since serde copies what it flattens.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRecordsRequest {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    records: Vec<Entry>,
}

impl PutRecordsRequest {
    /// Which stream, and what to write there.
    pub(super) fn into_parts(self) -> (StreamReference, Vec<Entry>) {
        (StreamReference { stream_name: self.stream_name, stream_arn: self.stream_arn }, self.records)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    #[serde(deserialize_with = "from_base64")]
    pub(super) data: Bytes,
    pub(super) partition_key: String,
    pub(super) explicit_hash_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListShardsRequest {
    #[serde(flatten)]
    pub(super) stream: StreamReference,
    pub(super) next_token: Option<String>,
    pub(super) max_results: Option<usize>,
    pub(super) shard_filter: Option<ShardFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShardFilter {
    #[serde(rename = "Type")]
    pub(super) filter_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SplitShardRequest {
    #[serde(flatten)]
    pub(super) stream: StreamReference,
    pub(super) shard_to_split: String,
    pub(super) new_starting_hash_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MergeShardsRequest {
    #[serde(flatten)]
    pub(super) stream: StreamReference,
    pub(super) shard_to_merge: String,
    pub(super) adjacent_shard_to_merge: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetShardIteratorRequest {
    #[serde(flatten)]
    pub(super) stream: StreamReference,
    pub(super) shard_id: String,
    pub(super) shard_iterator_type: String,
    pub(super) starting_sequence_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetRecordsRequest {
    pub(super) shard_iterator: String,
    pub(super) limit: Option<usize>,
}

/// A hash key as the API writes it.
///
/// > Pattern: `0|([1-9]\d{0,38})`
pub(super) fn hash_key(member: &str, decimal: &str) -> Result<u128, KinesisError> {
    let canonical = decimal.bytes().all(|byte| byte.is_ascii_digit()) && (decimal == "0" || !decimal.starts_with('0'));
    let parsed = if canonical { decimal.parse().ok() } else { None };
    parsed.ok_or_else(|| {
        KinesisError::InvalidArgument(format!("Invalid {member}. {member} must be in the range: [0, 2^128-1]."))
    })
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    base64_simd::STANDARD.decode_to_vec(text).map(Bytes::from).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_key_is_a_decimal_number_below_2_to_the_128() {
        let parsed = |decimal: &str| hash_key("ExplicitHashKey", decimal).ok();
        assert_eq!(parsed("0"), Some(0));
        assert_eq!(parsed("340282366920938463463374607431768211455"), Some(u128::MAX));
        for wrong in ["", "00", "+1", "-1", "1.0", "340282366920938463463374607431768211456"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
