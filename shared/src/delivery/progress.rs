//! What has arrived, what is to be tried again, and how long the delivered prefix is: pure decisions.

use super::{Delivery, DeliveryError, RequestEntry, RequestPlan};
use crate::failure::FailureClass;

/// How far the delivery of `entries` has come.
pub(super) struct Progress<'a, E> {
    entries: &'a [E],
    arrived: Vec<bool>,
    /// All before it have arrived.
    first_undelivered: usize,
    /// Entries from here on are not sent: the one at `end` cannot be delivered.
    end: usize,
    end_reason: Option<DeliveryError>,
    /// Those of the last round that are worth trying again, in order, with what happened to them.
    failed: Vec<(usize, DeliveryError)>,
}

impl<'a, E: RequestEntry> Progress<'a, E> {
    /// Nothing has arrived. Entries are only sent up to the first one that fits into no request.
    pub(super) fn new(entries: &'a [E], plan: &RequestPlan) -> Self {
        let too_large =
            entries.iter().enumerate().find_map(|(index, entry)| Some((index, plan.limits.refusal(entry.len())?)));
        let (end, end_reason) = match too_large {
            Some((index, reason)) => (index, Some(reason)),
            None => (entries.len(), None),
        };
        Self { entries, arrived: vec![false; entries.len()], first_undelivered: 0, end, end_reason, failed: Vec::new() }
    }

    /// The requests of the next round: those that failed, or if none did, the next entries. Empty when there is nothing left to do.
    ///
    /// New entries wait until those that failed have arrived, which keeps the entries beyond the delivered prefix few: they are
    /// what is delivered twice if the deadline comes first.
    pub(super) fn next_round(&self, plan: &RequestPlan) -> Vec<Vec<usize>> {
        if self.failed.is_empty() {
            let window_end = self.first_undelivered.saturating_add(plan.window()).min(self.end);
            plan.pack(self.undelivered_before(window_end))
        } else {
            plan.pack(self.failed.iter().filter_map(|(index, _)| Some((*index, self.entries.get(*index)?))))
        }
    }

    /// Takes in what became of the entries of the last round.
    pub(super) fn record(&mut self, round: impl IntoIterator<Item = (usize, Result<(), DeliveryError>)>) {
        // A retry of very many entries may have had room for only some of them.
        let mut failed = std::mem::take(&mut self.failed);
        for (index, result) in round {
            failed.retain(|(waiting, _)| *waiting != index);
            match result {
                Ok(()) => {
                    if let Some(arrived) = self.arrived.get_mut(index) {
                        *arrived = true;
                    }
                }
                Err(error) if error.class().is_retryable() => failed.push((index, error)),
                Err(error) if index < self.end => {
                    self.end = index;
                    self.end_reason = Some(error);
                }
                Err(_) => {}
            }
        }
        failed.retain(|(index, _)| *index < self.end);
        failed.sort_by_key(|(index, _)| *index);
        self.failed = failed;
        while self.arrived.get(self.first_undelivered).copied().unwrap_or(false) {
            self.first_undelivered += 1;
        }
    }

    /// The class of the failure that is to be waited out before the next round: throttling, if any entry was throttled.
    pub(super) fn failure_class(&self) -> Option<FailureClass> {
        let classes = || self.failed.iter().map(|(_, error)| error.class());
        classes().find(|class| *class == FailureClass::Throttled).or_else(|| classes().next())
    }

    /// The outcome, if nothing more is sent. `otherwise` is why, where no entry's failure tells it.
    pub(super) fn finish(self, otherwise: DeliveryError) -> Delivery {
        let delivered = self.first_undelivered;
        if delivered == self.entries.len() {
            return Delivery::complete(delivered);
        }
        let failure = if delivered == self.end {
            self.end_reason
        } else {
            self.failed.into_iter().next().map(|(_, error)| error)
        };
        Delivery::stopped_at(delivered, failure.unwrap_or(otherwise))
    }

    fn undelivered_before(&self, end: usize) -> impl Iterator<Item = (usize, &'a E)> {
        let candidates = self.entries.iter().enumerate().take(end).skip(self.first_undelivered);
        candidates.filter(|(index, _)| !self.arrived.get(*index).copied().unwrap_or(true))
    }
}
