//! The Kinesis event as Lambda sends it, before anything about it is believed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A Kinesis event. The same shape as `aws_lambda_events::kinesis::KinesisEvent`, of which it reads what a batch needs.
///
/// A type of our own, because most of an event is base64: this one decodes it with vector instructions straight from the
/// event's bytes, without the string in between. Every field may be absent, so that [`ShardBatch`](super::ShardBatch) can say
/// which one of which record was, and unknown fields are passed over.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>
#[derive(Debug, Default, serde::Deserialize)]
pub struct KinesisEvent {
    /// The records, in shard order.
    #[serde(rename = "Records", default)]
    pub(super) records: Vec<KinesisEventRecord>,
}

/// One entry of `Records`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct KinesisEventRecord {
    /// `shardId-…:<sequence number>`.
    #[serde(rename = "eventID")]
    pub(super) event_id: Option<Box<str>>,
    #[serde(rename = "eventSourceARN")]
    pub(super) event_source_arn: Option<Box<str>>,
    pub(super) kinesis: Option<KinesisRecord>,
}

/// The Kinesis record of an entry.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KinesisRecord {
    /// Seconds since the epoch.
    pub(super) approximate_arrival_timestamp: Option<f64>,
    pub(super) data: Option<Base64Data>,
    pub(super) partition_key: Option<SharedString>,
    pub(super) sequence_number: Option<Box<str>>,
}

/// Bytes that the event carries as base64. `Debug` shows the length only.
pub(super) struct Base64Data(pub(super) Bytes);

impl fmt::Debug for Base64Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64Data({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Base64Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64Visitor;

        impl Visitor<'_> for Base64Visitor {
            type Value = Base64Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            // Asked for bytes, `serde_json` hands over a string's without checking that they are UTF-8.
            fn visit_bytes<E: Error>(self, base64: &[u8]) -> Result<Base64Data, E> {
                match base64_simd::STANDARD.decode_to_vec(base64) {
                    Ok(data) => Ok(Base64Data(data.into())),
                    Err(_) => Err(E::custom("a record's data is not base64")),
                }
            }

            fn visit_str<E: Error>(self, base64: &str) -> Result<Base64Data, E> {
                self.visit_bytes(base64.as_bytes())
            }
        }

        deserializer.deserialize_bytes(Base64Visitor)
    }
}

/// A string read into its shared form at once.
#[derive(Debug)]
pub(super) struct SharedString(pub(super) Arc<str>);

impl<'de> Deserialize<'de> for SharedString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SharedStringVisitor;

        impl Visitor<'_> for SharedStringVisitor {
            type Value = SharedString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SharedString, E> {
                Ok(SharedString(text.into()))
            }
        }

        deserializer.deserialize_str(SharedStringVisitor)
    }
}
