//! How far a batch is from the cryptographic limit, and whether a second core helps.
//!
//! Prints `RATIO handler-6mb-event <limit's time / handler's time>`, both on one core, and `RATIO open-two-cores <one thread's
//! time / two threads' time>`; then, for reading, the same with every core, where the time goes, and what the metrics cost.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a benchmark")]

mod messages;
mod warm;

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use warmkeys::batch::{BatchProcessor, BatchReport, BatchSettings, ShardBatch, SuspiciousBatches};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::decryptor::{Decryptor, DecryptorSettings};
use warmkeys::lambda::runtime_api::Invocation;
use warmkeys::lambda::{FunctionMetrics, StreamFunction};
use warmkeys::metrics::Emitter;
use warmkeys::record_format::{EncryptionSdkFormat, RecordFormat};
use warmkeys::retry::Deadline;

use messages::{event_json, open_at_the_limit};
use warm::{NullSink, UnusedQuarantine, WarmDataKeys};

/// Lambda's limit for an event, in bytes.
const EVENT_BYTES: usize = 6_000_000;
/// A common size of a reading, in bytes.
const PLAINTEXT_BYTES: usize = 1_024;
/// Producers that seal at the same time, each with a data key of its own.
const DATA_KEYS: u8 = 8;
/// Of so many rounds the quickest counts: other work on the machine only ever adds time.
const ROUNDS: usize = 30;

/// The limit's time, the handler's with one thread, two, and one for each core, and the function's without and with metrics.
type Round = ((Duration, ()), Handled, Handled, Handled, Duration, Duration);
type Handled = (Duration, BatchReport);
type Processor = BatchProcessor<WarmDataKeys, NullSink, UnusedQuarantine>;
type Function = StreamFunction<WarmDataKeys, NullSink, UnusedQuarantine>;

fn main() {
    let (json, messages) = event_json(EVENT_BYTES, PLAINTEXT_BYTES, DATA_KEYS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().expect("a runtime");
    let all_cores = std::thread::available_parallelism().expect("a number of cores");
    let two = NonZeroUsize::new(2).expect("two");

    let at_the_limit = || timed(|| messages.iter().for_each(|message| drop(black_box(open_at_the_limit(message)))));
    let handle = |processor: &Processor| {
        let event = Bytes::from(json.clone());
        timed(|| runtime_handle(processor, event, &runtime))
    };
    let [one, two, all] = [NonZeroUsize::MIN, two, all_cores].map(processor);
    let [silent, measured] = [false, true].map(function);
    let answer = |function: &Function| {
        let event = Bytes::from(json.clone());
        let invocation = Invocation { request_id: "1".to_owned(), deadline_epoch_millis: 0, event };
        timed(|| runtime.block_on(function.handle(invocation)).expect("an answer")).0
    };
    // In turn, so that what else the machine does in one second does not fall on one side alone.
    let round = |_| (at_the_limit(), handle(&one), handle(&two), handle(&all), answer(&silent), answer(&measured));
    let rounds: Vec<Round> = (0..ROUNDS).map(round).collect();
    let limit = rounds.iter().map(|round| round.0.0).min().expect("rounds");
    let quickest = |of: fn(&Round) -> &Handled| {
        rounds.iter().map(of).min_by_key(|(duration, _)| *duration).expect("rounds").clone()
    };
    let [one_core, two_cores, every_core] =
        [quickest(|round| &round.1), quickest(|round| &round.2), quickest(|round| &round.3)];
    assert_eq!(one_core.1.delivered, messages.len());

    println!("{} records of {PLAINTEXT_BYTES} bytes in {} bytes of event", messages.len(), json.len());
    println!("limit, one core: {limit:?}");
    println!("RATIO handler-6mb-event {:.2}", ratio(limit, one_core.0));
    println!(
        "RATIO open-two-cores {:.2}",
        ratio(one_core.1.durations.decrypting.opening, two_cores.1.durations.decrypting.opening)
    );
    let [silent, measured] = [|round: &Round| round.4, |round: &Round| round.5]
        .map(|of: fn(&Round) -> Duration| rounds.iter().map(of).min().expect("rounds"));
    let added = (measured.as_secs_f64() / silent.as_secs_f64() - 1.0) * 100.0;
    println!("without metrics {silent:?}, with metrics {measured:?}: {added:+.2} %");
    println!("metrics alone: {:?} per invocation", metrics_alone(&runtime));
    println!("handler on {all_cores} cores against the limit on one: {:.2}", ratio(limit, every_core.0));
    for (cores, (total, report)) in [(NonZeroUsize::MIN, &one_core), (all_cores, &every_core)] {
        let durations = &report.durations;
        let event = total.saturating_sub(
            durations.decrypting.reading
                + durations.decrypting.data_keys
                + durations.decrypting.opening
                + durations.delivering,
        );
        println!(
            "{cores} cores: {total:?} = JSON, base64, validation {event:?} + headers {:?} + data keys {:?} + opening {:?} + delivery {:?}",
            durations.decrypting.reading,
            durations.decrypting.data_keys,
            durations.decrypting.opening,
            durations.delivering
        );
    }
}

/// From the event's bytes, which are the handler's alone, to the report.
fn runtime_handle(processor: &Processor, event: Bytes, runtime: &tokio::runtime::Runtime) -> BatchReport {
    let batch = ShardBatch::read(event).expect("a batch");
    let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60));
    runtime.block_on(processor.process(batch, deadline)).expect("a report")
}

fn processor(opening_threads: NonZeroUsize) -> Processor {
    BatchProcessor {
        decryptor: Decryptor {
            data_keys: WarmDataKeys::new(DATA_KEYS),
            format: Arc::new(RecordFormat::EncryptionSdk(EncryptionSdkFormat::default())),
            clock: Arc::new(SystemClock),
            settings: DecryptorSettings { opening_threads, ..DecryptorSettings::default() },
        },
        sink: NullSink,
        quarantine: UnusedQuarantine,
        suspicious_batches: SuspiciousBatches::default(),
        clock: Arc::new(SystemClock),
        settings: BatchSettings::default(),
    }
}

/// The function, one thread, whose metrics go where nobody reads them.
fn function(with_metrics: bool) -> Function {
    let written =
        || FunctionMetrics::written_by(Emitter::to(dev_null(), "INFO", Arc::new(SystemClock)), "bench".into());
    StreamFunction::new(processor(NonZeroUsize::MIN), Duration::from_secs(60)).with_metrics(with_metrics.then(written))
}

/// What metrics add to an invocation without records, where there is nothing else to do: an upper bound that other work does not blur.
fn metrics_alone(runtime: &tokio::runtime::Runtime) -> Duration {
    const INVOCATIONS: u32 = 10_000;
    let [silent, measured] = [false, true].map(function).map(|function| {
        timed(|| {
            for _ in 0..INVOCATIONS {
                let event = Bytes::from_static(b"{\"Records\":[]}");
                let invocation = Invocation { request_id: "1".to_owned(), deadline_epoch_millis: 0, event };
                runtime.block_on(function.handle(invocation)).expect("an answer");
            }
        })
        .0
    });
    measured.saturating_sub(silent) / INVOCATIONS
}

/// Takes each line with a system call, as a function's standard output does.
fn dev_null() -> File {
    OpenOptions::new().write(true).open("/dev/null").expect("/dev/null")
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = SystemClock.now().monotonic;
    let result = work();
    (SystemClock.now().monotonic - started, result)
}

fn ratio(baseline: Duration, measured: Duration) -> f64 {
    baseline.as_secs_f64() / measured.as_secs_f64()
}
