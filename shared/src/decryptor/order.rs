//! Whether payloads wait for each other.

use crate::failure::FailureClass;

/// What becomes of payloads whose data key is unavailable: an operator can make it available again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnavailableKeys {
    /// The first such record is the checkpoint: the shard waits for the operator. The default, because it loses no order.
    #[default]
    Checkpoint,
    /// They go to quarantine, and the shard moves on.
    Quarantine,
}

/// Whether payloads wait for each other.
#[derive(Clone, Debug)]
pub enum Order {
    /// Each payload for itself.
    Independent,
    /// As in a shard: where a payload cannot be opened now, nothing from the start of its group on is.
    Kept {
        /// For each payload the index at which its group starts. Groups are neighbours, and go ahead as a whole or not at all.
        group_starts: Vec<usize>,
        /// Whether a payload with an unavailable data key stops the order.
        unavailable_keys: UnavailableKeys,
    },
}

impl Order {
    /// Where the group of the payload at `index` starts.
    pub(super) fn start_of(&self, index: usize) -> usize {
        match self {
            Self::Independent => index,
            Self::Kept { group_starts, .. } => group_starts.get(index).copied().unwrap_or(index),
        }
    }

    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept { .. })
    }

    /// Whether a failure of `class` stops the order.
    pub(super) fn stops_at(&self, class: FailureClass) -> bool {
        match self {
            Self::Independent => false,
            Self::Kept { unavailable_keys, .. } => !unavailable_keys.is_final(class),
        }
    }
}

impl UnavailableKeys {
    /// Whether a failure of `class` is the last word about its record: it goes to quarantine.
    #[must_use]
    pub fn is_final(self, class: FailureClass) -> bool {
        match class {
            FailureClass::Permanent => true,
            FailureClass::Unavailable => self == Self::Quarantine,
            FailureClass::Throttled | FailureClass::Transient | FailureClass::Caller => false,
        }
    }
}
