//! Runs the lanes: reads the stream, invokes the function, keeps count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use warmkeys::clock::Clock;

use super::batch::Batch;
use super::batch_response::{BatchResult, Violation, read_batch_response};
use super::discard::{Discard, OnFailureRecord};
use super::kinesis_event::kinesis_event;
use super::lane::{Lane, Step};
use super::settings::MappingSettings;
use crate::lambda_function::{Function, Outcome};
use crate::stream::{InMemoryStream, ShardDescription, ShardId, StreamRecord, hash_key};
use crate::unpoisoned::lock;

/// A mapping from [`start`](Self::start) until it is stopped or dropped. It begins at the stream's oldest record
/// (`TRIM_HORIZON`).
#[derive(Debug)]
pub struct EventSourceMapping {
    shared: Arc<Shared>,
    polling: JoinHandle<()>,
}

/// What a mapping has done so far.
#[derive(Clone, Debug, Default)]
pub struct MappingReport {
    /// Records that a function finished, by the mapping's reckoning.
    pub records_finished: u64,
    /// Records that were given up.
    pub records_discarded: u64,
    /// Invocations of the function.
    pub invocations: u64,
    /// Invocations that failed altogether: reported errors, time-outs, crashes.
    pub function_errors: u64,
    /// Responses that named a checkpoint.
    pub checkpoints: u64,
    /// Invocations for which a sandbox was started.
    pub cold_starts: u64,
    /// What went to the on-failure destination.
    pub on_failure_records: Vec<OnFailureRecord>,
    /// What a function should never have answered.
    pub violations: Vec<Violation>,
    /// How many records of each shard are finished or given up. With one lane per shard these are its first ones.
    pub settled_by_shard: BTreeMap<ShardId, usize>,
}

#[derive(Debug)]
struct Shared {
    stream: Arc<InMemoryStream>,
    function: Arc<Function>,
    settings: MappingSettings,
    clock: Arc<dyn Clock>,
    /// Guards the counts; never held across an await.
    report: Mutex<MappingReport>,
    /// Rises whenever records are finished or given up.
    settled: watch::Sender<u64>,
}

impl EventSourceMapping {
    /// Starts to take what is in `stream`, and what comes, to `function`.
    #[must_use]
    pub fn start(
        stream: Arc<InMemoryStream>,
        function: Arc<Function>,
        settings: MappingSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let report = Mutex::default();
        let settled = watch::Sender::new(0);
        let shared = Arc::new(Shared { stream, function, settings, clock, report, settled });
        Self { polling: tokio::spawn(poll(Arc::clone(&shared))), shared }
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> MappingReport {
        lock(&self.shared.report).clone()
    }

    /// Tells, from now on, how many records are finished or given up.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.settled.subscribe()
    }

    /// Waits until so many records are finished or given up.
    pub async fn settled(&self, records: u64) {
        // The sender lives as long as `self`.
        let _ = self.subscribe().wait_for(|settled| *settled >= records).await;
    }

    /// Stops, cutting off invocations in flight, and tells what was done.
    pub async fn stop(mut self) -> MappingReport {
        self.polling.abort();
        // It was aborted, which is the only way it ends.
        let _ = (&mut self.polling).await;
        self.report()
    }
}

impl Drop for EventSourceMapping {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

/// Passes each shard's new records to its lanes. The children of a split or merged shard begin once it is finished.
async fn poll(shared: Arc<Shared>) {
    let mut stream_changes = shared.stream.subscribe();
    let mut settled_changes = shared.settled.subscribe();
    let mut pollers: BTreeMap<ShardId, ShardPoller> = BTreeMap::new();
    let mut lanes = JoinSet::new();
    loop {
        stream_changes.mark_unchanged();
        settled_changes.mark_unchanged();
        let shards = shared.stream.shards();
        for shard in &shards {
            if !pollers.contains_key(&shard.id) && is_ready(shard, &pollers, &shared) {
                pollers.insert(shard.id.clone(), ShardPoller::start(&shared, &shard.id, &mut lanes));
            }
            if let Some(poller) = pollers.get_mut(&shard.id) {
                poller.pass_on(&shared.stream, &shard.id);
            }
        }
        tokio::select! {
            changed = stream_changes.changed() => if changed.is_err() { return },
            // Only a child that waits for its parent has to know.
            changed = settled_changes.changed(), if pollers.len() < shards.len() => if changed.is_err() { return },
        }
    }
}

/// Whether everything in the shard's parents is finished, or it has none.
fn is_ready(shard: &ShardDescription, pollers: &BTreeMap<ShardId, ShardPoller>, shared: &Shared) -> bool {
    let report = lock(&shared.report);
    shard.parents().all(|parent| {
        let settled = report.settled_by_shard.get(parent).copied().unwrap_or_default();
        pollers.get(parent).is_some_and(|poller| poller.position == settled)
    })
}

/// How far a shard was read, and where its records go.
#[derive(Debug)]
struct ShardPoller {
    position: usize,
    lanes: Vec<mpsc::UnboundedSender<StreamRecord>>,
}

impl ShardPoller {
    fn start(shared: &Arc<Shared>, shard_id: &ShardId, tasks: &mut JoinSet<()>) -> Self {
        let lanes = (0..shared.settings.parallelization_factor.get())
            .map(|_| {
                let (sender, arrivals) = mpsc::unbounded_channel();
                tasks.spawn(run_lane(Arc::clone(shared), shard_id.clone(), arrivals));
                sender
            })
            .collect();
        Self { position: 0, lanes }
    }

