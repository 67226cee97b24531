//! What a cache holds, and what is to be done about a request: decisions only, without lock, clock or I/O.

use super::{CacheId, CacheSettings, CacheStatistics, Flights, JoinedFlight, RefreshAhead, Reusable, Store};
use crate::clock::Now;
use crate::failure::{FailureClass, RequestError};

/// The loads in flight, each with how it ends.
pub(super) type LoadFlights<V, E> = Flights<Result<V, E>>;

/// What to do about a request.
pub(super) enum Step<V: Clone, E: Clone> {
    /// It is answered.
    Answer(Result<V, E>),
    /// It is answered, and the caller is to start a refresh.
    AnswerAndRefresh(V, JoinedFlight<Result<V, E>>),
    /// It waits for a load.
    Wait(JoinedFlight<Result<V, E>>),
}

/// What a load is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To answer a request.
    Load {
        /// Whether the outcome may be stored.
        is_cacheable: bool,
    },
    /// To replace an entry that still serves.
    Refresh,
}

pub(super) struct State<V: Clone, E: Clone> {
    pub(super) flights: LoadFlights<V, E>,
    materials: Store<V>,
    failures: Store<E>,
    counted: CacheStatistics,
}

impl<V: Reusable, E: RequestError> State<V, E> {
    pub(super) fn new(settings: &CacheSettings, refresh_ahead: RefreshAhead) -> Self {
        Self {
            flights: Flights::new(),
            materials: Store::new(settings.capacity(), settings.age_limits(), refresh_ahead),
            failures: Store::new(CacheSettings::FAILURE_CAPACITY, settings.failure_age_limits(), RefreshAhead::All),
            counted: CacheStatistics::default(),
        }
    }

    /// Answers a request for `id` from what is remembered; `begin` begins a flight for it.
    pub(super) fn find(
        &mut self,
        id: CacheId,
        use_: V::Use,
        is_rejoining: bool,
        now: Now,
        begin: impl FnOnce(&mut LoadFlights<V, E>, Purpose) -> JoinedFlight<Result<V, E>>,
    ) -> Option<Step<V, E>> {
        let counted = &mut self.counted;
        if let Some(hit) = self.materials.get(id, now) {
            if hit.value.claim(use_) {
                counted.hits += u64::from(!is_rejoining);
                let value = hit.value.clone();
                if !hit.refresh_due {
                    return Some(Step::Answer(Ok(value)));
                }
                let refresh = self.flights.join(id).unwrap_or_else(|| {
                    counted.refreshes += 1;
                    begin(&mut self.flights, Purpose::Refresh)
                });
                return Some(Step::AnswerAndRefresh(value, refresh));
            }
            counted.used_up += 1;
            self.materials.remove(id);
        }
        let hit = self.failures.get(id, now)?;
        counted.failure_hits += u64::from(!is_rejoining);
        Some(Step::Answer(Err(hit.value.clone())))
    }

    /// Lets a request for `id` wait for a load, which `begin` begins if none is under way.
    pub(super) fn wait(
        &mut self,
        id: CacheId,
        is_cacheable: bool,
        is_rejoining: bool,
        begin: impl FnOnce(&mut LoadFlights<V, E>, Purpose) -> JoinedFlight<Result<V, E>>,
    ) -> Step<V, E> {
        let counted = &mut self.counted;
        let (count, load) = match self.flights.join(id) {
            Some(load) => (&mut counted.coalesced, load),
            None => {
                let count = if is_cacheable { &mut counted.loads } else { &mut counted.bypasses };
                (count, begin(&mut self.flights, Purpose::Load { is_cacheable }))
            }
        };
        *(if is_rejoining { &mut counted.rejoined } else { count }) += 1;
        Step::Wait(load)
    }

    /// Takes in the outcome of a load, which was asked for at `asked`.
    pub(super) fn land(&mut self, id: CacheId, purpose: Purpose, outcome: &Result<V, E>, asked: Now, now: Now) {
        if purpose == (Purpose::Load { is_cacheable: false }) {
            return;
        }
        match outcome {
            Ok(materials) => self.materials.insert(id, materials.clone(), asked, now),
            // The entry serves until its age, whatever became of the key since: that is what the age is for.
            Err(_) if purpose == Purpose::Refresh => self.counted.failed_refreshes += 1,
            Err(failure) if failure.class() == FailureClass::Permanent => {
                self.failures.insert(id, failure.clone(), asked, now);
            }
            Err(_) => {}
        }
    }

    pub(super) fn count_bypass(&mut self) {
        self.counted.bypasses += 1;
    }

    pub(super) fn statistics(&self) -> CacheStatistics {
        CacheStatistics {
            evictions: self.materials.evicted(),
            expirations: self.materials.expired(),
            entries: self.materials.len(),
            ..self.counted
        }
    }
}
