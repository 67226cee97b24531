//! What a seed draws beforehand.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::event_source_mapping::MappingSettings;
use crate::kms::{DEVELOPMENT_KEY_ARN, REGION};

/// Where opened records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SinkKind {
    Queue,
    FifoQueue,
    Firehose,
    Bucket,
    /// With this value of `KINESIS_AGGREGATION`.
    Stream(&'static str),
}

impl SinkKind {
    const ALL: [Self; 7] = [
        Self::Queue,
        Self::FifoQueue,
        Self::Firehose,
        Self::Bucket,
        Self::Stream("off"),
        Self::Stream("same-partition-key"),
        Self::Stream("same-shard"),
    ];

    fn arn(self) -> String {
        match self {
            Self::Queue => format!("arn:aws:sqs:{REGION}:000000000000:{SINK}"),
            Self::FifoQueue => format!("arn:aws:sqs:{REGION}:000000000000:{SINK}.fifo"),
            Self::Firehose => format!("arn:aws:firehose:{REGION}:000000000000:deliverystream/{SINK}"),
            Self::Bucket => format!("arn:aws:s3:::{SINK}/clear"),
            Self::Stream(_) => format!("arn:aws:kinesis:{REGION}:000000000000:stream/{SINK}"),
        }
    }

    /// How many records may be delivered beyond one that is not, by README.md: "at most 499 records for Firehose and for Kinesis, and 79
    /// for SQS", and "In a bucket nothing is twice".
    pub(super) fn reach(self) -> usize {
        match self {
            Self::Queue | Self::FifoQueue => 79,
            Self::Firehose | Self::Stream(_) => 499,
            Self::Bucket => 0,
        }
    }

    /// Whether the order of each partition key is kept, whatever happens. A sink that has no such order keeps that of the shard, up to its reach.
    pub(super) fn orders_by_partition_key(self) -> bool {
        matches!(self, Self::FifoQueue | Self::Stream(_))
    }

    /// Whether what was acknowledged may be sent again within an invocation: an aggregate that landed in another shard is.
    pub(super) fn may_repeat_acknowledged(self) -> bool {
        matches!(self, Self::Stream("same-partition-key" | "same-shard"))
    }
}

/// The sink's name.
pub(super) const SINK: &str = "clear";

/// The quarantine's name.
pub(super) const QUARANTINE: &str = "rejected";

/// What a seed draws beforehand, but for the records.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) sink: SinkKind,
    pub(super) sink_shards: u32,
    /// The function's environment.
    pub(super) variables: Vec<(String, String)>,
    pub(super) function_timeout: Duration,
    pub(super) refresh_after: Duration,
    pub(super) mapping: MappingSettings,
    pub(super) kms_requests_per_second: Option<NonZeroU32>,
}

impl Scenario {
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let sink = *rng.choice(&SinkKind::ALL).expect("there are some");
        let quarantine = match rng.u8(0..3) {
            0 => format!("arn:aws:sqs:{REGION}:000000000000:{QUARANTINE}"),
            1 => format!("arn:aws:sqs:{REGION}:000000000000:{QUARANTINE}.fifo"),
            _ => format!("arn:aws:s3:::{QUARANTINE}"),
        };
        let timeout_seconds = rng.u64(2..=40);
        let max_age_seconds = *rng.choice(&[20, 300]).expect("there are some");
        let refresh_after_seconds = max_age_seconds * 4 / 5;
        let mut variables = vec![
            ("AWS_REGION", REGION.to_owned()),
            ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN.to_owned()),
            ("SINK_ARN", sink.arn()),
            ("QUARANTINE_ARN", quarantine),
            ("FUNCTION_TIMEOUT_SECONDS", timeout_seconds.to_string()),
            ("DATA_KEY_MAX_AGE_SECONDS", max_age_seconds.to_string()),
            ("DATA_KEY_REFRESH_AFTER_SECONDS", refresh_after_seconds.to_string()),
        ];
        if let SinkKind::Stream(aggregation) = sink {
            variables.push(("KINESIS_AGGREGATION", aggregation.to_owned()));
        }
        let mapping = MappingSettings {
            batch_size: NonZeroUsize::new(*rng.choice(&[1, 5, 30, 100]).expect("there are some")).expect("not zero"),
            bisect_batch_on_function_error: rng.bool(),
            initial_backoff: Duration::from_millis(500),
            maximum_backoff: Duration::from_secs(10),
            ..MappingSettings::default()
        };
        Self {
            sink,
            sink_shards: rng.u32(1..=4),
            variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            function_timeout: Duration::from_secs(timeout_seconds),
            refresh_after: Duration::from_secs(refresh_after_seconds),
            mapping,
            kms_requests_per_second: if rng.bool() { NonZeroU32::new(rng.u32(2..=50)) } else { None },
        }
    }
}
