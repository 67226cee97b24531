//! Variables of the sinks and the quarantine.

use super::{Choice, Describe, Environment, Integer, Text, kinesis};
use crate::kinesis::StreamIdentifier;
use crate::quarantine::QuarantineSettings;
use crate::s3::{BucketName, KeyPrefix, S3Settings};
use crate::sinks::{DeliveryStreamName, FirehoseSettings, KinesisSinkSettings, SinkSettings};
use crate::sqs::{MessageLimit, QueueUrl, SqsSettings};

/// The variables, in the order of the documentation.
pub(super) const VARIABLES: &[&dyn Describe] = &[
    &SINK,
    &SINK_STREAM_NAME,
    &SINK_DELIVERY_STREAM_NAME,
    &SINK_QUEUE_URL,
    &SINK_QUEUE_MESSAGE_LIMIT,
    &QUARANTINE,
    &QUARANTINE_QUEUE_URL,
    &QUARANTINE_QUEUE_MESSAGE_LIMIT,
    &QUARANTINE_BUCKET,
    &QUARANTINE_PREFIX,
];

pub(super) fn read_sink(environment: &mut Environment<'_>) -> Option<SinkSettings> {
    match environment.read(&SINK)? {
        Sink::Stdout => Some(SinkSettings::Stdout),
        Sink::Kinesis => {
            let stream = environment.require(&SINK_STREAM_NAME, "because SINK is kinesis");
            let writer = kinesis::read_writer(environment, KinesisSinkSettings::default_writer());
            Some(SinkSettings::Kinesis(KinesisSinkSettings { stream: stream?, writer: writer? }))
        }
        Sink::Firehose => {
            let name = environment.require(&SINK_DELIVERY_STREAM_NAME, "because SINK is firehose")?;
            Some(SinkSettings::Firehose(FirehoseSettings::new(name)))
        }
        Sink::Sqs => {
            let url = environment.require(&SINK_QUEUE_URL, "because SINK is sqs");
            let limit = read_message_limit(environment, &SINK_QUEUE_MESSAGE_LIMIT);
            Some(SinkSettings::Sqs(SqsSettings { message_limit: limit?, ..SqsSettings::new(url?) }))
        }
    }
}

pub(super) fn read_quarantine(environment: &mut Environment<'_>) -> Option<QuarantineSettings> {
    match environment.read(&QUARANTINE)? {
        Quarantine::Stderr => Some(QuarantineSettings::Stderr),
        Quarantine::Sqs => {
            let url = environment.require(&QUARANTINE_QUEUE_URL, "because QUARANTINE is sqs");
            let limit = read_message_limit(environment, &QUARANTINE_QUEUE_MESSAGE_LIMIT);
            let prefix = environment.read(&QUARANTINE_PREFIX)?;
            let bucket = environment.read(&QUARANTINE_BUCKET);
            let oversized = bucket.map(|bucket| S3Settings { prefix, ..S3Settings::new(bucket) });
            let queue = SqsSettings { message_limit: limit?, ..SqsSettings::new(url?) };
            Some(QuarantineSettings::Sqs { queue, oversized })
        }
        Quarantine::S3 => {
            let bucket = environment.require(&QUARANTINE_BUCKET, "because QUARANTINE is s3");
            let prefix = environment.read(&QUARANTINE_PREFIX)?;
            Some(QuarantineSettings::S3(S3Settings { prefix, ..S3Settings::new(bucket?) }))
        }
    }
}

fn read_message_limit(environment: &mut Environment<'_>, variable: &Integer) -> Option<MessageLimit> {
    environment.read(variable).and_then(|bytes| usize::try_from(bytes).ok()).and_then(MessageLimit::from_bytes)
}

#[derive(Clone, Copy, Debug)]
enum Sink {
    Stdout,
    Kinesis,
    Firehose,
    Sqs,
}

#[derive(Clone, Copy, Debug)]
enum Quarantine {
    Stderr,
    Sqs,
    S3,
}

const SINK: Choice<Sink> = Choice {
    name: "SINK",
    choices: &[("stdout", Sink::Stdout), ("kinesis", Sink::Kinesis), ("firehose", Sink::Firehose), ("sqs", Sink::Sqs)],
    meaning: "Where opened records go. stdout writes them in clear, which on Lambda means into the log.",
};

const SINK_STREAM_NAME: Text<StreamIdentifier> = Text {
    name: "SINK_STREAM_NAME",
    allowed: "a Kinesis stream's name or ARN",
    default: None,
    parse: |text| StreamIdentifier::parse(text),
    meaning: "The stream of SINK=kinesis.",
};

const SINK_DELIVERY_STREAM_NAME: Text<DeliveryStreamName> = Text {
    name: "SINK_DELIVERY_STREAM_NAME",
    allowed: "a Firehose stream's name",
    default: None,
    parse: DeliveryStreamName::parse,
    meaning: "The Firehose stream of SINK=firehose.",
};

const SINK_QUEUE_URL: Text<QueueUrl> = Text {
    name: "SINK_QUEUE_URL",
    allowed: "a queue's URL",
    default: None,
    parse: QueueUrl::parse,
    meaning: "The queue of SINK=sqs; FIFO if its name ends with .fifo.",
};

const SINK_QUEUE_MESSAGE_LIMIT: Integer = message_limit(
    "SINK_QUEUE_MESSAGE_LIMIT_BYTES",
    "The sink queue's MaximumMessageSize. A larger record goes to quarantine, since it can never be delivered.",
);

const QUARANTINE: Choice<Quarantine> = Choice {
    name: "QUARANTINE",
    choices: &[("stderr", Quarantine::Stderr), ("sqs", Quarantine::Sqs), ("s3", Quarantine::S3)],
    meaning: "Where records go that can never be decrypted, still encrypted, with the reason.",
};

const QUARANTINE_QUEUE_URL: Text<QueueUrl> = Text {
    name: "QUARANTINE_QUEUE_URL",
    allowed: "a queue's URL",
    default: None,
    parse: QueueUrl::parse,
    meaning: "The queue of QUARANTINE=sqs.",
};

const QUARANTINE_QUEUE_MESSAGE_LIMIT: Integer = message_limit(
    "QUARANTINE_QUEUE_MESSAGE_LIMIT_BYTES",
    "The quarantine queue's MaximumMessageSize. A larger record goes to QUARANTINE_BUCKET, or else is the checkpoint.",
);

const QUARANTINE_BUCKET: Text<BucketName> = Text {
    name: "QUARANTINE_BUCKET",
    allowed: "a bucket's name",
    default: None,
    parse: BucketName::parse,
    meaning: "The bucket of QUARANTINE=s3, and for what is too large for the queue of QUARANTINE=sqs.",
};

const QUARANTINE_PREFIX: Text<KeyPrefix> = Text {
    name: "QUARANTINE_PREFIX",
    allowed: "up to 256 letters, digits and /!_.*'()-, neither beginning nor ending with /",
    default: Some(KeyPrefix::DEFAULT),
    parse: KeyPrefix::parse,
    meaning: "What the keys of quarantined objects begin with.",
};

const fn message_limit(name: &'static str, meaning: &'static str) -> Integer {
    Integer {
        name,
        allowed: MessageLimit::MIN_BYTES as u64..=MessageLimit::MAX_BYTES as u64,
        default: Some(MessageLimit::MAX_BYTES as u64),
        unit: "bytes",
        meaning,
    }
}
