//! Records as JSON lines on standard output: for local runs.

use std::io::{Stdout, Write};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::RecordSink;
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::delivery::json_lines::JsonLines;
use crate::message::EncryptionContext;
use crate::records::OpenedRecord;
use crate::retry::Deadline;
use crate::text::rfc3339;

/// Writes each record as one line of JSON. The default of local runs.
///
/// It writes plaintext. On Lambda standard output is the function's log, so there it must be chosen knowingly.
///
/// A line is `{"sequenceNumber", "subSequenceNumber" (records of an aggregate only), "partitionKey", "approximateArrivalTimestamp"
/// (RFC 3339), "encryptionContext" (an object), "text" or "base64"}`: the plaintext is `text` if it is UTF-8, else `base64`. JSON within
/// it is not parsed, so that a line has the same shape whatever the plaintext.
#[derive(Debug)]
pub struct StdoutSink<W = Stdout> {
    lines: JsonLines<W>,
}

impl StdoutSink {
    /// A sink that writes to the process's standard output.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::to(std::io::stdout(), clock)
    }
}

impl<W: Write + Send + 'static> StdoutSink<W> {
    /// A sink that writes to `output`.
    pub fn to(output: W, clock: Arc<dyn Clock>) -> Self {
        Self { lines: JsonLines::new(output, clock) }
    }
}

impl<W: Write + Send + 'static> RecordSink for StdoutSink<W> {
    fn destination(&self) -> String {
        "standard output".to_owned()
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        self.lines.write(records.iter().map(Line::from), deadline).await
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
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

#[cfg(test)]
mod tests;
