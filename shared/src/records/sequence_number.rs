//! A record's place in its shard.

use std::fmt;

use bytes::Bytes;

/// A Kinesis sequence number: 1 to 128 decimal digits. Opaque: compared by position in the batch, never parsed to an integer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(
    /// ASCII digits. A part of the event's buffer, so that cloning one touches no memory but the count of that.
    Bytes,
);

impl SequenceNumber {
    /// The most digits a sequence number has.
    pub const MAX_DIGITS: usize = 128;

    /// Reads a sequence number; `None` if it is not 1 to 128 decimal digits.
    ///
    /// An empty identifier in a response fails the whole batch, so an empty sequence number cannot exist.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        Self::are_digits(digits.as_bytes()).then(|| Self(Bytes::copy_from_slice(digits.as_bytes())))
    }

    /// Whether these are the digits of a sequence number.
    pub(crate) fn are_digits(digits: &[u8]) -> bool {
        (1..=Self::MAX_DIGITS).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
    }

    /// The number of digits that [are some](Self::are_digits).
    pub(crate) fn of_digits(digits: Bytes) -> Self {
        debug_assert!(Self::are_digits(&digits), "checked by whoever read them");
        Self(digits)
    }

    /// The digits, as the service wrote them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SequenceNumber({})", self.as_str())
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
