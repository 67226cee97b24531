//! One batch's way, from its records to its checkpoint.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::time::Instant;

use super::finishing::{Finishing, Progress};
use super::opening::{Finished, Opening};
use super::plan::BatchPlan;
use super::report::{BatchReport, Checkpoint, PhaseDurations};
use super::resolve::{ResolveSettings, resolve};
use super::units::unit_start;
use super::{EventError, ShardBatch};
use crate::clock::Clock;
use crate::data_keys::{DataKeyError, DecryptDataKey};
use crate::failure::describe;
use crate::invocation::{PhaseDeadlines, TimeReserves};
use crate::quarantine::Quarantine;
use crate::record_format::RecordFormat;
use crate::retry::Deadline;
use crate::sinks::RecordSink;

/// Opens batches and passes on what is finished. Lives as long as the sandbox; its parts hold the warm state.
#[derive(Debug)]
pub struct BatchProcessor<K, S, Q> {
    /// Where data keys are had from.
    pub data_keys: K,
    /// Where opened records go.
    pub sink: S,
    /// Where records go that can never be read.
    pub quarantine: Q,
    /// What the stream's payloads are.
    pub format: Arc<RecordFormat>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How batches are processed.
    pub settings: BatchSettings,
}

/// How batches are processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// How data keys are resolved.
    pub resolve: ResolveSettings,
    /// What is kept back of an invocation's time.
    pub reserves: TimeReserves,
    /// The most threads that open records, the calling one included.
    pub opening_threads: NonZeroUsize,
}

impl Default for BatchSettings {
    /// The defaults of the parts, and a thread for each core.
    fn default() -> Self {
        Self {
            resolve: ResolveSettings::default(),
            reserves: TimeReserves::default(),
            opening_threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Why a batch has no checkpoint of its own: the invocation fails, and the whole batch comes again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The event is not a batch of one shard.
    #[error("the event is not a batch of one shard's records")]
    Event(#[from] EventError),
    /// A thread that opened records panicked: a mistake in this program. Its message is not repeated here, for it might
    /// show content.
    #[error("opening the batch's records panicked")]
    OpeningPanicked,
}

impl<K: DecryptDataKey, S: RecordSink, Q: Quarantine> BatchProcessor<K, S, Q> {
    /// Processes `batch` and answers before `invocation`'s deadline, whatever hangs.
    ///
    /// What the report's checkpoint does not bring back is delivered or in quarantine. What it brings back was not delivered,
    /// but for what the sink took although it failed: the first part of a unit, or records that were under way beside
    /// the one that it did not take. With a sink that hung, what it took is not known.
    ///
    /// # Errors
    /// [`BatchError::OpeningPanicked`]; nothing was passed on then.
    pub async fn process(&self, batch: ShardBatch, invocation: Deadline) -> Result<BatchReport, BatchError> {
        let Some(origin) = batch.origin else { return Ok(BatchReport::default()) };
        let records: Arc<[_]> = batch.records.into();
        let deadlines = PhaseDeadlines::new(invocation, self.settings.reserves, self.clock.now());
        let mut stopwatch = Stopwatch::start(&*self.clock);
        let mut durations = PhaseDurations::default();

        let plan = BatchPlan::new(&records, &self.format);
        let distinct_data_keys = plan.data_keys.len();
        durations.reading = stopwatch.lap();

        let resolved =
            resolve(&plan.data_keys, &self.data_keys, self.settings.resolve, deadlines.data_keys, &*self.clock).await;
        durations.data_keys = stopwatch.lap();

        let end = resolved.blocked.as_ref().map_or(records.len(), |blocked| blocked.at);
        let opening = Opening {
            records: Arc::clone(&records),
            end,
            plan,
            data_keys: resolved.outcomes,
            format: Arc::clone(&self.format),
        };
        let finished = self.open(opening, deadlines).await?;
        durations.opening = stopwatch.lap();

        let (end, stopped_by) = if finished.len() < end {
            (unit_start(&records, finished.len()), Some(DataKeyError::DeadlinePassed))
        } else {
            (end, resolved.blocked.map(|blocked| blocked.error))
        };
        let finishing = Finishing {
            sink: &self.sink,
            quarantine: &self.quarantine,
            origin: &origin,
            records: &records,
            deadlines,
            clock: &*self.clock,
        };
        let Progress { delivered, quarantined, checkpoint } = finishing.pass_on(finished, end).await;
        durations.finishing = stopwatch.lap();

        let checkpoint = checkpoint.or_else(|| {
            let error = stopped_by?;
            Checkpoint::new(&records, end, error.class(), describe(&error))
        });
        Ok(BatchReport { received: records.len(), delivered, quarantined, distinct_data_keys, checkpoint, durations })
    }

    /// Opens off the async runtime's threads.
    async fn open(&self, opening: Opening, deadlines: PhaseDeadlines) -> Result<Vec<Finished>, BatchError> {
        let threads = self.settings.opening_threads;
        let deadline = deadlines.half_way_to_delivery(self.clock.now());
        let clock = Arc::clone(&self.clock);
        let opened = tokio::task::spawn_blocking(move || opening.run(threads, deadline, &*clock));
        match tokio::time::timeout_at(deadlines.delivery.instant(), opened).await {
            Ok(finished) => finished.map_err(|_panic| BatchError::OpeningPanicked),
            // One record alone took longer than the deadline: none is known to be open.
            Err(_elapsed) => Ok(Vec::new()),
        }
    }
}

/// Takes the times of parts that follow each other.
struct Stopwatch<'a> {
    clock: &'a dyn Clock,
    started: Instant,
}

impl<'a> Stopwatch<'a> {
    fn start(clock: &'a dyn Clock) -> Self {
        Self { clock, started: clock.now().monotonic }
    }

    /// The time since the start or the lap before.
    fn lap(&mut self) -> std::time::Duration {
        let now = self.clock.now().monotonic;
        now.saturating_duration_since(std::mem::replace(&mut self.started, now))
    }
}
