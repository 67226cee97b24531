//! How much may be sealed under one data key.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use crate::materials_cache::Reusable;
use crate::message::SealingMaterials;

/// How much may be sealed under one data key before it is replaced. The maximum age limits it too, and normally first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageLimits {
    max_messages: NonZeroU64,
    max_bytes: u64,
}

impl UsageLimits {
    /// The most messages that the specification allows, and its default: each message is encrypted with a key of its own, derived
    /// with a random message id, so that messages do not wear the data key out. At 100,000 messages/s the default maximum age
    /// of five minutes comes 140 times sooner.
    pub const DEFAULT_MAX_MESSAGES: NonZeroU64 = NonZeroU64::new(1 << 32).unwrap();

    /// The most bytes that the specification allows, and its default.
    pub const DEFAULT_MAX_BYTES: u64 = (1 << 63) - 1;

    /// At most `max_messages` (1 to 2^32) with together at most `max_bytes` of plaintext (1 to 2^63 - 1). A message longer than
    /// `max_bytes` gets a data key of its own.
    ///
    /// # Errors
    /// [`UsageLimitsError`], by what is out of its bounds.
    pub fn new(max_messages: u64, max_bytes: u64) -> Result<Self, UsageLimitsError> {
        let max_messages = NonZeroU64::new(max_messages)
            .filter(|messages| *messages <= Self::DEFAULT_MAX_MESSAGES)
            .ok_or(UsageLimitsError::MaxMessages { max_messages })?;
        if !(1..=Self::DEFAULT_MAX_BYTES).contains(&max_bytes) {
            return Err(UsageLimitsError::MaxBytes { max_bytes });
        }
        Ok(Self { max_messages, max_bytes })
    }

    /// The most messages.
    #[must_use]
    pub fn max_messages(&self) -> NonZeroU64 {
        self.max_messages
    }

    /// The most bytes of plaintext.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }
}

impl Default for UsageLimits {
    fn default() -> Self {
        Self { max_messages: Self::DEFAULT_MAX_MESSAGES, max_bytes: Self::DEFAULT_MAX_BYTES }
    }
}

/// Why limits were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageLimitsError {
    /// The number of messages is out of bounds.
    #[error("the maximum is {max_messages} messages, and 1 to {} are allowed", UsageLimits::DEFAULT_MAX_MESSAGES)]
    MaxMessages {
        /// The number.
        max_messages: u64,
    },
    /// The number of bytes is out of bounds.
    #[error("the maximum is {max_bytes} bytes, and 1 to {} are allowed", UsageLimits::DEFAULT_MAX_BYTES)]
    MaxBytes {
        /// The number.
        max_bytes: u64,
    },
}

/// Materials, and how much may still be sealed under them.
pub(super) struct CountedMaterials {
    materials: Arc<SealingMaterials>,
    /// Guards the two numbers together. Held for a few instructions only.
    left: Mutex<Left>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    messages: u64,
    bytes: u64,
}

/// One message, about to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageUse {
    pub(super) bytes: u64,
}

impl CountedMaterials {
    pub(super) fn new(materials: Arc<SealingMaterials>, limits: UsageLimits) -> Self {
        let left = Left { messages: limits.max_messages.get(), bytes: limits.max_bytes };
        Self { materials, left: Mutex::new(left) }
    }

    pub(super) fn materials(&self) -> Arc<SealingMaterials> {
        Arc::clone(&self.materials)
    }
}

impl Reusable for Arc<CountedMaterials> {
    type Use = MessageUse;

    fn claim(&self, use_: MessageUse) -> bool {
        // Whole after every statement: both differences are there before either is stored.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match (left.messages.checked_sub(1), left.bytes.checked_sub(use_.bytes)) {
            (Some(messages), Some(bytes)) => {
                *left = Left { messages, bytes };
                true
            }
            _ => false,
        }
    }
}

impl fmt::Debug for CountedMaterials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedMaterials").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_two_to_the_32_messages_may_share_a_data_key() {
        let with = |max_messages| UsageLimits::new(max_messages, 1);
        assert_eq!(with(0), Err(UsageLimitsError::MaxMessages { max_messages: 0 }));
        assert!(with(1).is_ok() && with(1 << 32).is_ok());
        assert!(with((1 << 32) + 1).is_err());
    }

    #[test]
    fn one_to_two_to_the_63_less_one_bytes_may_share_a_data_key() {
        let with = |max_bytes| UsageLimits::new(1, max_bytes);
        assert_eq!(with(0), Err(UsageLimitsError::MaxBytes { max_bytes: 0 }));
        assert!(with(1).is_ok() && with((1 << 63) - 1).is_ok());
        assert!(with(1 << 63).is_err());
    }

    #[test]
    fn the_defaults_pass_their_own_checks() {
        let defaults = UsageLimits::default();
        assert_eq!(UsageLimits::new(defaults.max_messages.get(), defaults.max_bytes), Ok(defaults));
    }
}
