//! How much of what was given to a destination has arrived.

use super::DeliveryError;

/// How much of what was given to a sink (or to the quarantine) has arrived.
#[derive(Debug)]
#[must_use]
pub struct Delivery {
    /// The first `delivered` records have arrived, all of them.
    pub delivered: usize,
    /// Why the record at `delivered` has not; `None` if all have.
    pub failure: Option<DeliveryError>,
}

impl Delivery {
    /// All `count` records have arrived.
    pub fn complete(count: usize) -> Self {
        Self { delivered: count, failure: None }
    }

    /// Only the first `delivered` records have arrived.
    pub fn stopped_at(delivered: usize, failure: DeliveryError) -> Self {
        Self { delivered, failure: Some(failure) }
    }
}
