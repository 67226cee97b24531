//! The sink that the configuration chose.

use std::sync::Arc;

use aws_config::SdkConfig;

#[cfg(feature = "s3")]
use super::S3Sink;
#[cfg(feature = "sqs")]
use super::SqsSink;
#[cfg(feature = "firehose")]
use super::{FirehoseSettings, FirehoseSink};
#[cfg(feature = "kinesis")]
use super::{KinesisSink, KinesisSinkSettings};
use super::{RecordSink, StdoutSink};
use crate::clock::Clock;
use crate::delivery::{Delivery, DeliveryError};
#[cfg(feature = "kinesis")]
use crate::kinesis::{KinesisClient, KinesisWriter};
use crate::records::OpenedRecord;
use crate::retry::Deadline;
#[cfg(feature = "s3")]
use crate::s3::S3Settings;
#[cfg(feature = "sqs")]
use crate::sqs::SqsSettings;

/// Which sink is configured, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SinkSettings {
    /// JSON lines of plaintext on standard output.
    Stdout,
    /// A Kinesis stream.
    #[cfg(feature = "kinesis")]
    Kinesis(KinesisSinkSettings),
    /// A Firehose stream.
    #[cfg(feature = "firehose")]
    Firehose(FirehoseSettings),
    /// An S3 bucket.
    #[cfg(feature = "s3")]
    S3(S3Settings),
    /// An SQS queue.
    #[cfg(feature = "sqs")]
    Sqs(SqsSettings),
}

/// The sink that the configuration chose.
#[derive(Debug)]
pub enum ConfiguredSink {
    /// JSON lines of plaintext on standard output.
    Stdout(StdoutSink),
    /// A Kinesis stream.
    #[cfg(feature = "kinesis")]
    Kinesis(Box<KinesisSink<KinesisClient, KinesisClient>>),
    /// A Firehose stream.
    #[cfg(feature = "firehose")]
    Firehose(FirehoseSink),
    /// An S3 bucket.
    #[cfg(feature = "s3")]
    S3(S3Sink),
    /// An SQS queue.
    #[cfg(feature = "sqs")]
    Sqs(SqsSink),
}

impl ConfiguredSink {
    /// The sink of `settings`; its client, if it needs one, is made from `sdk`.
    #[must_use]
    #[cfg_attr(
        not(any(feature = "kinesis", feature = "firehose", feature = "s3", feature = "sqs")),
        expect(unused_variables)
    )]
    pub fn new(settings: SinkSettings, sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        match settings {
            SinkSettings::Stdout => Self::Stdout(StdoutSink::new(clock)),
            #[cfg(feature = "kinesis")]
            SinkSettings::Kinesis(KinesisSinkSettings { stream, writer }) => {
                let client = KinesisClient::new(sdk, stream.clone());
                let writer = KinesisWriter::new(client.clone(), client, writer, clock);
                Self::Kinesis(Box::new(KinesisSink::new(stream, writer)))
            }
            #[cfg(feature = "firehose")]
            SinkSettings::Firehose(settings) => Self::Firehose(FirehoseSink::new(sdk, settings, clock)),
            #[cfg(feature = "s3")]
            SinkSettings::S3(settings) => Self::S3(S3Sink::new(sdk, settings, clock)),
            #[cfg(feature = "sqs")]
            SinkSettings::Sqs(settings) => Self::Sqs(SqsSink::new(sdk, settings, clock)),
        }
    }
}

impl RecordSink for ConfiguredSink {
    fn destination(&self) -> String {
        match self {
            Self::Stdout(sink) => sink.destination(),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(sink) => sink.destination(),
            #[cfg(feature = "firehose")]
            Self::Firehose(sink) => sink.destination(),
            #[cfg(feature = "s3")]
            Self::S3(sink) => sink.destination(),
            #[cfg(feature = "sqs")]
            Self::Sqs(sink) => sink.destination(),
        }
    }

    fn writes_to(&self, stream_arn: &str) -> bool {
        match self {
            Self::Stdout(sink) => sink.writes_to(stream_arn),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(sink) => sink.writes_to(stream_arn),
            #[cfg(feature = "firehose")]
            Self::Firehose(sink) => sink.writes_to(stream_arn),
            #[cfg(feature = "s3")]
            Self::S3(sink) => sink.writes_to(stream_arn),
            #[cfg(feature = "sqs")]
            Self::Sqs(sink) => sink.writes_to(stream_arn),
        }
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        match self {
            Self::Stdout(sink) => sink.refusal(record),
            #[cfg(feature = "kinesis")]
            Self::Kinesis(sink) => sink.refusal(record),
            #[cfg(feature = "firehose")]
            Self::Firehose(sink) => sink.refusal(record),
            #[cfg(feature = "s3")]
            Self::S3(sink) => sink.refusal(record),
            #[cfg(feature = "sqs")]
            Self::Sqs(sink) => sink.refusal(record),
        }
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        match self {
            Self::Stdout(sink) => sink.deliver(records, deadline).await,
            #[cfg(feature = "kinesis")]
            Self::Kinesis(sink) => sink.deliver(records, deadline).await,
            #[cfg(feature = "firehose")]
            Self::Firehose(sink) => sink.deliver(records, deadline).await,
            #[cfg(feature = "s3")]
            Self::S3(sink) => sink.deliver(records, deadline).await,
            #[cfg(feature = "sqs")]
            Self::Sqs(sink) => sink.deliver(records, deadline).await,
        }
    }
}
