//! What variables make of the Kinesis sink.

use super::KinesisSinkSettings;
use crate::kinesis::{StreamIdentifier, WriterSettings};

/// Variables set what they set of a writer; for the rest a sink has defaults of its own.
pub(in crate::sinks) fn settings(stream: StreamIdentifier, writer: WriterSettings) -> KinesisSinkSettings {
    let on_unknown_outcome = KinesisSinkSettings::default_writer().on_unknown_outcome;
    KinesisSinkSettings { stream, writer: WriterSettings { on_unknown_outcome, ..writer } }
}
