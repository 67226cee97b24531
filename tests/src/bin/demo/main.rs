//! Shows the main job: thousands of sealed records through real sandboxes of `stream-decryptor`, with KMS throttled to a
//! few requests a second, poison in the stream and a sandbox lost on the way.
//!
//!     cargo demo [--short] [--records N] [--shards N] [--data-keys N] [--kms-requests-per-second N] [--seed N]
//!
//! Exits with 1 if a record was lost, changed, or delivered out of order.

mod function;
mod ledger;
mod options;
mod producer;
mod progress;
mod summary;
mod workload;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use local_stack::arguments::Arguments;
use local_stack::binaries::{self, Progress};
use local_stack::event_source_mapping::{EventSourceMapping, MappingReport, MappingSettings};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, OutputLines};
use local_stack::stream::InMemoryStream;
use warmkeys::clock::{Clock, SystemClock};

use crate::ledger::Ledger;
use crate::options::Options;
use crate::producer::Producer;
use crate::progress::ProgressDisplay;
use crate::summary::Summary;

/// The time that the embedded KMS takes for each answer: about what the service takes within a Region.
const KMS_LATENCY: Duration = Duration::from_millis(5);

/// How long the records may take to flow through before the demo gives up: a function that makes no progress is a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// After so many failed invocations without a single record finished, the function is taken not to work at all.
const HOPELESS_FUNCTION_ERRORS: u64 = 20;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::read(Arguments::parse(std::env::args().skip(1))?)?;
    let binaries = binaries::build(Progress::Shown)?;
    let binary = binaries.get("stream-decryptor").ok_or("the workspace has no binary stream-decryptor")?;

    let kms = EmbeddedKms::start(KmsSettings { latency: KMS_LATENCY, ..KmsSettings::unlimited() }).await?;
    let stream = InMemoryStream::new("orders", options.shards.get());
    let mut ledger = Ledger::default();
    seal_and_put(&options, &kms, &stream, &mut ledger).await?;

    kms.set_requests_per_second(Some(options.kms_requests_per_second));
    let (function, output) = Function::new(function::settings(binary, &kms));
    let started = SystemClock.now().monotonic;
    let mapping = run(&options, &kms, Arc::new(stream), function, output, &mut ledger).await;
    let duration = SystemClock.now().monotonic.saturating_duration_since(started);

    let calls = kms.calls().of(Operation::Decrypt);
    let summary = Summary { options: &options, tally: ledger.tally(), mapping: &mapping, calls, duration };
    summary.print()?;
    if summary.is_success() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut errors = std::io::stderr().lock();
    writeln!(errors, "the last lines of the function's log:")?;
    ledger.last_log_lines().try_for_each(|line| writeln!(errors, "{line}"))?;
    Ok(ExitCode::FAILURE)
}

/// Puts every record into the stream, and into the ledger what has to become of it.
async fn seal_and_put(
    options: &Options,
    kms: &EmbeddedKms,
    stream: &InMemoryStream,
    ledger: &mut Ledger,
) -> Result<(), Box<dyn Error>> {
    let producer = Producer::start(kms, options.data_keys.get()).await?;
    for (number, planned) in workload::plan(options).iter().enumerate() {
        let plaintext = workload::plaintext(number);
        let data = producer.seal(plaintext.as_bytes(), planned)?;
        let receipt = stream.put(&planned.partition_key, None, data.into(), SystemClock.now().wall);
        ledger.expect(&receipt, plaintext, planned.poison.is_some());
    }
    Ok(())
}

/// Lets the records flow until all are done with, and tells what the mapping did.
async fn run(
    options: &Options,
    kms: &EmbeddedKms,
    stream: Arc<InMemoryStream>,
    function: Function,
    mut output: OutputLines,
    ledger: &mut Ledger,
) -> MappingReport {
    let records = u64::from(options.records.get());
    let function = Arc::new(function);
    let mapping =
        EventSourceMapping::start(stream, Arc::clone(&function), MappingSettings::default(), Arc::new(SystemClock));
    let display = ProgressDisplay::new(records);
    let mut ticks = tokio::time::interval(TICK);
    {
        let settled = tokio::time::timeout(PATIENCE, mapping.settled(records));
        tokio::pin!(settled);
        loop {
            tokio::select! {
                _ = &mut settled => break,
                Some(line) = output.next() => ledger.observe(&line),
                _ = ticks.tick() => {
                    let report = mapping.report();
                    display.show(&report, kms.calls().of(Operation::Decrypt));
                    if report.records_finished == 0 && report.function_errors >= HOPELESS_FUNCTION_ERRORS {
                        break;
                    }
                }
            }
        }
    }
    display.show(&mapping.report(), kms.calls().of(Operation::Decrypt));
    display.finish();
    let report = mapping.stop().await;
    // The mapping is stopped, so nobody else holds the function.
    if let Some(function) = Arc::into_inner(function) {
        function.shut_down().await;
    }
    output.collect().await.iter().for_each(|line| ledger.observe(line));
    report
}
