//! A record in clear as one line of JSON.

use serde::{Serialize, Serializer};

use crate::message::EncryptionContext;
use crate::records::OpenedRecord;
use crate::text::rfc3339;

/// A record in clear as one line of JSON: see [`StdoutSink`](super::StdoutSink).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    sequence_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_sequence_number: Option<u32>,
    partition_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    approximate_arrival_timestamp: Option<String>,
    #[serde(serialize_with = "as_object")]
    encryption_context: &'a EncryptionContext,
    #[serde(flatten)]
    plaintext: Plaintext<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Plaintext<'a> {
    Text(&'a str),
    Base64(String),
}

impl<'a> From<&'a OpenedRecord> for Line<'a> {
    fn from(opened: &'a OpenedRecord) -> Self {
        let plaintext = match std::str::from_utf8(&opened.plaintext) {
            Ok(text) => Plaintext::Text(text),
            Err(_) => Plaintext::Base64(base64_simd::STANDARD.encode_to_string(&opened.plaintext)),
        };
        Self {
            sequence_number: opened.record.sequence_number.as_str(),
            sub_sequence_number: opened.record.sub_sequence_number,
            partition_key: &opened.record.partition_key,
            approximate_arrival_timestamp: opened.record.approximate_arrival_timestamp.map(rfc3339),
            encryption_context: &opened.encryption_context,
            plaintext,
        }
    }
}

fn as_object<S: Serializer>(context: &EncryptionContext, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(context.iter())
}
