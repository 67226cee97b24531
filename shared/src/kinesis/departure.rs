//! Whether a request has left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Tells whether a [`PutRecords`](super::PutRecords) request has left, so that one that was given up while its connection was still being
/// made is known not to be carried out. A request of which nothing is told may have left.
#[derive(Clone, Debug, Default)]
pub struct Departure {
    stage: Arc<AtomicU8>,
}

/// Nothing is told.
const UNKNOWN: u8 = 0;
const HELD_BACK: u8 = 1;
const LEFT: u8 = 2;
const GIVEN_UP: u8 = 3;

impl Departure {
    /// Nothing of the request has left yet: whoever says so says [`leave`](Self::leave), too.
    pub fn hold_back(&self) {
        self.step(UNKNOWN, HELD_BACK);
    }

    /// Something of the request is about to leave. `false` if it has been given up: then it must not.
    #[must_use]
    pub fn leave(&self) -> bool {
        self.step(HELD_BACK, LEFT);
        self.stage.load(Ordering::SeqCst) != GIVEN_UP
    }

    /// Gives the request up. Whether nothing of it has left: then nothing ever will.
    #[must_use]
    pub fn give_up(&self) -> bool {
        self.step(HELD_BACK, GIVEN_UP);
        self.stage.load(Ordering::SeqCst) == GIVEN_UP
    }

    /// From one stage to another, if it is at that one: the two who decide do so at any time, and one of them is first.
    fn step(&self, from: u8, to: u8) {
        let _at_another = self.stage.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_before_it_leaves_never_does() {
        let departure = Departure::default();
        departure.hold_back();
        assert!(departure.give_up() && departure.give_up());
        assert!(!departure.leave());
        assert!(departure.give_up());
    }

    #[test]
    fn what_has_left_or_is_not_known_may_arrive() {
        let left = Departure::default();
        left.hold_back();
        assert!(left.leave() && !left.give_up() && left.leave());
        let unknown = Departure::default();
        assert!(!unknown.give_up() && unknown.leave());
    }
}
