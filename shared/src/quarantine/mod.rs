//! Where records go that can never be decrypted: still encrypted, with the reason.

mod rejected_record;

use std::future::Future;

use crate::retry::Deadline;
use crate::sinks::Delivery;

pub use rejected_record::{RejectedRecord, ShardOrigin};

/// Keeps records that can never be decrypted, so that they do not block the shard and are not lost.
pub trait Quarantine: Send + Sync {
    /// Stores `records`, which are in shard order, before `deadline`, and tells how long a prefix is stored for good.
    fn quarantine(
        &self,
        origin: &ShardOrigin,
        records: &[RejectedRecord],
        deadline: Deadline,
    ) -> impl Future<Output = Delivery> + Send;
}
