//! Has the data keys decrypted: as few as can matter, several at a time.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::plan::PlannedDataKey;
use super::{DecryptorSettings, Order};
use crate::clock::Clock;
use crate::data_keys::{DataKeyError, DecryptDataKey, DecryptionMaterials};
use crate::retry::Deadline;

/// How long requests under way may still take once it is clear that their payloads have to wait.
///
/// An answer that KMS has computed already would otherwise be asked for a second time. Longer than one call usually takes, and
/// shorter than a throttled one is retried.
const STRAGGLERS_TIMEOUT: Duration = Duration::from_millis(250);

/// What is known about the data keys of a plan.
#[derive(Debug)]
pub(super) struct ResolvedDataKeys {
    /// One for each data key of the plan.
    pub(super) outcomes: Vec<DataKeyOutcome>,
    /// In an order: where it stops for want of a data key, and why. `None` if all can go on.
    pub(super) blocked: Option<Blocked>,
}

/// What is known about one data key.
#[derive(Clone, Debug)]
pub(super) enum DataKeyOutcome {
    /// The key is there.
    Ready(DecryptionMaterials),
    /// It was not obtained.
    Failed(DataKeyError),
    /// It was not asked for, or nobody answered in time.
    Waiting,
}

/// Where an order stops for want of a data key.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    /// The start of the group that needs the key.
    pub(super) at: usize,
    pub(super) error: DataKeyError,
}

/// Has `data_keys` decrypted before `deadline`, in order of first use.
///
/// In an order, once one is not to be had, none that is first used after it is asked for: nothing beyond it can go ahead,
/// and asking on would only add to the throttling. Nor is one asked for once enough calls were made in vain: whoever writes records
/// that cannot be read would use up a quota that others share, at every redelivery again.
pub(super) async fn resolve(
    data_keys: &[PlannedDataKey],
    decryptor: &impl DecryptDataKey,
    order: &Order,
    settings: &DecryptorSettings,
    deadline: Deadline,
    clock: &dyn Clock,
) -> ResolvedDataKeys {
    let mut resolved = ResolvedDataKeys { outcomes: vec![DataKeyOutcome::Waiting; data_keys.len()], blocked: None };
    let mut unasked = data_keys.iter().enumerate().peekable();
    let mut under_way = FuturesUnordered::new();
    // The decryptor keeps to the deadline on its own. One that does not must not take the others' time.
    let mut wait_until = deadline;
    let in_vain_before = decryptor.calls_in_vain();
    loop {
        while under_way.len() < settings.max_concurrent_requests.get() {
            let next = unasked.next_if(|(_, data_key)| resolved.can_matter(data_key));
            let Some((index, data_key)) = next else { break };
            let in_vain = decryptor.calls_in_vain().saturating_sub(in_vain_before);
            if in_vain >= settings.max_calls_in_vain.get() {
                resolved.note(index, Err(DataKeyError::EnoughCallsInVain), data_keys, order);
                continue;
            }
            under_way.push(async move { (index, decryptor.decrypt_data_key(&data_key.request, deadline).await) });
        }
        let Ok(ended) = tokio::time::timeout_at(wait_until.instant(), under_way.next()).await else { break };
        let Some((index, result)) = ended else { break };
        resolved.note(index, result, data_keys, order);
        if resolved.blocked.is_some() && resolved.all_that_matter_have_ended(data_keys) {
            let now = clock.now().monotonic;
            wait_until = wait_until.min(Deadline::after(now, STRAGGLERS_TIMEOUT));
        }
    }
    if order.is_kept() {
        resolved.stop_at_first_waiting(data_keys);
    }
    resolved
}

impl ResolvedDataKeys {
    /// Whether payloads that need `data_key` may still go ahead.
    fn can_matter(&self, data_key: &PlannedDataKey) -> bool {
        self.blocked.as_ref().is_none_or(|blocked| data_key.first_use < blocked.at)
    }

    fn note(
        &mut self,
        index: usize,
        result: Result<DecryptionMaterials, DataKeyError>,
        data_keys: &[PlannedDataKey],
        order: &Order,
    ) {
        let (Some(outcome), Some(data_key)) = (self.outcomes.get_mut(index), data_keys.get(index)) else { return };
        match result {
            Ok(materials) => *outcome = DataKeyOutcome::Ready(materials),
            Err(error) => {
                *outcome = DataKeyOutcome::Failed(error.clone());
                if order.stops_at(error.class()) && self.can_matter(data_key) {
                    self.blocked = Some(Blocked { at: data_key.first_use, error });
                }
            }
        }
    }

    /// Whether every key is known that is first used before the place where the order stops.
    fn all_that_matter_have_ended(&self, data_keys: &[PlannedDataKey]) -> bool {
        let mut outcomes = self.outcomes.iter().zip(data_keys);
        !outcomes.any(|(outcome, data_key)| matches!(outcome, DataKeyOutcome::Waiting) && self.can_matter(data_key))
    }

    /// A key that nobody answered for in time stops the order as a failed one does.
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
