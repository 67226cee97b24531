//! Records as JSON lines on standard output: for local runs.

use std::io::{Stdout, Write};
use std::sync::Arc;

use super::RecordSink;
use super::line::Line;
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::delivery::json_lines::JsonLines;
use crate::records::OpenedRecord;
use crate::retry::Deadline;

/// Writes each record as one line of JSON. The default of local runs.
///
/// It writes plaintext. On Lambda standard output is the function's log, so there it must be chosen knowingly.
///
/// A line is `{"sequenceNumber", "subSequenceNumber" (records of an aggregate only), "partitionKey", "approximateArrivalTimestamp"
/// (RFC 3339), "encryptionContext" (an object), "text" or "base64"}`: the plaintext is `text` if it is UTF-8, else `base64`. JSON within
/// it is not parsed, so that a line has the same shape whatever the plaintext. The S3 sink's lines are the same.
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

#[cfg(test)]
mod tests;
