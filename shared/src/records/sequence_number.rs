//! A record's place in its shard.

use std::fmt;
use std::sync::Arc;

/// A Kinesis sequence number: 1 to 128 decimal digits. Opaque: compared by position in the batch, never parsed to an integer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(Arc<str>);

impl SequenceNumber {
    /// The most digits a sequence number has.
    pub const MAX_DIGITS: usize = 128;

    /// Reads a sequence number; `None` if it is not 1 to 128 decimal digits.
    ///
    /// An empty identifier in a response fails the whole batch, so an empty sequence number cannot exist.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let valid =
            (1..=Self::MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        valid.then(|| Self(digits.into()))
    }

    /// The digits, to be shared.
    pub(crate) fn as_shared(&self) -> &Arc<str> {
        &self.0
    }

    /// The digits, as the service wrote them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SequenceNumber({})", self.0)
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_to_128_digits_are_a_sequence_number() {
        assert_eq!(SequenceNumber::parse(""), None);
        assert!(SequenceNumber::parse("7").is_some());
        assert!(SequenceNumber::parse(&"9".repeat(128)).is_some());
        assert_eq!(SequenceNumber::parse(&"9".repeat(129)), None);
        assert_eq!(SequenceNumber::parse("12a"), None);
    }
}
