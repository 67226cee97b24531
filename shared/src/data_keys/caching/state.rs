//! What a cache holds, and what is to be done about a request: decisions only, without lock, clock or I/O.

use super::CacheStatistics;
use crate::clock::Now;
use crate::data_keys::{DataKeyError, DecryptionMaterials};
use crate::failure::FailureClass;
use crate::materials_cache::{CacheId, CacheSettings, Flights, JoinedFlight, Store};

/// How a load ends.
pub(super) type Outcome = Result<DecryptionMaterials, DataKeyError>;

/// What to do about a request.
pub(super) enum Step {
    /// It is answered.
    Answer(Outcome),
    /// It is answered, and the caller is to start a refresh.
    AnswerAndRefresh(DecryptionMaterials, JoinedFlight<Outcome>),
    /// It waits for a load.
    Wait(JoinedFlight<Outcome>),
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

pub(super) struct State {
    pub(super) flights: Flights<Outcome>,
    materials: Store<DecryptionMaterials>,
    failures: Store<DataKeyError>,
    counted: CacheStatistics,
}

impl State {
    pub(super) fn new(settings: &CacheSettings) -> Self {
        Self {
            flights: Flights::new(),
            materials: Store::new(settings.capacity(), settings.age_limits()),
            failures: Store::new(CacheSettings::FAILURE_CAPACITY, settings.failure_age_limits()),
            counted: CacheStatistics::default(),
        }
    }

    /// Decides about a request for `id`; `begin` begins a flight for it.
    pub(super) fn next_step(
        &mut self,
        id: CacheId,
        is_cacheable: bool,
        is_rejoining: bool,
        now: Now,
        begin: impl FnOnce(&mut Flights<Outcome>, Purpose) -> JoinedFlight<Outcome>,
    ) -> Step {
        let counted = &mut self.counted;
        if is_cacheable {
            if let Some(hit) = self.materials.get(id, now) {
                counted.hits += u64::from(!is_rejoining);
                let materials = hit.value.clone();
                if !hit.refresh_due {
                    return Step::Answer(Ok(materials));
                }
                let refresh = self.flights.join(id).unwrap_or_else(|| {
                    counted.refreshes += 1;
                    begin(&mut self.flights, Purpose::Refresh)
                });
                return Step::AnswerAndRefresh(materials, refresh);
            }
            if let Some(hit) = self.failures.get(id, now) {
                counted.failure_hits += u64::from(!is_rejoining);
                return Step::Answer(Err(hit.value.clone()));
            }
        }
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

    /// Takes in the outcome of a load.
    pub(super) fn land(&mut self, id: CacheId, purpose: Purpose, outcome: &Outcome, now: Now) {
        if purpose == (Purpose::Load { is_cacheable: false }) {
            return;
        }
        match outcome {
            Ok(materials) => self.materials.insert(id, materials.clone(), now),
            // The entry serves until its age, whatever became of the key since: that is what the age is for.
            Err(_) if purpose == Purpose::Refresh => self.counted.failed_refreshes += 1,
            Err(failure) if failure.class() == FailureClass::Permanent => {
                self.failures.insert(id, failure.clone(), now);
            }
            Err(_) => {}
        }
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
