//! What variables make of the Firehose sink.

use super::{DeliveryStreamName, FirehoseSettings};

pub(in crate::sinks) fn settings(stream_name: DeliveryStreamName) -> FirehoseSettings {
    FirehoseSettings::new(stream_name)
}
