//! A record that cannot be read, and why.

use super::{RejectionCode, ShardRecord};
use crate::failure::FailureClass;

/// A record that cannot be read, with its original bytes.
#[derive(Clone, Debug)]
pub struct RejectedRecord {
    /// The record as it came, still encrypted.
    pub record: ShardRecord,
    /// The class of the failure.
    pub class: FailureClass,
    /// Why, in one word.
    pub code: RejectionCode,
    /// Why, in words, with the chain of causes. Holds no content, key or credential.
    pub reason: String,
}
