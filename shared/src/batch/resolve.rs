//! Has a batch's data keys decrypted: as few as can matter, several at a time.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::plan::PlannedDataKey;
use crate::clock::Clock;
use crate::data_keys::{DataKeyError, DecryptDataKey, DecryptionMaterials};
use crate::failure::FailureClass;
use crate::retry::Deadline;

/// What becomes of records whose data key is unavailable: an operator can mend it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnavailableKeys {
    /// The first such record is the checkpoint: the shard waits for the operator. The default, because it loses no order.
    #[default]
    Checkpoint,
    /// They go to quarantine, and the shard moves on.
    Quarantine,
}

/// How data keys are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolveSettings {
    /// The most requests for data keys under way at a time. What they may ask of KMS is limited further down.
    pub max_concurrent_requests: NonZeroUsize,
    /// What becomes of records whose data key is unavailable.
    pub unavailable_keys: UnavailableKeys,
}

impl ResolveSettings {
    /// The default of [`max_concurrent_requests`](Self::max_concurrent_requests): hides KMS's latency of some 10 ms for
    /// batches of dozens of keys, and is a small part of the smallest account's quota.
    pub const DEFAULT_MAX_CONCURRENT_REQUESTS: NonZeroUsize = NonZeroUsize::new(16).unwrap();
}

impl Default for ResolveSettings {
    fn default() -> Self {
        Self {
            max_concurrent_requests: Self::DEFAULT_MAX_CONCURRENT_REQUESTS,
            unavailable_keys: UnavailableKeys::default(),
        }
    }
}

/// How long requests under way may still take once it is clear that their records wait for the redelivery.
///
/// An answer that KMS has computed already would otherwise be asked for a second time. Longer than one call usually takes, and
/// shorter than a throttled one is retried.
const STRAGGLERS_TIMEOUT: Duration = Duration::from_millis(250);

/// What is known about the data keys of a plan.
#[derive(Debug)]
pub(super) struct ResolvedDataKeys {
    /// One for each data key of the plan.
    pub(super) outcomes: Vec<DataKeyOutcome>,
    /// The record at which the batch stops for want of a data key, and why. `None` if all can go on.
    pub(super) blocked: Option<Blocked>,
}

/// What is known about one data key.
#[derive(Clone, Debug)]
pub(super) enum DataKeyOutcome {
    /// The key is there.
    Ready(DecryptionMaterials),
    /// Its records are to be quarantined.
    Rejected(DataKeyError),
    /// Not now: its records wait for the redelivery.
    Waiting,
}

/// Where a batch stops for want of a data key.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    /// The start of the unit that needs the key.
    pub(super) at: usize,
    pub(super) error: DataKeyError,
}

/// Has `data_keys` decrypted before `deadline`, in order of first use.
///
/// Once one is not to be had, none that is first used after it is asked for: nothing beyond the checkpoint can be delivered,
/// and asking on would only add to the throttling.
pub(super) async fn resolve(
    data_keys: &[PlannedDataKey],
    decryptor: &impl DecryptDataKey,
    settings: ResolveSettings,
    deadline: Deadline,
    clock: &dyn Clock,
) -> ResolvedDataKeys {
    let mut resolved = ResolvedDataKeys { outcomes: vec![DataKeyOutcome::Waiting; data_keys.len()], blocked: None };
    let mut unasked = data_keys.iter().enumerate().peekable();
    let mut under_way = FuturesUnordered::new();
    // The decryptor keeps to the deadline by itself. One that does not must not take the others' time.
    let mut wait_until = deadline;
    loop {
        while under_way.len() < settings.max_concurrent_requests.get() {
            let next = unasked.next_if(|(_, data_key)| resolved.can_matter(data_key));
            let Some((index, data_key)) = next else { break };
            under_way.push(async move { (index, decryptor.decrypt_data_key(&data_key.request, deadline).await) });
        }
        let Ok(ended) = tokio::time::timeout_at(wait_until.instant(), under_way.next()).await else { break };
        let Some((index, result)) = ended else { break };
        resolved.note(index, result, data_keys, settings.unavailable_keys);
        if resolved.blocked.is_some() && resolved.all_that_matter_have_ended(data_keys) {
            let now = clock.now().monotonic;
            wait_until = wait_until.min(Deadline::after(now, STRAGGLERS_TIMEOUT));
        }
    }
    resolved.stop_at_first_waiting(data_keys);
    resolved
}

impl ResolvedDataKeys {
    /// Whether records that need `data_key` may still be delivered.
    fn can_matter(&self, data_key: &PlannedDataKey) -> bool {
        self.blocked.as_ref().is_none_or(|blocked| data_key.first_use < blocked.at)
    }

    fn note(
        &mut self,
        index: usize,
        result: Result<DecryptionMaterials, DataKeyError>,
        data_keys: &[PlannedDataKey],
        unavailable_keys: UnavailableKeys,
    ) {
        let (Some(outcome), Some(data_key)) = (self.outcomes.get_mut(index), data_keys.get(index)) else { return };
        match result {
            Ok(materials) => *outcome = DataKeyOutcome::Ready(materials),
            Err(error) if is_rejected(error.class(), unavailable_keys) => *outcome = DataKeyOutcome::Rejected(error),
            Err(error) => {
                if self.can_matter(data_key) {
                    self.blocked = Some(Blocked { at: data_key.first_use, error });
                }
            }
        }
    }

    /// Whether every key is known that is first used before the place where the batch stops.
    fn all_that_matter_have_ended(&self, data_keys: &[PlannedDataKey]) -> bool {
        let mut outcomes = self.outcomes.iter().zip(data_keys);
        !outcomes.any(|(outcome, data_key)| matches!(outcome, DataKeyOutcome::Waiting) && self.can_matter(data_key))
    }

    /// A key that nobody answered for in time stops the batch as a failed one does.
    fn stop_at_first_waiting(&mut self, data_keys: &[PlannedDataKey]) {
        let mut outcomes = self.outcomes.iter().zip(data_keys);
        let first_waiting = outcomes.find(|(outcome, _)| matches!(outcome, DataKeyOutcome::Waiting));
        if let Some((_, data_key)) = first_waiting
            && self.can_matter(data_key)
        {
            self.blocked = Some(Blocked { at: data_key.first_use, error: DataKeyError::DeadlinePassed });
        }
    }
}

fn is_rejected(class: FailureClass, unavailable_keys: UnavailableKeys) -> bool {
    match class {
        FailureClass::Permanent => true,
        FailureClass::Unavailable => unavailable_keys == UnavailableKeys::Quarantine,
        FailureClass::Throttled | FailureClass::Transient => false,
    }
}
