//! Loads in flight: whoever asks for what is being loaded already waits for that load.

use std::collections::HashMap;
use std::fmt;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::CacheId;
use crate::retry::Deadline;

/// A load that several wait for. It makes progress while at least one of them polls it, needs no task of its own, and ends when
/// the last one drops it: where all who poll it are callers, nothing is left running in a sandbox that Lambda is about to freeze. A
/// refresh, which has no caller, takes a task that drives it.
pub(super) type Flight<T> = Shared<BoxFuture<'static, T>>;

/// The loads in flight, at most one for an id.
///
/// The flights are held weakly: those who wait own them. Do not drop a [`Flight`] while the lock around this is held, because a
/// flight that ends calls [`end`](Self::end).
pub(super) struct Flights<T: Clone> {
    by_id: HashMap<CacheId, Entry<T>>,
    next_number: u64,
}

struct Entry<T: Clone> {
    number: u64,
    deadline: Deadline,
    flight: WeakShared<BoxFuture<'static, T>>,
}

/// A flight and how long it will try.
pub(super) struct JoinedFlight<T: Clone> {
    /// The load.
    pub(super) flight: Flight<T>,
    /// When it gives up.
    pub(super) deadline: Deadline,
}

impl<T: Clone> Flights<T> {
    /// No flight.
    pub(super) fn new() -> Self {
        Self { by_id: HashMap::new(), next_number: 0 }
    }

    /// The flight for `id`, if there is one.
    pub(super) fn join(&self, id: CacheId) -> Option<JoinedFlight<T>> {
        let entry = self.by_id.get(&id)?;
        Some(JoinedFlight { flight: entry.flight.upgrade()?, deadline: entry.deadline })
    }

    /// Begins a flight for `id`. `load` is given the flight's number, with which it must call [`end`](Self::end) when it ends or is
    /// dropped.
    pub(super) fn begin(
        &mut self,
        id: CacheId,
        deadline: Deadline,
        load: impl FnOnce(u64) -> BoxFuture<'static, T>,
    ) -> JoinedFlight<T> {
        let number = self.next_number;
        self.next_number = self.next_number.wrapping_add(1);
        let flight = load(number).shared();
        // There is nothing to downgrade only in a flight that has ended, and this one has not begun.
        if let Some(weak) = flight.downgrade() {
            self.by_id.insert(id, Entry { number, deadline, flight: weak });
        }
        JoinedFlight { flight, deadline }
    }

    /// Forgets flight `number` for `id`, unless another one has begun in its place.
    pub(super) fn end(&mut self, id: CacheId, number: u64) {
        if self.by_id.get(&id).is_some_and(|entry| entry.number == number) {
            self.by_id.remove(&id);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> fmt::Debug for Flights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.len())
    }
}

impl<T: Clone> fmt::Debug for JoinedFlight<T> {
    /// Without the outcome, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinedFlight").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future;
    use std::time::Duration;

    use super::super::CacheIdBuilder;
    use super::*;
    use crate::clock::{Clock, SystemClock};

    fn id() -> CacheId {
        CacheIdBuilder::new("", "test").finish()
    }

    fn deadline() -> Deadline {
        Deadline::after(SystemClock.now().monotonic, Duration::from_secs(1))
    }

    #[tokio::test]
    async fn who_joins_gets_the_same_outcome() {
        let mut flights = Flights::new();
        let first = flights.begin(id(), deadline(), |number| future::ready(number).boxed());
        let second = flights.join(id()).unwrap();
        assert_eq!((first.flight.await, second.flight.await), (0, 0));
    }

    #[test]
    fn a_flight_that_nobody_waits_for_cannot_be_joined() {
        let mut flights = Flights::<u64>::new();
        drop(flights.begin(id(), deadline(), |_| future::pending().boxed()));
        assert!(flights.join(id()).is_none());
    }

    #[test]
    fn the_end_of_a_replaced_flight_leaves_its_successor() {
        let mut flights = Flights::<u64>::new();
        drop(flights.begin(id(), deadline(), |_| future::pending().boxed()));
        let successor = flights.begin(id(), deadline(), |_| future::pending().boxed());
        flights.end(id(), 0);
        assert!(flights.join(id()).is_some());
        flights.end(id(), 1);
        assert!(flights.join(id()).is_none() && flights.len() == 0);
        drop(successor);
    }
}
