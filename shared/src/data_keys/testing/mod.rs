//! Fakes for the tests of whatever stands on KMS.

mod fake_kms;
mod manual_clock;
pub(crate) mod requests;

pub(crate) use fake_kms::{Answer, Asked, FakeKms};
pub(crate) use manual_clock::ManualClock;
