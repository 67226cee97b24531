//! How far a batch is from the cryptographic limit, and whether a second core helps.
//!
//! Prints `RATIO handler-6mb-event <limit's time / handler's time>`, both on one core, and `RATIO open-two-cores <one thread's
//! time / two threads' time>`; then, for reading, the same with every core and where the time goes.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a benchmark")]

mod messages;
mod warm;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use warmkeys::batch::{BatchProcessor, BatchReport, BatchSettings, ShardBatch, SuspiciousBatches};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::decryptor::{Decryptor, DecryptorSettings};
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

/// The limit's time, and the handler's with one thread, two, and one for each core.
type Round = ((Duration, ()), Handled, Handled, Handled);
type Handled = (Duration, BatchReport);
type Processor = BatchProcessor<WarmDataKeys, NullSink, UnusedQuarantine>;

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
    // In turn, so that what else the machine does in one second does not fall on one side alone.
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (at_the_limit(), handle(&one), handle(&two), handle(&all))).collect();
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

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = SystemClock.now().monotonic;
    let result = work();
    (SystemClock.now().monotonic - started, result)
}

fn ratio(baseline: Duration, measured: Duration) -> f64 {
    baseline.as_secs_f64() / measured.as_secs_f64()
}
