//! What is kept of a rejected record: one JSON object, written here and read by a redrive.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::failure::FailureClass;
use crate::records::{RejectedRecord, RejectionCode, SequenceNumber, ShardOrigin, ShardRecord};
use crate::text::{escape_for_sqs, one_line, parse_rfc3339, rfc3339};

/// A rejected record as it is kept, in camel case as JSON:
///
/// | field | what it holds |
/// |---|---|
/// | `version` | `1.0`; a reader refuses another number before the dot |
/// | `streamArn`, `shardId`, `sequenceNumber` | where the record is from |
/// | `subSequenceNumber` | its 0-based place in a KPL aggregate; absent if it was not in one |
/// | `partitionKey`, `explicitHashKey` | as the producer gave them; the former may be empty, the latter absent |
/// | `approximateArrivalTimestamp` | RFC 3339, UTC; absent if the event did not tell it |
/// | `failureClass` | `permanent`; or `unavailable`: the record could be read but is too large for the sink, or its key is unusable and such records are quarantined |
/// | `reasonCode` | why, in one word, as in docs/metrics.md; absent in envelopes of older versions |
/// | `reason` | why, in words, at most 1,024 bytes |
/// | `data` | base64 of the record's original bytes, still encrypted |
/// | `s3Object` | instead of `data`, in a message that would be too large with it: `{"bucket", "key"}` of the object that holds this envelope with its `data` |
///
/// There is no field for plaintext, and nothing that makes an envelope has any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineEnvelope {
    /// The version of this schema.
    pub version: String,
    /// The stream's ARN.
    pub stream_arn: String,
    /// The shard.
    pub shard_id: String,
    /// The sequence number, 1 to 128 decimal digits.
    pub sequence_number: String,
    /// The place in a KPL aggregate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_sequence_number: Option<u32>,
    /// The partition key.
    pub partition_key: String,
    /// The explicit hash key, if the producer gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit_hash_key: Option<String>,
    /// When the stream received the record, if the event told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_arrival_timestamp: Option<String>,
    /// The name of the failure's class.
    pub failure_class: String,
    /// Why the record was rejected, in one word: the name of a [`RejectionCode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Why the record was rejected.
    pub reason: String,
    /// The original bytes, or where they are.
    #[serde(flatten)]
    pub payload: EnvelopePayload,
}

/// The original bytes of a rejected record, or where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnvelopePayload {
    /// The base64 of the original bytes.
    Data(String),
    /// The object that holds the envelope with its data.
    S3Object(S3Object),
}

/// The place of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Object {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

/// Why an envelope cannot be read. No variant holds its content.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the JSON of an envelope.
    #[error("not a quarantine envelope")]
    Malformed(#[source] serde_json::Error),
    /// Written by a version that this one cannot read.
    #[error("the envelope's version is not 1.x")]
    UnknownVersion,
    /// The data are kept in an object, which holds the envelope that has them.
    #[error("the envelope's data are in s3://{}/{}", .0.bucket, .0.key)]
    StoredInS3(S3Object),
    /// A field holds what it cannot hold.
    #[error("the envelope's {field} is not valid")]
    InvalidField {
        /// The field's name.
        field: &'static str,
    },
}

impl QuarantineEnvelope {
    /// The version that is written.
    pub const VERSION: &'static str = "1.0";
    /// The most bytes of a reason: enough for a chain of causes, and small beside any limit that a message has.
    pub const MAX_REASON_LEN: usize = 1_024;

    /// The envelope of `rejected`, with its data.
    #[must_use]
    pub fn new(origin: &ShardOrigin, rejected: &RejectedRecord) -> Self {
        let record = &rejected.record;
        Self {
            version: Self::VERSION.to_owned(),
            stream_arn: origin.stream_arn.clone(),
            shard_id: origin.shard_id.clone(),
            sequence_number: record.sequence_number.as_str().to_owned(),
            sub_sequence_number: record.sub_sequence_number,
            partition_key: record.partition_key.to_string(),
            explicit_hash_key: record.explicit_hash_key.as_ref().map(ToString::to_string),
            approximate_arrival_timestamp: record.approximate_arrival_timestamp.map(rfc3339),
            failure_class: rejected.class.name().to_owned(),
            reason_code: Some(rejected.code.name().to_owned()),
            reason: one_line(&rejected.reason, Self::MAX_REASON_LEN),
            payload: EnvelopePayload::Data(base64_simd::STANDARD.encode_to_string(&record.data)),
        }
    }

    /// The same envelope, with the place of its data instead of the data.
    #[must_use]
    pub fn pointing_to(self, object: S3Object) -> Self {
        Self { payload: EnvelopePayload::S3Object(object), ..self }
    }

    /// The JSON, of characters that SQS allows.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an object of strings and numbers always has a JSON")]
    pub fn to_json(&self) -> String {
        escape_for_sqs(serde_json::to_string(self).expect("strings and numbers can be written as JSON"))
    }

    /// Reads an envelope. Fields that are not known are passed over, so that `1.x` may add some.
    ///
    /// # Errors
    /// [`EnvelopeError::Malformed`] and [`EnvelopeError::UnknownVersion`].
    pub fn parse(json: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(json).map_err(EnvelopeError::Malformed)?;
        if envelope.version.split('.').next() == Some("1") { Ok(envelope) } else { Err(EnvelopeError::UnknownVersion) }
    }

    /// The record as it was rejected, and where it came from.
    ///
    /// # Errors
    /// [`EnvelopeError::StoredInS3`] if the data are elsewhere, [`EnvelopeError::InvalidField`] if a field is not what it must be.
    pub fn into_record(self) -> Result<(ShardOrigin, RejectedRecord), EnvelopeError> {
        let invalid = |field| EnvelopeError::InvalidField { field };
        let data = match self.payload {
            EnvelopePayload::S3Object(object) => return Err(EnvelopeError::StoredInS3(object)),
            EnvelopePayload::Data(base64) => {
                base64_simd::STANDARD.decode_to_vec(base64).map_err(|_| invalid("data"))?
            }
        };
        let record = ShardRecord {
            sequence_number: SequenceNumber::parse(&self.sequence_number).ok_or(invalid("sequenceNumber"))?,
            sub_sequence_number: self.sub_sequence_number,
            partition_key: self.partition_key.into(),
            explicit_hash_key: self.explicit_hash_key.map(Into::into),
            approximate_arrival_timestamp: match self.approximate_arrival_timestamp {
                Some(text) => Some(parse_rfc3339(&text).ok_or(invalid("approximateArrivalTimestamp"))?),
                None => None,
            },
            data: Bytes::from(data),
        };
        let class = class_named(&self.failure_class).ok_or(invalid("failureClass"))?;
        let origin = ShardOrigin { stream_arn: self.stream_arn, shard_id: self.shard_id };
        // A later version may have further codes.
        let code = self.reason_code.as_deref().and_then(RejectionCode::named).unwrap_or(RejectionCode::Unknown);
        Ok((origin, RejectedRecord { record, class, code, reason: self.reason }))
    }
}

fn class_named(name: &str) -> Option<FailureClass> {
    FailureClass::ALL.into_iter().find(|class| class.name() == name)
}

#[cfg(test)]
mod tests;
