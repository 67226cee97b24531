//! One run: the event source mapping, freezes, killed invocations and cold starts.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;
use warmkeys::clock::Clock;
use warmkeys::lambda::runtime_api::Invocation;
use warmkeys::testing::ManualClock;

use super::lanes::{Next, SourceLanes};
use super::model::Model;
use super::network::Network;
use super::sandbox::Sandbox;
use super::scenario::Scenario;
use super::services::Services;
use super::shard::ShardRecords;
use super::weather::Weather;
use crate::event_source_mapping::{Batch, BatchResult, kinesis_event, read_batch_response};
use crate::kms::{KmsService, KmsSettings};
use crate::stream::StreamRecord;

/// What came of one seed.
#[derive(Debug)]
pub struct Outcome {
    /// What the function did that it must not do. Empty if nothing.
    pub violations: Vec<String>,
    /// What happened, in order.
    pub trace: Vec<String>,
    /// What there was, in words.
    pub summary: String,
}

/// Runs `seed`, on a runtime of its own whose time is simulated.
///
/// # Panics
/// If the runtime cannot be made, or the services meet a request that they cannot read.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let outcome = runtime.block_on(async { Chaos::begin(seed).await.until_the_end().await });
    runtime.shutdown_background();
    outcome
}

pub(super) struct Chaos {
    pub(super) rng: fastrand::Rng,
    pub(super) scenario: Scenario,
    records: ShardRecords,
    pub(super) network: Arc<Network>,
    pub(super) true_time: Arc<ManualClock>,
    lanes: SourceLanes,
    pub(super) sandboxes: Vec<Sandbox>,
    /// The place of the sandbox whose turn it is.
    pub(super) current: usize,
    invocations: u32,
    killed: u32,
    pub(super) cold_starts: u32,
}

/// After so many invocations all is calm.
const TROUBLED_INVOCATIONS: u32 = 60;

/// In calm the function must have ended before so many.
const PATIENCE: u32 = 2_000;

