//! How the two consumers stand at a moment of the race.

use std::time::Duration;

/// What is said of both, in this order: the consumer with a call per record, and Warmkeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides<T> {
    pub(crate) call_per_record: T,
    pub(crate) warmkeys: T,
}

/// What the two are called wherever they are shown.
pub(crate) const NAMES: Sides<&str> = Sides { call_per_record: "call per record", warmkeys: "Warmkeys" };

impl<T> Sides<T> {
    /// The same of both.
    pub(crate) fn map<U>(self, mut of: impl FnMut(T) -> U) -> Sides<U> {
        Sides { call_per_record: of(self.call_per_record), warmkeys: of(self.warmkeys) }
    }

    /// Both, in their order.
    pub(crate) fn both(self) -> [T; 2] {
        [self.call_per_record, self.warmkeys]
    }
}

/// How far a consumer has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Different records that it delivered or quarantined.
    pub(crate) records: usize,
    /// Its calls of `Decrypt`.
    pub(crate) calls: u64,
    /// Of these, throttled.
    pub(crate) throttled: u64,
}

/// How both stand, so long after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) elapsed: Duration,
    pub(crate) standings: Sides<Standing>,
}

/// A number as people read it: 1,032.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    // No count of this program is negative or that large.
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (100_000, "100,000"), (1_234_567, "1,234,567")];
        for (number, text) in numbers {
            assert_eq!(grouped(number), text);
        }
    }
}