    fn pass_on(&mut self, stream: &InMemoryStream, shard_id: &ShardId) {
        let records = stream.read(shard_id, self.position, usize::MAX).unwrap_or_default();
        self.position += records.len();
        for record in records {
            let number = lane_of(&record.partition_key, self.lanes.len());
            if let Some(lane) = self.lanes.get(number) {
                // A lane ends only with the whole mapping.
                let _ = lane.send(record);
            }
        }
    }
}

/// The lane of a partition key: always the same one, which keeps the key's records in order.
fn lane_of(partition_key: &str, lanes: usize) -> usize {
    let lanes = u128::try_from(lanes.max(1)).unwrap_or(u128::MAX);
    usize::try_from(hash_key(partition_key) % lanes).unwrap_or_default()
}

async fn run_lane(shared: Arc<Shared>, shard_id: ShardId, mut arrivals: mpsc::UnboundedReceiver<StreamRecord>) {
    let mut lane = Lane::new(shared.settings.clone());
    loop {
        while let Ok(record) = arrivals.try_recv() {
            lane.push(record);
        }
        let now = shared.clock.now().wall;
        let (step, discards) = lane.next(now);
        for discard in discards {
            shared.discard(&shard_id, &discard, "", now);
        }
        let arrived = match step {
            Step::Invoke(batch) => {
                shared.invoke(&shard_id, &mut lane, batch).await;
                continue;
            }
            Step::WaitUntil(moment) => {
                let delay = moment.duration_since(now).unwrap_or_default();
                tokio::select! {
                    arrived = arrivals.recv() => arrived,
                    () = tokio::time::sleep(delay) => continue,
                }
            }
            Step::Idle => arrivals.recv().await,
        };
        match arrived {
            Some(record) => lane.push(record),
            None => return,
        }
    }
}

impl Shared {
    async fn invoke(&self, shard_id: &ShardId, lane: &mut Lane, batch: Batch) {
        let event = kinesis_event(self.stream.arn(), shard_id, &batch.records);
        let invocation = self.function.invoke(event).await;
        let (result, violation) = match &invocation.outcome {
            Outcome::Responded(body) => read_batch_response(body, &batch.records),
            _ => (BatchResult::Failed, None),
        };
        {
            let mut report = lock(&self.report);
            report.invocations += 1;
            report.cold_starts += u64::from(invocation.is_cold_start());
            report.function_errors += u64::from(invocation.outcome.is_function_error());
            report.checkpoints += u64::from(matches!(result, BatchResult::FailedFrom(_)));
            report.violations.extend(violation);
        }
        let finished = match result {
            BatchResult::Succeeded => batch.records.len(),
            BatchResult::FailedFrom(position) => position,
            BatchResult::Failed => 0,
        };
        let now = self.clock.now().wall;
        let discard = lane.settle(batch, result, now);
        self.count(shard_id, finished, |report, count| report.records_finished += count);
        if let Some(discard) = discard {
            self.discard(shard_id, &discard, &invocation.request_id, now);
        }
    }

    fn discard(&self, shard_id: &ShardId, discard: &Discard, request_id: &str, now: SystemTime) {
        let function_arn = self.function.arn();
        let described = OnFailureRecord::new(discard, self.stream.arn(), shard_id, &function_arn, request_id, now);
        self.count(shard_id, discard.records.len(), |report, count| {
            report.records_discarded += count;
            report.on_failure_records.push(described);
        });
    }

    /// Counts `records` of a shard as done with, in the way of `add`, and tells who waits.
    fn count(&self, shard_id: &ShardId, records: usize, add: impl FnOnce(&mut MappingReport, u64)) {
        let count = u64::try_from(records).unwrap_or(u64::MAX);
        {
            let mut report = lock(&self.report);
            add(&mut report, count);
            *report.settled_by_shard.entry(shard_id.clone()).or_default() += records;
        }
        self.settled.send_modify(|settled| *settled += count);
    }
}
