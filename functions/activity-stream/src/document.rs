//! The document of a record: what a database wrote, and its events one by one.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use warmkeys::delivery::DeliveryError;
use warmkeys::records::{OpenedRecord, ShardRecord};

/// A document. Nothing in it is given a type that is not needed: databases contradict the documentation of the types, and add members
/// at any time.
#[derive(Deserialize)]
pub(crate) struct Document<'a> {
    #[serde(rename = "clusterId", borrow)]
    cluster_id: Option<&'a RawValue>,
    #[serde(rename = "instanceId", borrow)]
    instance_id: Option<&'a RawValue>,
    #[serde(rename = "databaseActivityEventList", borrow)]
    pub(crate) events: Vec<&'a RawValue>,
}

impl<'a> Document<'a> {
    /// Reads `document`. What is refused is not quoted.
    pub(crate) fn read(document: &'a [u8]) -> Result<Self, DeliveryError> {
        serde_json::from_slice(document).map_err(|error| {
            let what = if error.is_data() { "has no databaseActivityEventList" } else { "is not JSON" };
            DeliveryError::never(&format!(
                "the activity document {what} (line {}, column {})",
                error.line(),
                error.column()
            ))
        })
    }

    /// `event` with where it is from, as one line of JSON without its newline.
    pub(crate) fn line(&self, event: &RawValue, record: &ShardRecord) -> Vec<u8> {
        let line = Line {
            cluster_id: self.cluster_id,
            instance_id: self.instance_id,
            sequence_number: record.sequence_number.as_str(),
            arrival_time: record
                .approximate_arrival_timestamp
                .map(|time| humantime::format_rfc3339_millis(time).to_string()),
            event,
        };
        // Nothing that is serialised here can fail: there are no maps, and a vector takes all bytes.
        let mut line = serde_json::to_vec(&line).unwrap_or_default();
        // Within a text JSON escapes them, so that these are white space between its parts.
        line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        line
    }
}

/// An event's record: its place is that of the document's, and its place in the list. It carries no ciphertext, for that is the document's.
pub(crate) fn event_record(document: &OpenedRecord, index: usize, plaintext: Vec<u8>) -> OpenedRecord {
    let record = ShardRecord {
        sub_sequence_number: Some(u32::try_from(index).unwrap_or(u32::MAX)),
        data: bytes::Bytes::new(),
        ..document.record.clone()
    };
    let encryption_context = std::sync::Arc::clone(&document.encryption_context);
    OpenedRecord { record, encryption_context, plaintext }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<&'a RawValue>,
    sequence_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrival_time: Option<String>,
    event: &'a RawValue,
}
