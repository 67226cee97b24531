//! What a record asks for that can never be had.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type Cause = Arc<dyn Error + Send + Sync>;

/// Why a record's data key is given up, although KMS has not said that it cannot decrypt it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordFault {
    /// In discovery, KMS does not know the key that the record names, or it is not one to decrypt with.
    #[error("the record names a KMS key that does not exist, or is not one to decrypt with")]
    NoSuchKey(#[source] Cause),
    /// In discovery, KMS has refused keys that records name for as long as such records are held.
    #[error(
        "KMS still refuses the key that the record names ({named}), and such records are held for {held:?} (DENIED_KEY_HOLD_SECONDS)"
    )]
    RefusedTooLong {
        /// The keys that the record names.
        named: String,
        /// The time.
        held: Duration,
        /// The last refusal.
        source: Cause,
    },
    /// KMS finds the request for this record invalid, and others not.
    #[error(
        "KMS finds the request for this record invalid, and others not; its encryption context may be too large, or have empty parts"
    )]
    InvalidRequest(#[source] Cause),
}

/// Which keys are allowed, and which a record names. Displays both, with the variable that allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNotAllowed {
    /// The variable that says which keys are allowed.
    pub setting: &'static str,
    /// What it allows, shortened.
    pub allowed: String,
    /// What the record names, shortened.
    pub named: String,
}

impl fmt::Display for KeyNotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} allows {}, and the record names {}", self.setting, self.allowed, self.named)
    }
}
