//! Rejected records as JSON lines on standard error: for local runs.

use std::io::{Stderr, Write};
use std::sync::Arc;

use super::parts::{QuarantinePart, in_parts};
use super::{Quarantine, QuarantineEnvelope};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::delivery::json_lines::JsonLines;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;

/// Writes each rejected record as one line of JSON, a [`QuarantineEnvelope`]. The default of local runs.
///
/// On Lambda a record is kept as long as the log, and not longer.
#[derive(Debug)]
pub struct StderrQuarantine<W = Stderr> {
    lines: JsonLines<W>,
}

impl StderrQuarantine {
    /// A quarantine that writes to the process's standard error.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::to(std::io::stderr(), clock)
    }
}

impl<W: Write + Send + 'static> StderrQuarantine<W> {
    /// A quarantine that writes to `output`.
    pub fn to(output: W, clock: Arc<dyn Clock>) -> Self {
        Self { lines: JsonLines::new(output, clock) }
    }
}

impl<W: Write + Send + 'static> Quarantine for StderrQuarantine<W> {
    fn destination(&self) -> String {
        "standard error".to_owned()
    }

    async fn quarantine(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        in_parts(self, origin, records, deadline).await
    }
}

impl<W: Write + Send + 'static> QuarantinePart for StderrQuarantine<W> {
    async fn quarantine_part(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        let envelopes = records.iter().map(|rejected| QuarantineEnvelope::new(origin, rejected));
        self.lines.write(envelopes, deadline).await
    }
}
