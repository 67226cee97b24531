//! The line of those who wait: who took its ticket first goes first.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// Who waits, in the order of their tickets.
#[derive(Debug, Default)]
pub(super) struct Line {
    tickets: u64,
    waiting: BTreeMap<Ticket, Arc<Notify>>,
}

/// The order in which those who wait are served. One ticket serves for several waits, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

impl Line {
    /// A ticket behind all others.
    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.tickets = self.tickets.wrapping_add(1);
        Ticket(self.tickets)
    }

    /// Waits from now on, and is told when to look again: it may be the first, or what the first waits for may have changed.
    pub(super) fn join(&mut self, ticket: Ticket) -> Arc<Notify> {
        Arc::clone(self.waiting.entry(ticket).or_default())
    }

    /// Waits no longer.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether nobody goes before.
    pub(super) fn is_first(&self, ticket: Ticket) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == ticket)
    }

    /// Has the first one look again. Kept for it, if it is just looking.
    pub(super) fn wake_first(&self) {
        if let Some((_, first)) = self.waiting.first_key_value() {
            first.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_ticket_goes_first_whenever_it_joins() {
        let mut line = Line::default();
        let [first, second, third] = [(); 3].map(|()| line.next_ticket());
        for ticket in [second, third, first] {
            line.join(ticket);
        }
        for ticket in [first, second, third] {
            assert!(
                [first, second, third].map(|other| line.is_first(other))
                    == [first, second, third].map(|other| other == ticket)
            );
            line.leave(ticket);
        }
        assert!(!line.is_first(first));
    }
}
