//! How many requests were granted in the last second.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Counts grants by tenths of a second, so that a thousand of them take no more room than ten.
#[derive(Debug, Default)]
pub(super) struct Grants {
    began: Option<Instant>,
    /// The tenth of a second since the beginning, and what was granted in it. In order, at most ten.
    tenths: VecDeque<(u128, u32)>,
}

impl Grants {
    const TENTH: Duration = Duration::from_millis(100);
    const TENTHS_A_SECOND: u128 = 10;

    /// One was granted at `now`.
    pub(super) fn note(&mut self, now: Instant) {
        let tenth = self.tenth(now);
        self.forget_before(tenth);
        match self.tenths.back_mut() {
            // A clock that moves back adds to what is there.
            Some((last, granted)) if *last >= tenth => *granted = granted.saturating_add(1),
            _ => self.tenths.push_back((tenth, 1)),
        }
    }

    /// How many were granted from a second before `now` on, or from less than a tenth later.
    pub(super) fn in_the_last_second(&mut self, now: Instant) -> u32 {
        let tenth = self.tenth(now);
        self.forget_before(tenth);
        self.tenths.iter().fold(0, |sum, (_, granted)| sum.saturating_add(*granted))
    }

    fn tenth(&mut self, now: Instant) -> u128 {
        let began = *self.began.get_or_insert(now);
        now.saturating_duration_since(began).as_nanos() / Self::TENTH.as_nanos()
    }

    fn forget_before(&mut self, tenth: u128) {
        while self.tenths.front().is_some_and(|(first, _)| first + Self::TENTHS_A_SECOND <= tenth) {
            self.tenths.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn grants_count_for_a_second() {
        let (mut grants, began) = (Grants::default(), SystemClock.now().monotonic);
        let at = |milliseconds| began + Duration::from_millis(milliseconds);
        assert_eq!(grants.in_the_last_second(began), 0);
        for milliseconds in [0, 50, 99, 100, 550] {
            grants.note(at(milliseconds));
        }
        let counted = [550, 999, 1_000, 1_099, 1_100, 1_499, 1_500].map(|now| grants.in_the_last_second(at(now)));
        assert_eq!(counted, [5, 5, 2, 2, 1, 1, 0]);
    }

    #[test]
    fn many_grants_take_little_room() {
        let (mut grants, began) = (Grants::default(), SystemClock.now().monotonic);
        for milliseconds in 0..10_000 {
            grants.note(began + Duration::from_millis(milliseconds));
        }
        assert_eq!(grants.in_the_last_second(began + Duration::from_millis(9_999)), 1_000);
        assert!(grants.tenths.len() <= 10);
    }
}
