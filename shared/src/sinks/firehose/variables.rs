//! What variables make of the Firehose sink.

use super::{DeliveryStreamName, FirehoseSettings};
use crate::sinks::SinkSettings;

pub(in crate::sinks) fn settings(stream_name: DeliveryStreamName) -> SinkSettings {
    SinkSettings::Firehose(FirehoseSettings::new(stream_name))
}
