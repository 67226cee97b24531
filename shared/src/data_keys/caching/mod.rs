//! The materials cache in front of the keyring.

mod cache_ids;
mod state;
mod statistics;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;

use self::state::{Outcome, Purpose, State, Step};
use super::{DataKeyError, DataKeyRequest, DecryptDataKey, DecryptionMaterials};
use crate::clock::Clock;
use crate::materials_cache::{CacheId, CacheSettings};
use crate::retry::Deadline;

pub use statistics::CacheStatistics;

/// Remembers what `D` decrypted, and asks it only once however many need the same data key.
///
/// - A hit costs a hash, two readings of the clocks and one short lock.
/// - Whoever asks for what is being loaded waits for that load, and shares its outcome: success or failure. Failures are not
///   remembered beyond those who wait, except permanent ones, briefly.
/// - A load has no task of its own: it is driven by those who wait, goes on when the one who began it is dropped, and ends
///   when the last one is.
/// - From the refresh age on, a hit also begins a refresh. That is the one thing done in a task of its own, because nobody waits
///   for it; if Lambda freezes it half-way, the entry merely expires at its age.
///
/// It implements the decrypting half of the caching cryptographic materials manager; what the message format leaves out of the
/// cache id (commitment policy, required encryption context) has to be checked by the caller on every record.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/caching-cmm.md>
pub struct Caching<D> {
    core: Arc<Core<D>>,
}

struct Core<D> {
    inner: D,
    partition: String,
    clock: Arc<dyn Clock>,
    /// Guards the entries and the loads in flight. Held for one decision, never across an `.await`, and never while a flight is
    /// dropped.
    state: Mutex<State>,
}

impl<D> Caching<D> {
    /// An empty cache in front of `inner`.
    #[must_use]
    pub fn new(inner: D, settings: &CacheSettings, clock: Arc<dyn Clock>) -> Self {
        let partition = settings.partition().to_owned();
        Self { core: Arc::new(Core { inner, partition, clock, state: Mutex::new(State::new(settings)) }) }
    }

    /// What has happened since the start.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        self.core.lock().statistics()
    }
}

impl<D: DecryptDataKey + 'static> DecryptDataKey for Caching<D> {
    async fn decrypt_data_key(
        &self,
        request: &DataKeyRequest,
        deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let id = cache_ids::cache_id(&self.core.partition, request);
        let mut is_rejoining = false;
        loop {
            let load = match self.core.next_step(id, request, deadline, is_rejoining) {
                Step::Answer(outcome) => return outcome,
                Step::AnswerAndRefresh(materials, refresh) => {
                    tokio::spawn(refresh.flight);
                    return Ok(materials);
                }
                Step::Wait(load) => load,
            };
            let gave_up_at = load.deadline;
            match tokio::time::timeout_at(deadline.instant(), load.flight).await {
                Err(_) => return Err(DataKeyError::DeadlinePassed),
                // The load's time was shorter than ours: its failure is not ours yet.
                Ok(Err(failure)) if failure.class().is_retryable() && gave_up_at < deadline => is_rejoining = true,
                Ok(outcome) => return outcome,
            }
        }
    }
}

impl<D: DecryptDataKey + 'static> Core<D> {
    fn next_step(self: &Arc<Self>, id: CacheId, request: &DataKeyRequest, deadline: Deadline, rejoining: bool) -> Step {
        let is_cacheable = cache_ids::is_cacheable(&request.wrapped);
        let now = self.clock.now();
        self.lock().next_step(id, is_cacheable, rejoining, now, |flights, purpose| {
            let deadline = match purpose {
                Purpose::Load { .. } => deadline,
                Purpose::Refresh => deadline.min(Deadline::after(now.monotonic, CacheSettings::REFRESH_TIME_LIMIT)),
            };
            flights.begin(id, deadline, |number| {
                let landing = Landing { core: Arc::clone(self), id, number };
                load(landing, purpose, request.clone(), deadline).boxed()
            })
        })
    }
}

async fn load<D: DecryptDataKey>(
    landing: Landing<D>,
    purpose: Purpose,
    request: DataKeyRequest,
    deadline: Deadline,
) -> Outcome {
    let core = &landing.core;
    let outcome = core.inner.decrypt_data_key(&request, deadline).await;
    let now = core.clock.now();
    core.lock().land(landing.id, purpose, &outcome, now);
    outcome
}

impl<D> Core<D> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Poisoned only by a panic inside one decision, and the state is whole between any two of its statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flight, whether its load finished or was dropped half-way.
struct Landing<D> {
    core: Arc<Core<D>>,
    id: CacheId,
    number: u64,
}

impl<D> Drop for Landing<D> {
    fn drop(&mut self) {
        self.core.lock().flights.end(self.id, self.number);
    }
}

impl<D> fmt::Debug for Caching<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caching").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}
