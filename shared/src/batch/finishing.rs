//! Passes on what is finished: rejected records to quarantine, opened ones to the sink, as far as both go.

use tokio::time::timeout_at;

use super::ShardRecord;
use super::deadlines::PhaseDeadlines;
use super::opening::Finished;
use super::report::Checkpoint;
use super::units::unit_start;
use crate::clock::Clock;
use crate::failure::describe;
use crate::quarantine::{Quarantine, RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
use crate::sinks::{Delivery, OpenedRecord, RecordSink, SinkError};

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
    pub(super) quarantined: usize,
    /// `None` if everything before the end was passed on.
    pub(super) checkpoint: Option<Checkpoint>,
}

impl<S: RecordSink, Q: Quarantine> Finishing<'_, S, Q> {
    /// Passes on the records before `end`, which is the start of a unit; `finished` has at least that many.
    ///
    /// First the opened records before the first unit with a rejected one are delivered. If that fails, it ends there: with a
    /// sink that is down, the same records would otherwise be quarantined again at every redelivery. Then all rejected
    /// records go to quarantine, and then the rest is delivered. Record by record would hold the same promise (none is
    /// delivered beyond a record that is neither), but would send the sink many small requests. The price: when the sink
    /// fails only then, records beyond the checkpoint are in quarantine already and go there a second time. A quarantined
    /// record's identity follows from the record, so that the second replaces the first or can be told from it.
    pub(super) async fn pass_on(&self, finished: Vec<Finished>, end: usize) -> Progress {
        let mut progress = Progress::default();
        let (mut before, rejected) = split(finished, end);
        let mut after =
            before.split_off_at(rejected.indexes.first().map_or(end, |first| unit_start(self.records, *first)));
        self.deliver_all(&before, &mut progress).await;
        if progress.checkpoint.is_some() {
            return progress;
        }
        self.quarantine_all(&rejected, &mut progress).await;
        if let Some(checkpoint) = &progress.checkpoint {
            after.split_off_at(checkpoint.index);
        }
        self.deliver_all(&after, &mut progress).await;
        progress
    }

    async fn quarantine_all(&self, rejected: &Placed<RejectedRecord>, progress: &mut Progress) {
        if rejected.records.is_empty() {
            return;
        }
        let deadline = self.deadlines.half_way_to_delivery(self.clock.now());
        let outcome = self.quarantine_before(&rejected.records, deadline).await;
        progress.quarantined += outcome.delivered;
        if let Some(index) = rejected.indexes.get(outcome.delivered) {
            progress.stop_at(self.records, *index, outcome.failure);
        }
    }

    async fn deliver_all(&self, opened: &Placed<OpenedRecord>, progress: &mut Progress) {
        let mut start = 0;
        while let Some(records) = opened.records.get(start..).filter(|records| !records.is_empty()) {
            let outcome = self.deliver(records).await;
            progress.delivered += outcome.delivered;
            start += outcome.delivered;
            let (Some(index), Some(record)) = (opened.indexes.get(start), opened.records.get(start)) else { return };
            match outcome.failure {
                // No redelivery makes it smaller: as the checkpoint it would block the shard until it expires.
                Some(failure @ SinkError::TooLarge { .. }) => {
                    let rejected = RejectedRecord {
                        record: record.record.clone(),
                        class: failure.class(),
                        reason: describe(&failure),
                    };
                    let outcome = self.quarantine_before(&[rejected], self.deadlines.delivery).await;
                    if outcome.delivered == 0 {
                        return progress.stop_at(self.records, *index, outcome.failure);
                    }
                    progress.quarantined += 1;
                    start += 1;
                }
                failure => return progress.stop_at(self.records, *index, failure),
            }
        }
    }

    async fn deliver(&self, records: &[OpenedRecord]) -> Delivery {
        let delivery = self.sink.deliver(records, self.deadlines.delivery);
        known(timeout_at(self.deadlines.abandon.instant(), delivery).await.ok(), records.len())
    }

    async fn quarantine_before(&self, rejected: &[RejectedRecord], deadline: Deadline) -> Delivery {
        // Whatever it has stored by its deadline it tells within the time between the deadlines below, or never.
        let grace = self.deadlines.abandon.remaining(self.deadlines.delivery.instant());
        let abandon = deadline.instant() + grace;
        let quarantine = self.quarantine.quarantine(self.origin, rejected, deadline);
        known(timeout_at(abandon, quarantine).await.ok(), rejected.len())
    }
}

impl Progress {
    /// Nothing from the unit of `index` on was passed on, or all of it comes again.
    fn stop_at(&mut self, records: &[ShardRecord], index: usize, failure: Option<SinkError>) {
        let failure = failure.unwrap_or(SinkError::DeadlinePassed);
        self.checkpoint = Checkpoint::new(records, unit_start(records, index), failure.class(), describe(&failure));
    }
}

/// What is known of a delivery of `len` records. One that did not end counts as nothing.
fn known(outcome: Option<Delivery>, len: usize) -> Delivery {
    match outcome {
        None => Delivery::stopped_at(0, SinkError::DeadlinePassed),
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
}

fn split(finished: Vec<Finished>, end: usize) -> (Placed<OpenedRecord>, Placed<RejectedRecord>) {
    let mut opened = Placed::with_capacity(end);
    let mut rejected = Placed::with_capacity(0);
    for (index, finished) in finished.into_iter().take(end).enumerate() {
        match finished {
            Ok(record) => opened.push(index, record),
            Err(record) => rejected.push(index, record),
        }
    }
    (opened, rejected)
}
