//! What sinks and quarantine share: delivery to services that take several entries a request and may refuse some of them in an
//! answer that says 200, and what is told of it ([`Delivery`], [`DeliveryError`]).
//!
//! `packing` decides what goes into which request, `progress` what has arrived and how long the delivered prefix is; both
//! are pure. `deliver` sends, waits and tries again; `one_by_one` does so where a request takes one entry. What a service's
//! requests look like is behind `SendRequest`.

mod deliver;
mod error;
pub(crate) mod json_lines;
mod one_by_one;
mod outcome;
mod packing;
mod progress;
#[cfg(feature = "aws")]
pub(crate) mod service_failure;
mod settings;
#[cfg(test)]
pub(crate) mod testing;

use std::future::Future;
use std::num::NonZeroUsize;

pub(crate) use deliver::deliver_in_requests;
pub use error::DeliveryError;
pub(crate) use one_by_one::deliver_one_by_one;
pub use outcome::Delivery;
pub(crate) use packing::{GroupOrder, RequestLimits, RequestPlan};
pub use settings::{DEFAULT_ATTEMPT_TIMEOUT, delivery_retry_policy};

/// Sends entries to a service, many in one request. The seam behind which the SDK clients stand.
pub(crate) trait SendRequest<E>: Sync {
    /// Sends `entries` (at least one) in one request and tells what became of each, in the same order.
    ///
    /// # Errors
    /// What happened to the request as a whole; then no entry is known to have arrived.
    fn send(
        &self,
        entries: &[&E],
    ) -> impl Future<Output = Result<Vec<Result<(), DeliveryError>>, DeliveryError>> + Send;
}

/// What packing has to know of an entry.
pub(crate) trait RequestEntry: Sync {
    /// Its size in bytes, as the service counts it.
    fn len(&self) -> usize;

    /// The group within which order is kept, for services that have one.
    fn group(&self) -> Option<&str> {
        None
    }
}

/// How many requests are under way at once: from 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestConcurrency(NonZeroUsize);

impl RequestConcurrency {
    /// One after the other.
    pub const MIN: usize = 1;
    /// More would only wait for the few vCPUs of a function, and each one adds a request's entries to what may be delivered twice.
    pub const MAX: usize = 64;
    /// Hides the round trip: 8 SQS requests of 10 messages at 10 ms each carry 8,000 messages a second, above one shard's 1,000.
    pub const DEFAULT: Self = Self(NonZeroUsize::new(8).unwrap());
    /// One request at a time.
    pub const SEQUENTIAL: Self = Self(NonZeroUsize::MIN);

    /// `None` outside [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(requests: usize) -> Option<Self> {
        match NonZeroUsize::new(requests) {
            Some(requests) if requests.get() <= Self::MAX => Some(Self(requests)),
            _ => None,
        }
    }

    /// The number of requests.
    #[must_use]
    pub fn get(self) -> usize {
        self.0.get()
    }
}

impl Default for RequestConcurrency {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_from_1_to_64() {
        let accepted = |requests| RequestConcurrency::new(requests).map(RequestConcurrency::get);
        assert_eq!([0, 1, 64, 65].map(accepted), [None, Some(1), Some(64), None]);
    }
}
