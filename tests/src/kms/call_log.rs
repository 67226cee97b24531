//! How often the embedded KMS was asked, and for what.

use std::collections::BTreeMap;

use serde::Serialize;

use super::operation::Operation;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallEnd {
    Answered,
    Throttled,
    /// An error other than throttling.
    Refused,
    /// Left hanging, or the connection closed.
    Unanswered,
}

/// The calls of one operation. Each call is counted once as a call, and once by how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallCounts {
    /// All calls.
    pub calls: u64,
    /// Answered with success.
    pub answered: u64,
    /// Answered with `ThrottlingException`, by the quota or by a script.
    pub throttled: u64,
    /// Answered with another error.
    pub refused: u64,
    /// Left without an answer.
    pub unanswered: u64,
}

/// The calls since the start.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    by_operation: BTreeMap<Operation, CallCounts>,
    by_ciphertext: BTreeMap<Vec<u8>, CallCounts>,
}

impl CallLog {
    pub(super) fn count(&mut self, operation: Operation, ciphertext: Option<Vec<u8>>, end: CallEnd) {
        count(self.by_operation.entry(operation).or_default(), end);
        if let Some(ciphertext) = ciphertext {
            count(self.by_ciphertext.entry(ciphertext).or_default(), end);
        }
    }

    /// The calls of `operation`.
    #[must_use]
    pub fn of(&self, operation: Operation) -> CallCounts {
        self.by_operation.get(&operation).copied().unwrap_or_default()
    }

    /// The calls of all operations.
    #[must_use]
    pub fn total(&self) -> CallCounts {
        self.by_operation.values().fold(CallCounts::default(), |sum, counts| CallCounts {
            calls: sum.calls + counts.calls,
            answered: sum.answered + counts.answered,
            throttled: sum.throttled + counts.throttled,
            refused: sum.refused + counts.refused,
            unanswered: sum.unanswered + counts.unanswered,
        })
    }

    /// The calls of `Decrypt` with this very ciphertext blob.
    #[must_use]
    pub fn decrypts_of(&self, ciphertext: &[u8]) -> CallCounts {
        self.by_ciphertext.get(ciphertext).copied().unwrap_or_default()
    }

    /// How many different ciphertext blobs `Decrypt` was called with.
    #[must_use]
    pub fn distinct_ciphertexts(&self) -> usize {
        self.by_ciphertext.len()
    }

    /// The most times that any one ciphertext blob was decrypted with success: 1 where every data key was fetched once.
    #[must_use]
    pub fn most_decrypts_of_one_ciphertext(&self) -> u64 {
        self.by_ciphertext.values().map(|counts| counts.answered).max().unwrap_or_default()
    }

    /// The log as the admin endpoint shows it.
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "operations": self.by_operation,
            "distinct_ciphertexts": self.distinct_ciphertexts(),
            "most_decrypts_of_one_ciphertext": self.most_decrypts_of_one_ciphertext(),
        })
    }
}

fn count(counts: &mut CallCounts, end: CallEnd) {
    counts.calls += 1;
    match end {
        CallEnd::Answered => counts.answered += 1,
        CallEnd::Throttled => counts.throttled += 1,
        CallEnd::Refused => counts.refused += 1,
        CallEnd::Unanswered => counts.unanswered += 1,
    }
}
