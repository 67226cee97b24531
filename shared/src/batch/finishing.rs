//! Passes on what is finished: rejected records to quarantine, opened ones to the sink, as far as both go.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout_at;
use tracing::Instrument as _;

use super::quarantined_record::QuarantinedRecord;
use super::report::Checkpoint;
use super::units::unit_start;
use crate::clock::Clock;
use crate::decryptor::Stopwatch;
use crate::delivery::{Delivery, DeliveryError};
use crate::failure::{FailureClass, describe};
use crate::invocation::PhaseDeadlines;
use crate::quarantine::Quarantine;
use crate::records::{OpenedRecord, RejectedRecord, RejectionCode, ShardOrigin, ShardRecord};
use crate::sinks::RecordSink;

/// A record that needs nothing more but to be passed on.
pub(super) type Finished = Result<OpenedRecord, RejectedRecord>;

/// Where finished records go.
#[derive(Debug)]
pub(super) struct Finishing<'a, S, Q> {
    pub(super) sink: &'a S,
    pub(super) quarantine: &'a Q,
    pub(super) origin: &'a ShardOrigin,
    pub(super) records: &'a [ShardRecord],
    pub(super) deadlines: PhaseDeadlines,
    pub(super) clock: &'a dyn Clock,
}

/// What was passed on, and where that ended.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) delivered: usize,
    pub(super) quarantined_records: Vec<QuarantinedRecord>,
    /// By reason.
    pub(super) quarantined: BTreeMap<RejectionCode, usize>,
    /// How old the last delivered record was.
    pub(super) delivery_lag: Option<Duration>,
    pub(super) delivering: Duration,
    pub(super) quarantining: Duration,
    /// `None` if everything before the end was passed on.
    pub(super) checkpoint: Option<Checkpoint>,
}

impl<S: RecordSink, Q: Quarantine> Finishing<'_, S, Q> {
    /// Passes on the records before `end`, which is the start of a unit; `finished` has at least that many.
    ///
    /// Records that the sink can never take are rejected too: no redelivery makes them smaller, and as the checkpoint they
    /// would block the shard until they expire.
    ///
    /// First the opened records before the first unit with a rejected one are delivered. If that fails, it ends there: with a
    /// sink that is down, the same records would otherwise be quarantined again at every redelivery. Then all rejected
    /// records go to quarantine, and then the rest is delivered. Record by record would hold the same promise (none is
    /// delivered beyond a record that is neither), but would send the sink many small requests. The price: when the sink
    /// fails only then, records beyond the checkpoint are in quarantine already and go there a second time. A quarantined
    /// record's identity follows from the record, so that the second replaces the first or can be told from it.
    pub(super) async fn pass_on(&self, finished: Vec<Finished>, end: usize) -> Progress {
        let mut progress = Progress::default();
        let (mut before, rejected) = self.split(finished, end);
        let mut after =
            before.split_off_at(rejected.indexes.first().map_or(end, |first| unit_start(self.records, *first)));
        self.deliver_all(before, &mut progress).await;
        if progress.checkpoint.is_some() {
            return progress;
        }
        self.quarantine_all(&rejected, &mut progress).await;
        if let Some(checkpoint) = &progress.checkpoint {
            after.split_off_at(checkpoint.index);
        }
        self.deliver_all(after, &mut progress).await;
        progress
    }

    /// What is for the sink and what for the quarantine.
    fn split(&self, finished: Vec<Finished>, end: usize) -> (Placed<OpenedRecord>, Placed<RejectedRecord>) {
        let mut opened = Placed::with_capacity(end);
        let mut rejected = Placed::with_capacity(0);
        for (index, finished) in finished.into_iter().take(end).enumerate() {
            match finished {
                Ok(record) => match self.sink.refusal(&record) {
                    None => opened.push(index, record),
                    Some(refusal) => rejected.push(index, self.rejected(record, &refusal)),
                },
                Err(record) => rejected.push(index, record),
            }
        }
        (opened, rejected)
    }

    /// A record that the sink can never take.
    fn rejected(&self, record: OpenedRecord, refusal: &DeliveryError) -> RejectedRecord {
        let reason = failed_at("sink", &self.sink.destination(), refusal);
        let code = match refusal {
            DeliveryError::TooLarge { .. } => RejectionCode::TooLarge,
            _ => RejectionCode::RefusedBySink,
        };
        RejectedRecord { record: record.record, class: refusal.class(), code, reason }
    }

    /// The time since the record arrived on the stream, as far as the event tells; none where the clocks contradict.
    fn lag(&self, record: &ShardRecord) -> Option<Duration> {
        let arrived = record.approximate_arrival_timestamp?;
        Some(self.clock.now().wall.duration_since(arrived).unwrap_or_default())
    }

    async fn quarantine_all(&self, rejected: &Placed<RejectedRecord>, progress: &mut Progress) {
        if rejected.records.is_empty() {
            return;
        }
        let deadline = self.deadlines.half_way_to_delivery(self.clock.now());
        // Whatever it has stored by its deadline it tells within the time between the deadlines below, or never.
        let grace = self.deadlines.abandon.remaining(self.deadlines.delivery.instant());
        let mut stopwatch = Stopwatch::start(self.clock);
        let quarantine = self.quarantine.quarantine(self.origin, &rejected.records, deadline);
        let quarantine = quarantine.instrument(tracing::info_span!("quarantine"));
        let outcome = known(timeout_at(deadline.instant() + grace, quarantine).await.ok(), rejected.records.len());
        progress.quarantining += stopwatch.lap();
        for record in rejected.records.iter().take(outcome.delivered) {
            *progress.quarantined.entry(record.code).or_default() += 1;
        }
        progress.quarantined_records.extend(rejected.records.iter().take(outcome.delivered).map(Into::into));
        if let Some(index) = rejected.indexes.get(outcome.delivered) {
            let failure = outcome.failure.unwrap_or(DeliveryError::DeadlinePassed);
            let reason = failed_at("quarantine", &self.quarantine.destination(), &failure);
            progress.stop_at(self.records, *index, failure.class(), reason);
        }
    }

    /// Delivers `opened`. A record that turns out to be one that the sink can never take goes to quarantine before the sink is given
    /// those after it.
    async fn deliver_all(&self, mut opened: Placed<OpenedRecord>, progress: &mut Progress) {
        while !opened.records.is_empty() {
            let mut stopwatch = Stopwatch::start(self.clock);
            let delivery = self.sink.deliver(&opened.records, self.deadlines.delivery);
            let delivery = delivery.instrument(tracing::info_span!("deliver"));
            let outcome =
                known(timeout_at(self.deadlines.abandon.instant(), delivery).await.ok(), opened.records.len());
            progress.delivering += stopwatch.lap();
            progress.delivered += outcome.delivered;
            if let Some(last) = outcome.delivered.checked_sub(1).and_then(|last| opened.records.get(last)) {
                progress.delivery_lag = self.lag(&last.record);
            }
            let Some((index, record, rest)) = opened.into_parts_at(outcome.delivered) else { return };
            let failure = outcome.failure.unwrap_or(DeliveryError::DeadlinePassed);
            if !matches!(failure, DeliveryError::Never { .. }) {
                let reason = failed_at("sink", &self.sink.destination(), &failure);
                return progress.stop_at(self.records, index, failure.class(), reason);
            }
            let mut rejected = Placed::with_capacity(1);
            rejected.push(index, self.rejected(record, &failure));
            self.quarantine_all(&rejected, progress).await;
            if progress.checkpoint.is_some() {
                return;
            }
            opened = rest;
        }
    }
}

