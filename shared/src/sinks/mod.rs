//! Where opened records go, in shard order.

mod error;
mod opened_record;

use std::future::Future;

use crate::retry::Deadline;

pub use error::SinkError;
pub use opened_record::OpenedRecord;

/// Delivers opened records.
pub trait RecordSink: Send + Sync {
    /// Delivers `records`, which are in shard order, before `deadline`, and tells how long a prefix was delivered.
    ///
    /// Whatever is not in the delivered prefix comes again with the redelivered batch, so a sink delivers as little as it can
    /// beyond the first record that it cannot deliver.
    fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> impl Future<Output = Delivery> + Send;
}

/// How much of what was given to a sink (or to the quarantine) has arrived.
#[derive(Debug)]
#[must_use]
pub struct Delivery {
    /// The first `delivered` records have arrived, all of them.
    pub delivered: usize,
    /// Why the record at `delivered` has not; `None` if all have.
    pub failure: Option<SinkError>,
}

impl Delivery {
    /// All `count` records have arrived.
    pub fn complete(count: usize) -> Self {
        Self { delivered: count, failure: None }
    }

    /// Only the first `delivered` records have arrived.
    pub fn stopped_at(delivered: usize, failure: SinkError) -> Self {
        Self { delivered, failure: Some(failure) }
    }
}
