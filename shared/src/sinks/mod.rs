//! Where opened records go, in shard order.

mod configured;
mod firehose;
mod kinesis;
mod sqs;
mod stdout;

use std::future::Future;

use crate::delivery::{Delivery, SinkError};
use crate::records::OpenedRecord;
use crate::retry::Deadline;

pub use configured::{ConfiguredSink, SinkSettings};
pub use firehose::{DeliveryStreamName, FirehoseSettings, FirehoseSink};
pub use kinesis::{KinesisSink, KinesisSinkSettings};
pub use sqs::SqsSink;
pub use stdout::StdoutSink;

/// Delivers opened records.
pub trait RecordSink: Send + Sync {
    /// Why the sink can never take `record`, whenever it is asked; `None` if it may. Asked for every record before it is delivered,
    /// so it looks at no more than it must, above all at the record's size.
    ///
    /// Such a record goes to quarantine. If only [`deliver`](Self::deliver) told, records of its aggregate would have been
    /// delivered by then, and would be again whenever the quarantine fails.
    fn refusal(&self, _record: &OpenedRecord) -> Option<SinkError> {
        None
    }

    /// Delivers `records`, which are in shard order and none of which it has [refused](Self::refusal), before `deadline`, and tells how
    /// long a prefix was delivered.
    ///
    /// Whatever is not in the delivered prefix comes again with the redelivered batch, so a sink delivers as little as it can
    /// beyond the first record that it cannot deliver.
    fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> impl Future<Output = Delivery> + Send;
}
