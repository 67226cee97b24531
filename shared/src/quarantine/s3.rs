//! Rejected records as objects in S3.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::place::place;
use super::{Quarantine, QuarantineEnvelope};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
use crate::s3::{NewObject, ObjectStore, S3Settings};

/// Writes each rejected record as one object, a [`QuarantineEnvelope`].
///
/// One object per record, not one per batch: its key is made of the record alone, so that a redelivered batch, which may begin and
/// end elsewhere, overwrites the objects and leaves no duplicates.
#[derive(Debug)]
pub struct S3Quarantine {
    pub(super) store: ObjectStore,
}

impl S3Quarantine {
    /// A quarantine with its own client made from `sdk`, whose own retrying is off.
    #[must_use]
    pub fn new(sdk: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        Self { store: ObjectStore::new(sdk, settings, clock) }
    }

    /// One object per record, each made only when it is asked for: few envelopes are in memory at once.
    fn objects<'a>(
        &'a self,
        origin: &'a ShardOrigin,
        records: &'a [RejectedRecord],
    ) -> impl Iterator<Item = NewObject> + Send + 'a {
        records.iter().map(|rejected| {
            let key = place(self.store.settings(), origin, rejected).key;
            NewObject::json(key, QuarantineEnvelope::new(origin, rejected).to_json().into())
        })
    }
}

impl Quarantine for S3Quarantine {
    fn destination(&self) -> String {
        self.store.destination()
    }

    async fn quarantine(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        self.store.put(self.objects(origin, records), deadline).await
    }
}

#[cfg(test)]
pub(super) mod tests;