impl Progress {
    /// Nothing from the unit of `index` on was passed on, or all of it comes again.
    fn stop_at(&mut self, records: &[ShardRecord], index: usize, class: FailureClass, reason: String) {
        self.checkpoint = Checkpoint::new(records, unit_start(records, index), class, reason);
    }
}

/// What failed, in words: which of the two destinations, by its name, and why.
fn failed_at(role: &str, destination: &str, failure: &DeliveryError) -> String {
    format!("{role} ({destination}): {}", describe(failure))
}

/// What is known of a delivery of `len` records. One that did not end counts as nothing.
fn known(outcome: Option<Delivery>, len: usize) -> Delivery {
    match outcome {
        None => Delivery::stopped_at(0, DeliveryError::DeadlinePassed),
        Some(Delivery { delivered, failure }) => Delivery { delivered: delivered.min(len), failure },
    }
}

/// Records with their places in the batch, ascending.
struct Placed<T> {
    indexes: Vec<usize>,
    records: Vec<T>,
}

impl<T> Placed<T> {
    fn with_capacity(capacity: usize) -> Self {
        Self { indexes: Vec::with_capacity(capacity), records: Vec::with_capacity(capacity) }
    }

    fn push(&mut self, index: usize, record: T) {
        self.indexes.push(index);
        self.records.push(record);
    }

    /// Takes out the records from the place `end` on.
    fn split_off_at(&mut self, end: usize) -> Self {
        let len = self.indexes.partition_point(|index| *index < end);
        Self { indexes: self.indexes.split_off(len), records: self.records.split_off(len) }
    }

    /// The record at `position`, and those after it; `None` past the end.
    fn into_parts_at(mut self, position: usize) -> Option<(usize, T, Self)> {
        let rest = Self {
            indexes: self.indexes.split_off((position + 1).min(self.indexes.len())),
            records: self.records.split_off((position + 1).min(self.records.len())),
        };
        let (index, record) = (self.indexes.get(position).copied()?, self.records.drain(position..).next()?);
        Some((index, record, rest))
    }
}
