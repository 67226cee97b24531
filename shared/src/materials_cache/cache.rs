//! The materials cache itself, whichever materials it holds: ages, uses, loads in flight, refreshes.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tracing::Instrument as _;

use super::state::{LoadFlights, Purpose, State, Step};
use super::{CacheId, CacheSettings, CacheStatistics, RefreshAhead, Reusable};
use crate::clock::Clock;
use crate::failure::RequestError;
use crate::retry::{Deadline, with_time_asked};
use crate::trace::{in_trace, trace_id};

/// Loads what is not cached.
pub(crate) trait Load<V>: Send + Sync + 'static {
    /// What is asked for.
    type Request: Clone + Send + Sync + 'static;
    /// Why it could not be loaded.
    type Error: RequestError;

    fn load(&self, request: &Self::Request, deadline: Deadline) -> impl Future<Output = Result<V, Self::Error>> + Send;
}

/// Remembers what `L` loaded, and has it loaded only once however many need it.
///
/// - A hit costs two readings of the clocks and one short lock.
/// - Whoever asks for what is being loaded waits for that load, and shares its outcome: success or failure. Failures are not
///   remembered beyond those who wait, except permanent ones, briefly.
/// - What was loaded is as old as the request that brought it. Until that was sent, it may have waited for its turn.
/// - A load has no task of its own: it is driven by those who wait, goes on when the one who began it is dropped, and ends
///   when the last one is.
/// - From the refresh age on, a hit also begins a refresh, if the entry is one to be [refreshed ahead](RefreshAhead). That is the one
///   thing done in a task of its own, because nobody waits for it; if Lambda freezes it half-way, the entry merely expires at its age.
///   It has no patience: it must not take from those who wait.
/// - Whoever finds too little left of an entry drops it and has another one loaded.
pub(crate) struct MaterialsCache<L, V: Reusable, E: RequestError> {
    core: Arc<Core<L, V, E>>,
}

struct Core<L, V: Reusable, E: RequestError> {
    loader: L,
    clock: Arc<dyn Clock>,
    /// Guards the entries and the loads in flight. Held for one decision, never across an `.await`, and never while a flight is
    /// dropped.
    state: Mutex<State<V, E>>,
}

impl<L, V: Reusable, E: RequestError> MaterialsCache<L, V, E> {
    /// An empty cache in front of `loader`.
    pub(crate) fn new(loader: L, settings: &CacheSettings, refresh_ahead: RefreshAhead, clock: Arc<dyn Clock>) -> Self {
        Self { core: Arc::new(Core { loader, clock, state: Mutex::new(State::new(settings, refresh_ahead)) }) }
    }

    pub(crate) fn loader(&self) -> &L {
        &self.core.loader
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        self.core.lock().statistics()
    }

    #[cfg(test)]
    pub(crate) fn loads_under_way(&self) -> usize {
        self.core.lock().flights.len()
    }
}

impl<L: Load<V, Error = E>, V: Reusable + Sync, E: RequestError> MaterialsCache<L, V, E> {
    /// The value for `id`, which stands for `request`: from the cache, or loaded. One use of it is counted.
    pub(crate) async fn get(
        &self,
        id: CacheId,
        is_cacheable: bool,
        request: &L::Request,
        use_: V::Use,
        deadline: Deadline,
    ) -> Result<V, E> {
        let mut is_rejoining = false;
        loop {
            let load = match self.core.next_step(id, is_cacheable, request, use_, deadline, is_rejoining) {
                Step::Answer(outcome) => return outcome,
                Step::AnswerAndRefresh(value, refresh) => {
                    // For the invocation that caused it, even if it ends after that.
                    tokio::spawn(in_trace(trace_id(), refresh.flight).in_current_span());
                    return Ok(value);
                }
                Step::Wait(load) => load,
            };
            let gave_up_at = load.deadline;
            match tokio::time::timeout_at(deadline.instant(), load.flight).await {
                Err(_) => return Err(E::deadline_passed()),
                // The load had less time or patience than we have: its failure is not ours yet.
                Ok(Err(failure)) if failure.class().is_retryable() && gave_up_at < deadline => {}
                // Others who waited have used it up.
                Ok(Ok(value)) if !value.claim(use_) => {}
                Ok(outcome) => return outcome,
            }
            is_rejoining = true;
        }
    }

    /// Loads without looking for an entry, storing one or sharing a load.
    pub(crate) async fn bypass(&self, request: &L::Request, deadline: Deadline) -> Result<V, E> {
        self.core.lock().count_bypass();
        self.core.loader.load(request, deadline).await
    }
}

impl<L: Load<V, Error = E>, V: Reusable + Sync, E: RequestError> Core<L, V, E> {
    fn next_step(
        self: &Arc<Self>,
        id: CacheId,
        is_cacheable: bool,
        request: &L::Request,
        use_: V::Use,
        deadline: Deadline,
        is_rejoining: bool,
    ) -> Step<V, E> {
        let mut state = self.lock();
        // Read under the lock: a reading from before it could be older than an entry that was stored meanwhile, which would then look
        // as if wall time had moved back.
        let now = self.clock.now();
        let begin = |flights: &mut LoadFlights<V, E>, purpose| {
            let deadline = match purpose {
                Purpose::Load { .. } => deadline,
                Purpose::Refresh => {
                    deadline.min(Deadline::after(now.monotonic, CacheSettings::REFRESH_TIME_LIMIT)).impatient()
                }
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

async fn load<L: Load<V, Error = E>, V: Reusable + Sync, E: RequestError>(
    landing: Landing<L, V, E>,
    purpose: Purpose,
    request: L::Request,
    deadline: Deadline,
) -> Result<V, E> {
    let core = &landing.core;
    let began = core.clock.now();
    let (outcome, asked) = with_time_asked(Arc::clone(&core.clock), core.loader.load(&request, deadline)).await;
    // A loader that sends its requests by itself does not say when: they are no older than the load.
    let asked = asked.unwrap_or(began);
    let mut state = core.lock();
    state.land(landing.id, purpose, &outcome, asked, core.clock.now());
    drop(state);
    outcome
}

impl<L, V: Reusable, E: RequestError> Core<L, V, E> {
    fn lock(&self) -> MutexGuard<'_, State<V, E>> {
        // Poisoned only by a panic inside one decision, and the state is whole between any two of its statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flight, whether its load finished or was dropped half-way.
struct Landing<L, V: Reusable, E: RequestError> {
    core: Arc<Core<L, V, E>>,
    id: CacheId,
    number: u64,
}

impl<L, V: Reusable, E: RequestError> Drop for Landing<L, V, E> {
    fn drop(&mut self) {
        self.core.lock().flights.end(self.id, self.number);
    }
}

impl<L, V: Reusable, E: RequestError> fmt::Debug for MaterialsCache<L, V, E> {
    /// Without the values, which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaterialsCache").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