impl Chaos {
    async fn begin(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let scenario = Scenario::draw(&mut rng);
        let true_time = Arc::new(ManualClock::new());
        let services = Services::new(&scenario, &true_time);
        // The producers got their data keys another day, when no quota stood in their way.
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&true_time);
        let kms = KmsService::new(&KmsSettings::unlimited(), clock);
        let records = ShardRecords::make(&mut rng, &scenario, &kms).await;
        let model = Model::new(scenario.rules, records.clone());
        let network = Network::new(services, model, Weather::new(rng.fork()));
        network.state().model.note(&format!("seed {seed}: {scenario:?}"));
        let start = |number| Sandbox::start(number, &scenario, &network, &true_time, &mut rng);
        let sandboxes = (0..scenario.sandboxes).map(start).collect();
        let lanes = SourceLanes::new(&records, &scenario.mapping);
        Self {
            rng,
            scenario,
            records,
            network,
            true_time,
            lanes,
            sandboxes,
            current: 0,
            invocations: 0,
            killed: 0,
            cold_starts: 0,
        }
    }

    async fn until_the_end(mut self) -> Outcome {
        while !self.network.state().model.is_violated() {
            if self.is_calm() {
                self.network.state().weather.calm_down();
            } else if self.invocations == 0 || self.rng.u8(0..4) == 0 {
                self.network.state().weather.change();
            }
            self.put_some();
            let now = self.true_time.now().wall;
            let first_lane = self.rng.usize(0..self.records.lanes.len());
            match self.lanes.next(first_lane, now) {
                None => self.network.state().model.violated("the mapping gave records up".to_owned()),
                Some(Next::Invoke(lane, batch)) => {
                    self.current = self.rng.usize(0..self.sandboxes.len());
                    self.invoke(lane, batch).await;
                }
                Some(Next::WaitUntil(at)) => tokio::time::sleep(at.duration_since(now).unwrap_or_default()).await,
                Some(Next::Idle) => tokio::time::sleep(Duration::from_millis(self.rng.u64(1..=5_000))).await,
                Some(Next::End) => break,
            }
            if self.invocations > TROUBLED_INVOCATIONS + PATIENCE {
                self.network.state().model.violated("the shard does not get on, and all is calm".to_owned());
            }
            if !self.is_calm() {
                self.between_invocations().await;
            }
        }
        let mut state = self.network.state();
        if !state.model.is_violated() {
            state.model.ended();
        }
        let summary = format!(
            "{:?}, {:?}, {} records in {}, {} lanes, {} sandboxes, {} invocations ({} killed, {} cold starts), {} KMS calls, {} faults",
            self.scenario.rules.sink,
            self.scenario.format,
            self.records.user_records.len(),
            self.records.stored.len(),
            self.records.lanes.len(),
            self.scenario.sandboxes,
            self.invocations,
            self.killed,
            self.cold_starts,
            state.model.kms_calls,
            state.model.faults,
        );
        let (violations, trace) = state.model.take_findings();
        Outcome { violations, trace, summary }
    }

    /// The sandbox whose turn it is.
    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.sandboxes[self.current]
    }

    fn is_calm(&self) -> bool {
        self.invocations >= TROUBLED_INVOCATIONS
    }

    /// Producers put a few more records.
    fn put_some(&mut self) {
        let (is_calm, all) = (self.is_calm(), self.records.stored.len());
        self.lanes.put_some(&self.records, || if is_calm { all } else { self.rng.usize(0..=15) });
    }

    async fn invoke(&mut self, lane: usize, batch: Batch) {
        self.invocations += 1;
        let first = self.records.stored_at(&batch.records[0].sequence_number);
        let batch_range = self.records.start(first)..self.records.start(first + batch.records.len());
        let function_timeout = self.scenario.function_timeout;
        let deadline = self.true_time.now().wall + function_timeout;
        let invocation = Invocation {
            request_id: self.invocations.to_string(),
            deadline_epoch_millis: millis(deadline),
            event: kinesis_event(STREAM_ARN, &self.records.lanes[lane].shard, &batch.records),
        };
        {
            let mut state = self.network.state();
            state.model.invocation_begins(self.sandbox().number, self.sandbox().clock.now());
            let stored = batch.records.len();
            state.model.note(&format!(
                "invocation {} in sandbox {}: {stored} Kinesis records of lane {lane}, records {batch_range:?}",
                self.invocations,
                self.sandbox().number
            ));
        }
        let is_troubled = !self.is_calm();
        let killed_after = (is_troubled && self.rng.u8(0..10) == 0)
            .then(|| self.rng.u64(1..=millis_of(function_timeout.min(Duration::from_secs(3)))));
        let step = (is_troubled && self.rng.u8(0..6) == 0)
            .then(|| (Duration::from_millis(self.rng.u64(1..2_000)), self.rng.bool(), self.rng.u64(1..400)));
        // Not at once: time stands still while worker threads open records, and what comes first then is not determined.
        let splits_after = (is_troubled && self.rng.u8(0..10) == 0).then(|| self.rng.u64(1..200_000));
        let began = self.true_time.now().monotonic;
        // Lambda's own patience, and a little to find out that an answer is late.
        let patience = killed_after.map_or(function_timeout + Duration::from_secs(60), Duration::from_millis);
        let answer = {
            let handling = timeout(patience, self.sandbox().invoke(invocation));
            let disturbing = async {
                if let Some(microseconds) = splits_after {
                    tokio::time::sleep(Duration::from_micros(microseconds)).await;
                    self.split_the_sink();
                }
                if let Some((at, forward, seconds)) = step {
                    tokio::time::sleep(at).await;
                    self.step_the_clock(forward, Duration::from_secs(seconds));
                }
                std::future::pending::<()>().await;
            };
            tokio::select! { biased;
                answer = handling => answer,
                () = disturbing => unreachable!("it is pending for ever"),
            }
        };
        let took = self.true_time.now().monotonic.saturating_duration_since(began);
        let now = self.true_time.now().wall;
        let result = match answer {
            Err(_) if killed_after.is_some() => {
                self.network.state().model.note("the invocation is killed");
                self.killed += 1;
                self.cold_start();
                BatchResult::Failed
            }
            Err(_) => {
                self.network.state().model.violated("the invocation never ended".to_owned());
                BatchResult::Failed
            }
            Ok(Err(error)) => {
                self.network.state().model.violated(format!("the invocation failed: {error}"));
                BatchResult::Failed
            }
            Ok(Ok(answer)) => self.judge(&batch.records, first, batch_range, &answer, took),
        };
        self.lanes.settle(lane, batch, result, now);
    }

    fn judge(
        &self,
        batch: &[StreamRecord],
        first: usize,
        batch_range: std::ops::Range<usize>,
        answer: &[u8],
        took: Duration,
    ) -> BatchResult {
        let mut state = self.network.state();
        let (result, violation) = read_batch_response(answer, batch);
        let mut line = format!("answered after {:.3} s: ", took.as_secs_f64());
        let checkpoint = match result {
            BatchResult::Succeeded => batch_range.end,
            BatchResult::FailedFrom(position) => self.records.start(first + position),
            BatchResult::Failed => batch_range.start,
        };
        let _ = write!(line, "{result:?}, checkpoint at record {checkpoint}");
        state.model.note(&line);
        if let Some(violation) = violation {
            state.model.violated(violation.to_string());
        }
        if took >= self.scenario.function_timeout {
            state.model.violated(format!(
                "the answer came after {took:?}, and Lambda waits {:?}",
                self.scenario.function_timeout
            ));
        }
        state.model.answered(batch_range, checkpoint);
        result
    }
}

/// The stream that the records come from.
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/encrypted";

fn millis(time: SystemTime) -> u64 {
    millis_of(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn millis_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What worker threads and services do at one moment comes in any order.
    #[test]
    fn a_seed_always_takes_the_same_course_but_for_the_order_within_a_moment() {
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        for seed in 1..=5 {
            assert_eq!(sorted(run(seed).trace), sorted(run(seed).trace), "seed {seed}");
        }
    }

    #[test]
    fn the_function_keeps_its_promises() {
        for seed in 1..=10 {
            assert_eq!(run(seed).violations, Vec::<String>::new(), "seed {seed}");
        }
    }
}
