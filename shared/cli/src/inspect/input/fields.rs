//! The fields of a record, under whichever of their names.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::inspect::time::{self, Millis};

/// A record as it is written, if it is one.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// In base64.
    pub(super) data: Option<String>,
    pub(super) partition_key: Option<String>,
    pub(super) arrived: Option<Millis>,
    pub(super) shard_id: Option<String>,
    pub(super) stream_arn: Option<String>,
    pub(super) server_side_encrypted: bool,
}

impl Fields {
    /// Takes the value of `name`, whatever that is.
    pub(super) fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "kinesis" => map.next_value_seed(Kinesis(self))?,
            "data" | "Data" => self.data = map.next_value_seed(Scalar)?.text(),
            "partitionKey" | "PartitionKey" => self.partition_key = map.next_value_seed(Scalar)?.text(),
            "approximateArrivalTimestamp" | "ApproximateArrivalTimestamp" => {
                self.arrived = match map.next_value_seed(Scalar)? {
                    Value::Text(text) => time::of_text(&text),
                    Value::Number(number) => time::of_number(number),
                    Value::Other => None,
                };
            }
            "eventID" => {
                let event_id = map.next_value_seed(Scalar)?.text();
                self.shard_id = event_id.and_then(|id| id.split_once(':').map(|(shard, _)| shard.to_owned()));
            }
            "shardId" => self.shard_id = map.next_value_seed(Scalar)?.text(),
            "eventSourceARN" | "streamArn" => self.stream_arn = map.next_value_seed(Scalar)?.text(),
            "EncryptionType" | "encryptionType" => {
                self.server_side_encrypted = map.next_value_seed(Scalar)?.text().as_deref() == Some("KMS");
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// What Lambda has a level below.
struct Kinesis<'f>(&'f mut Fields);

impl<'de> DeserializeSeed<'de> for Kinesis<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kinesis<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            // One level, not more: a record is not within a record.
            match name.as_str() {
                "kinesis" => drop(map.next_value::<IgnoredAny>()?),
                name => self.0.take(name, &mut map)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Any JSON value, of which nothing is kept but a text or a number.
pub(super) struct Scalar;

pub(super) enum Value {
    Text(String),
    Number(f64),
    Other,
}

impl Value {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Other => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "times in milliseconds are below 2^53")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
