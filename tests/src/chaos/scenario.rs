//! What a seed draws beforehand.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::event_source_mapping::MappingSettings;
use crate::kms::{ACCOUNT, DEVELOPMENT_KEY_ARN, REGION};

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
    /// for SQS". In a bucket, records are stored together or not at all.
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

/// The name of the bucket beside a queue as quarantine.
pub(super) const OVERSIZED: &str = "rejected-too-large";

/// The database whose activity stream it is, if it is one.
pub(super) const DATABASE: &str = "cluster-CHAOS";

/// What the records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Messages of the suites that are allowed without `COMMITMENT_POLICY`, or of all suites.
    Messages {
        all_suites: bool,
    },
    ActivityStream,
}

/// What decides what has to become of records, beside the records themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) sink: SinkKind,
    pub(super) refresh_after: Duration,
    /// How long after KMS has denied a key for the first time in a sandbox a record of a denied key may go to quarantine. `None`: never.
    pub(super) denied_until_quarantine: Option<Duration>,
}

/// What a seed draws beforehand, but for the records.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) sink_shards: u32,
    pub(super) rules: Rules,
    pub(super) format: Format,
    /// Whether any key of the account is allowed, and not one by its ARN.
    pub(super) is_discovery: bool,
    /// The most bytes of plaintext that the sink takes for certain, and how many that it certainly never takes.
    pub(super) oversize: Option<usize>,
    /// The shards that the function reads.
    pub(super) source_shards: usize,
    /// How many batches of one shard may be under way: each has the records of some partition keys.
    pub(super) lanes_per_shard: usize,
    /// How many sandboxes take turns.
    pub(super) sandboxes: usize,
    /// The function's environment.
    pub(super) variables: Vec<(String, String)>,
    pub(super) function_timeout: Duration,
    pub(super) mapping: MappingSettings,
    pub(super) kms_requests_per_second: Option<NonZeroU32>,
}

impl Scenario {
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let sink = *rng.choice(&SinkKind::ALL).expect("there are some");
        let timeout_seconds = rng.u64(2..=40);
        let max_age_seconds = *rng.choice(&[20, 300]).expect("there are some");
        let refresh_after_seconds = max_age_seconds * 4 / 5;
        let mut variables = Variables::default();
        variables.set("AWS_REGION", REGION);
        variables.set("SINK_ARN", sink.arn());
        variables.set("FUNCTION_TIMEOUT_SECONDS", timeout_seconds.to_string());
        variables.set("DATA_KEY_MAX_AGE_SECONDS", max_age_seconds.to_string());
        variables.set("DATA_KEY_REFRESH_AFTER_SECONDS", refresh_after_seconds.to_string());
        if let SinkKind::Stream(aggregation) = sink {
            variables.set("KINESIS_AGGREGATION", aggregation);
        }
        let oversize = draw_oversize(rng, sink, &mut variables);
        draw_quarantine(rng, oversize, &mut variables);
        let (is_discovery, denied_until_quarantine) = draw_keys(rng, &mut variables);
        let format = draw_format(rng, &mut variables);
        let mapping = MappingSettings {
            batch_size: NonZeroUsize::new(*rng.choice(&[1, 5, 30, 100]).expect("there are some")).expect("not zero"),
            bisect_batch_on_function_error: rng.bool(),
            initial_backoff: Duration::from_millis(500),
            maximum_backoff: Duration::from_secs(10),
            ..MappingSettings::default()
        };
        let (source_shards, lanes_per_shard) =
            *rng.choice(&[(1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]).expect("there are some");
        Self {
            sink_shards: rng.u32(1..=4),
            rules: Rules { sink, refresh_after: Duration::from_secs(refresh_after_seconds), denied_until_quarantine },
            format,
            is_discovery,
            oversize,
            source_shards,
            lanes_per_shard,
            sandboxes: rng.usize(1..=(source_shards * lanes_per_shard)),
            variables: variables.0,
            function_timeout: Duration::from_secs(timeout_seconds),
            mapping,
            kms_requests_per_second: if rng.bool() { NonZeroU32::new(rng.u32(2..=50)) } else { None },
        }
    }
}

#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }
}

/// How long a plaintext is that the sink never takes, if there are to be any.
fn draw_oversize(rng: &mut fastrand::Rng, sink: SinkKind, variables: &mut Variables) -> Option<usize> {
    match sink {
        SinkKind::Queue | SinkKind::FifoQueue if rng.bool() => {
            variables.set("SINK_QUEUE_MESSAGE_LIMIT_BYTES", "1024");
            Some(1_500)
        }
        // Their limits cannot be lower than 1,000 KiB and 1 MiB. Such records take their time in the tests, too.
        SinkKind::Firehose | SinkKind::Stream(_) if rng.u8(0..6) == 0 => Some((1 << 20) + 1),
        _ => None,
    }
}

fn draw_quarantine(rng: &mut fastrand::Rng, oversize: Option<usize>, variables: &mut Variables) {
    let queue = format!("arn:aws:sqs:{REGION}:000000000000:{QUARANTINE}");
    match rng.u8(0..3) {
        0 => variables.set("QUARANTINE_ARN", queue),
        1 => variables.set("QUARANTINE_ARN", format!("{queue}.fifo")),
        _ => return variables.set("QUARANTINE_ARN", format!("arn:aws:s3:::{QUARANTINE}")),
    }
    // Without a bucket, what is too large for the queue holds up the shard: so it has one wherever there may be such a record.
    let is_small = rng.bool();
    if is_small {
        variables.set("QUARANTINE_QUEUE_MESSAGE_LIMIT_BYTES", "2048");
    }
    if is_small || oversize.is_some() {
        variables.set("QUARANTINE_OVERSIZED_ARN", format!("arn:aws:s3:::{OVERSIZED}"));
    }
}

/// Which keys are allowed, and what becomes of records whose key is denied.
fn draw_keys(rng: &mut fastrand::Rng, variables: &mut Variables) -> (bool, Option<Duration>) {
    let is_discovery = rng.u8(0..3) == 0;
    let mut denied_until_quarantine = None;
    if is_discovery {
        let hold = *rng.choice(&[0, 60, 900]).expect("there are some");
        variables.set("KMS_DISCOVERY_ACCOUNT_IDS", ACCOUNT);
        variables.set("DENIED_KEY_HOLD_SECONDS", hold.to_string());
        denied_until_quarantine = Some(Duration::from_secs(hold));
    } else {
        variables.set("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN);
    }
    if rng.u8(0..3) == 0 {
        variables.set("UNAVAILABLE_KEY", "quarantine");
        denied_until_quarantine = Some(Duration::ZERO);
    }
    (is_discovery, denied_until_quarantine)
}

fn draw_format(rng: &mut fastrand::Rng, variables: &mut Variables) -> Format {
    if rng.u8(0..4) == 0 {
        variables.set("RECORD_FORMAT", "database-activity-stream");
        variables.set("ACTIVITY_STREAM_RESOURCE_ID", DATABASE);
        return Format::ActivityStream;
    }
    let all_suites = rng.u8(0..3) == 0;
    if all_suites {
        variables.set("COMMITMENT_POLICY", "require-encrypt-allow-decrypt");
    }
    Format::Messages { all_suites }
}
