//! What variables make of the Kinesis sink.

use super::KinesisSinkSettings;
use crate::kinesis::{StreamIdentifier, WriterSettings};
use crate::sinks::SinkSettings;

/// Variables set what they set of a writer; for the rest a sink has defaults of its own.
pub(in crate::sinks) fn settings(stream: StreamIdentifier, writer: WriterSettings) -> SinkSettings {
    let on_unknown_outcome = KinesisSinkSettings::default_writer().on_unknown_outcome;
    SinkSettings::Kinesis(KinesisSinkSettings { stream, writer: WriterSettings { on_unknown_outcome, ..writer } })
}
