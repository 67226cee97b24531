//! Fakes for tests, of this crate and of whatever is built on it: a clock, a KMS and a Kinesis stream that do as they are told, check
//! what they are sent, and tell what they did. With the feature `test-util` only, which no deployed build has.
//!
//! What only one folder's tests share is in that folder's own `testing.rs`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: it stops the test that misuses it"
)]

mod clock;
#[cfg(feature = "aws")]
mod connections;
#[cfg(feature = "kinesis")]
mod kcl;
#[cfg(feature = "kinesis")]
mod kinesis;
mod kms;
#[cfg(test)]
mod log;
pub mod requests;

pub use clock::ManualClock;
#[cfg(feature = "aws")]
pub use connections::connections_over;
#[cfg(feature = "kinesis")]
pub use kcl::kcl_user_records;
#[cfg(feature = "kinesis")]
pub use kinesis::{FakeKinesis, FakeState, Resharding, WrittenEntry, seeded_settings};
pub use kms::{Answer, Asked, FakeKms, RecordedCall, Truthful};
#[cfg(test)]
pub(crate) use log::Log;
