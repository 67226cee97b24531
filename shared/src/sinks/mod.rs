//! Where opened records go, in shard order.

#[cfg(feature = "aws")]
mod configured;
mod each;
#[cfg(feature = "firehose")]
mod firehose;
#[cfg(feature = "kinesis")]
mod kinesis;
mod line;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sqs")]
mod sqs;
mod stdout;
mod typed;
#[cfg(all(feature = "firehose", feature = "kinesis", feature = "s3", feature = "sqs"))]
mod variables;

use std::future::Future;

use crate::delivery::{Delivery, DeliveryError};
use crate::records::OpenedRecord;
use crate::retry::Deadline;

#[cfg(feature = "aws")]
pub use configured::{ConfiguredSink, SinkSettings};
pub use each::{Each, Fate, each};
#[cfg(feature = "firehose")]
pub use firehose::{DeliveryStreamName, FirehoseSettings, FirehoseSink};
#[cfg(feature = "kinesis")]
pub use kinesis::{KinesisSink, KinesisSinkSettings};
#[cfg(feature = "s3")]
pub use s3::S3Sink;
#[cfg(feature = "sqs")]
pub use sqs::SqsSink;
pub use stdout::StdoutSink;
pub use typed::{Typed, typed};
#[cfg(all(feature = "firehose", feature = "kinesis", feature = "s3", feature = "sqs"))]
pub use variables::VARIABLES;

/// Delivers opened records.
pub trait RecordSink: Send + Sync {
    /// What the log calls the sink: its kind and its name, such as "the SQS queue orders.fifo".
    fn destination(&self) -> String {
        "the function's own sink".to_owned()
    }

    /// Whether the sink writes to the Kinesis stream with this ARN. A sink that writes to the stream that its records come from is refused.
    fn writes_to(&self, _stream_arn: &str) -> bool {
        false
    }

    /// Why the sink can never take `record`, whenever it is asked; `None` if it may. Asked for every record before it is delivered,
    /// so it looks at no more than it must: at the record's size, or whether it decodes ([`DeliveryError::never`]).
    ///
    /// Such a record goes to quarantine. If only [`deliver`](Self::deliver) told, records of its aggregate would have been
    /// delivered by then, and would be again whenever the quarantine fails.
    fn refusal(&self, _record: &OpenedRecord) -> Option<DeliveryError> {
        None
    }

    /// Delivers `records`, which are in shard order and none of which it has [refused](Self::refusal), before `deadline`, and tells how
    /// long a prefix was delivered.
    ///
    /// Whatever is not in the delivered prefix comes again with the redelivered batch, so a sink delivers as little as it can
    /// beyond the first record that it cannot deliver. If that record's failure is [`DeliveryError::Never`], it goes to quarantine and
    /// the sink is given the records after it.
    fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> impl Future<Output = Delivery> + Send;
}
