//! Where records go that can never be decrypted: still encrypted, with the reason.
//!
//! What is kept of a record is a [`QuarantineEnvelope`], the same JSON wherever it is kept; a redrive reads it with
//! [`QuarantineEnvelope::parse`] and [`QuarantineEnvelope::into_record`].

#[cfg(feature = "aws")]
mod configured;
mod envelope;
mod parts;
#[cfg(feature = "s3")]
mod place;
#[cfg(feature = "s3")]
mod s3;
#[cfg(all(feature = "s3", feature = "sqs"))]
mod sqs;
mod stderr;
#[cfg(test)]
mod testing;
#[cfg(all(feature = "s3", feature = "sqs"))]
mod variables;

use std::future::Future;

use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;

#[cfg(feature = "aws")]
pub use configured::{ConfiguredQuarantine, QuarantineSettings};
pub use envelope::{EnvelopeError, EnvelopePayload, QuarantineEnvelope, S3Object};
#[cfg(feature = "s3")]
pub use s3::S3Quarantine;
#[cfg(all(feature = "s3", feature = "sqs"))]
pub use sqs::SqsQuarantine;
pub use stderr::StderrQuarantine;
#[cfg(all(feature = "s3", feature = "sqs"))]
pub use variables::VARIABLES;

/// Keeps records that can never be decrypted, so that they do not block the shard and are not lost.
pub trait Quarantine: Send + Sync {
    /// What the log calls the quarantine: its kind and its name.
    fn destination(&self) -> String;

    /// Stores `records`, which are in shard order, before `deadline`, and tells how long a prefix is stored for good.
    fn quarantine(
        &self,
        origin: &ShardOrigin,
        records: &[RejectedRecord],
        deadline: Deadline,
    ) -> impl Future<Output = Delivery> + Send;
}
