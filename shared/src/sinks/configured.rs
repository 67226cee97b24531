//! The sink that the configuration chose.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::{FirehoseSettings, FirehoseSink, KinesisSink, KinesisSinkSettings, RecordSink, SqsSink, StdoutSink};
use crate::clock::Clock;
use crate::delivery::{Delivery, DeliveryError};
use crate::kinesis::{KinesisClient, KinesisWriter};
use crate::records::OpenedRecord;
use crate::retry::Deadline;
use crate::sqs::SqsSettings;

/// Which sink is configured, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SinkSettings {
    /// JSON lines of plaintext on standard output.
    Stdout,
    /// A Kinesis stream.
    Kinesis(KinesisSinkSettings),
    /// A Firehose stream.
    Firehose(FirehoseSettings),
    /// An SQS queue.
    Sqs(SqsSettings),
}

/// The sink that the configuration chose.
#[derive(Debug)]
pub enum ConfiguredSink {
    /// JSON lines of plaintext on standard output.
    Stdout(StdoutSink),
    /// A Kinesis stream.
    Kinesis(Box<KinesisSink<KinesisClient, KinesisClient>>),
    /// A Firehose stream.
    Firehose(FirehoseSink),
    /// An SQS queue.
    Sqs(SqsSink),
}

impl ConfiguredSink {
    /// The sink of `settings`; its client, if it needs one, is made from `sdk`.
    #[must_use]
    pub fn new(settings: SinkSettings, sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        match settings {
            SinkSettings::Stdout => Self::Stdout(StdoutSink::new(clock)),
            SinkSettings::Kinesis(KinesisSinkSettings { stream, writer }) => {
                let client = KinesisClient::new(sdk, stream.clone());
                let writer = KinesisWriter::new(client.clone(), client, writer, clock);
                Self::Kinesis(Box::new(KinesisSink::new(stream, writer)))
            }
            SinkSettings::Firehose(settings) => Self::Firehose(FirehoseSink::new(sdk, settings, clock)),
            SinkSettings::Sqs(settings) => Self::Sqs(SqsSink::new(sdk, settings, clock)),
        }
    }
}

impl RecordSink for ConfiguredSink {
    fn destination(&self) -> String {
        match self {
            Self::Stdout(sink) => sink.destination(),
            Self::Kinesis(sink) => sink.destination(),
            Self::Firehose(sink) => sink.destination(),
            Self::Sqs(sink) => sink.destination(),
        }
    }

    fn writes_to(&self, stream_arn: &str) -> bool {
        match self {
            Self::Stdout(sink) => sink.writes_to(stream_arn),
            Self::Kinesis(sink) => sink.writes_to(stream_arn),
            Self::Firehose(sink) => sink.writes_to(stream_arn),
            Self::Sqs(sink) => sink.writes_to(stream_arn),
        }
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        match self {
            Self::Stdout(sink) => sink.refusal(record),
            Self::Kinesis(sink) => sink.refusal(record),
            Self::Firehose(sink) => sink.refusal(record),
            Self::Sqs(sink) => sink.refusal(record),
        }
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        match self {
            Self::Stdout(sink) => sink.deliver(records, deadline).await,
            Self::Kinesis(sink) => sink.deliver(records, deadline).await,
            Self::Firehose(sink) => sink.deliver(records, deadline).await,
            Self::Sqs(sink) => sink.deliver(records, deadline).await,
        }
    }
}
