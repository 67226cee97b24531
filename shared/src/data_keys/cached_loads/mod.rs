//! The materials cache itself, whichever materials it holds: ages, uses, loads in flight, refreshes.

mod state;
mod statistics;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;

use self::state::{Purpose, State, Step};
use super::DataKeyError;
use crate::clock::Clock;
use crate::materials_cache::{CacheId, CacheSettings};
use crate::retry::Deadline;

pub use statistics::CacheStatistics;

/// What is loaded, and may be used more than once.
pub(super) trait Reusable: Clone + Send + 'static {
    /// What one request uses of it.
    type Use: Copy + Send;

    /// Counts a use, before it happens. `false` if a limit would be exceeded; nothing is counted then.
    fn claim(&self, use_: Self::Use) -> bool;
}

/// Loads what is not cached.
pub(super) trait Load<V>: Send + Sync + 'static {
    /// What is asked for.
    type Request: Clone + Send + Sync + 'static;

    fn load(&self, request: &Self::Request, deadline: Deadline)
    -> impl Future<Output = Result<V, DataKeyError>> + Send;
}

/// Remembers what `L` loaded, and has it loaded only once however many need it.
///
/// - A hit costs two readings of the clocks and one short lock.
/// - Whoever asks for what is being loaded waits for that load, and shares its outcome: success or failure. Failures are not
///   remembered beyond those who wait, except permanent ones, briefly.
/// - A load has no task of its own: it is driven by those who wait, goes on when the one who began it is dropped, and ends
///   when the last one is.
/// - From the refresh age on, a hit also begins a refresh. That is the one thing done in a task of its own, because nobody waits
///   for it; if Lambda freezes it half-way, the entry merely expires at its age.
/// - Whoever finds too little left of an entry drops it and has another one loaded.
pub(super) struct CachedLoads<L, V: Reusable> {
    core: Arc<Core<L, V>>,
}

struct Core<L, V: Reusable> {
    loader: L,
    clock: Arc<dyn Clock>,
    /// Guards the entries and the loads in flight. Held for one decision, never across an `.await`, and never while a flight is
    /// dropped.
    state: Mutex<State<V>>,
}

impl<L, V: Reusable> CachedLoads<L, V> {
    /// An empty cache in front of `loader`.
    pub(super) fn new(loader: L, settings: &CacheSettings, clock: Arc<dyn Clock>) -> Self {
        Self { core: Arc::new(Core { loader, clock, state: Mutex::new(State::new(settings)) }) }
    }

    pub(super) fn statistics(&self) -> CacheStatistics {
        self.core.lock().statistics()
    }

    #[cfg(test)]
    pub(super) fn loads_under_way(&self) -> usize {
        self.core.lock().flights.len()
    }
}

impl<L: Load<V>, V: Reusable + Sync> CachedLoads<L, V> {
    /// The value for `id`, which stands for `request`: from the cache, or loaded. One use of it is counted.
    pub(super) async fn get(
        &self,
        id: CacheId,
        is_cacheable: bool,
        request: &L::Request,
        use_: V::Use,
        deadline: Deadline,
    ) -> Result<V, DataKeyError> {
        let mut is_rejoining = false;
        loop {
            let load = match self.core.next_step(id, is_cacheable, request, use_, deadline, is_rejoining) {
                Step::Answer(outcome) => return outcome,
                Step::AnswerAndRefresh(value, refresh) => {
                    tokio::spawn(refresh.flight);
                    return Ok(value);
                }
                Step::Wait(load) => load,
            };
            let gave_up_at = load.deadline;
            match tokio::time::timeout_at(deadline.instant(), load.flight).await {
                Err(_) => return Err(DataKeyError::DeadlinePassed),
                // The load's time was shorter than ours: its failure is not ours yet.
                Ok(Err(failure)) if failure.class().is_retryable() && gave_up_at < deadline => {}
                // Others who waited have used it up.
                Ok(Ok(value)) if !value.claim(use_) => {}
                Ok(outcome) => return outcome,
            }
            is_rejoining = true;
        }
    }

    /// Loads without looking for an entry, storing one or sharing a load.
    pub(super) async fn bypass(&self, request: &L::Request, deadline: Deadline) -> Result<V, DataKeyError> {
        self.core.lock().count_bypass();
        self.core.loader.load(request, deadline).await
    }
}

impl<L: Load<V>, V: Reusable + Sync> Core<L, V> {
    fn next_step(
        self: &Arc<Self>,
        id: CacheId,
        is_cacheable: bool,
        request: &L::Request,
        use_: V::Use,
        deadline: Deadline,
        is_rejoining: bool,
    ) -> Step<V> {
        let mut state = self.lock();
        // Read under the lock: a reading from before it could be older than an entry that was stored meanwhile, which would then look
        // as if wall time had moved back.
        let now = self.clock.now();
        let begin = |flights: &mut state::LoadFlights<V>, purpose| {
            let deadline = match purpose {
                Purpose::Load { .. } => deadline,
                Purpose::Refresh => deadline.min(Deadline::after(now.monotonic, CacheSettings::REFRESH_TIME_LIMIT)),
            };
            flights.begin(id, deadline, |number| {
                let landing = Landing { core: Arc::clone(self), id, number };
                load(landing, purpose, request.clone(), deadline).boxed()
            })
        };
        if is_cacheable && let Some(answer) = state.find(id, use_, is_rejoining, now, begin) {
            return answer;
        }
        state.wait(id, is_cacheable, is_rejoining, begin)
    }
}

async fn load<L: Load<V>, V: Reusable + Sync>(
    landing: Landing<L, V>,
    purpose: Purpose,
    request: L::Request,
    deadline: Deadline,
) -> Result<V, DataKeyError> {
    let core = &landing.core;
    let outcome = core.loader.load(&request, deadline).await;
    let mut state = core.lock();
    state.land(landing.id, purpose, &outcome, core.clock.now());
    drop(state);
    outcome
}

impl<L, V: Reusable> Core<L, V> {
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        // Poisoned only by a panic inside one decision, and the state is whole between any two of its statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flight, whether its load finished or was dropped half-way.
struct Landing<L, V: Reusable> {
    core: Arc<Core<L, V>>,
    id: CacheId,
    number: u64,
}

impl<L, V: Reusable> Drop for Landing<L, V> {
    fn drop(&mut self) {
        self.core.lock().flights.end(self.id, self.number);
    }
}

impl<L, V: Reusable> fmt::Debug for CachedLoads<L, V> {
    /// Without the values, which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedLoads").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
