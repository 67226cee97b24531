//! Shows the main job, from producer to consumer: see [`CommandLine`], which `cargo demo --help` prints.

mod function;
mod ledger;
mod options;
mod poison;
mod producer;
mod producing;
mod progress;
mod summary;
mod workload;

use std::error::Error;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use local_stack::binaries::{self, Progress};
use local_stack::command_line::finish;
use local_stack::event_source_mapping::{EventSourceMapping, MappingReport, MappingSettings};
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings, ShardLimits};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, OutputLine, OutputLines};
use local_stack::stream::InMemoryStream;
use warmkeys::clock::{Clock, SystemClock};

use crate::ledger::Ledger;
use crate::options::{CommandLine, Options};
use crate::poison::PoisonSealer;
use crate::producer::Producer;
use crate::progress::ProgressDisplay;
use crate::summary::Summary;

/// The time that the embedded services take for each answer: about what the real ones take within a Region.
const LATENCY: Duration = Duration::from_millis(5);

/// What a shard takes in a second: a fraction of the service's 1,000, as the demo's records are a fraction of a real load.
const SHARD_RECORDS_PER_SECOND: NonZeroU32 = NonZeroU32::new(150).unwrap();

/// How long the records may take to flow through before the demo gives up: a function that makes no progress is a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// After so many failed invocations without a single record finished, the function is taken not to work at all.
const HOPELESS_FUNCTION_ERRORS: u64 = 20;

/// How much of a function's log is shown if the demo fails.
const LOG_LINES_SHOWN: usize = 10;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(CommandLine::parse().into()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let binaries = binaries::build(Progress::Shown)?;
    let encryptor = binaries.get("record-encryptor").ok_or("the workspace has no binary record-encryptor")?;
    let decryptor = binaries.get("stream-decryptor").ok_or("the workspace has no binary stream-decryptor")?;

    let kms = EmbeddedKms::start(KmsSettings { latency: LATENCY, ..KmsSettings::unlimited() }).await?;
    let poison = PoisonSealer::start(&kms).await?;
    let generated_for_poison = kms.calls().of(Operation::GenerateDataKey).calls;
    kms.set_requests_per_second(Some(options.kms_requests_per_second));

    let stream = Arc::new(InMemoryStream::new("orders", options.shards.get()));
    let shard_limits = ShardLimits { records_per_second: SHARD_RECORDS_PER_SECOND, ..ShardLimits::SERVICE };
    let settings = KinesisSettings { latency: LATENCY, shard_limits: Some(shard_limits), ..KinesisSettings::default() };
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), settings).await?;
    let (producer, encryptor_log) = Producer::new(function::encryptor(encryptor, &kms, &kinesis, stream.arn()));

    let started = SystemClock.now().monotonic;
    let mut ledger = Ledger::default();
    let plan = workload::plan(&options);
    let producing = producing::produce(&plan, &producer, &poison, &stream, &mut ledger);
    let (function, output) = Function::new(function::decryptor(decryptor, &kms));
    let consuming = consume(&options, &kms, Arc::clone(&stream), function, output);
    let both = tokio::try_join!(producing, async { Ok(consuming.await) });
    let duration = SystemClock.now().monotonic.saturating_duration_since(started);
    producer.shut_down().await;
    let encryptor_log = encryptor_log.collect().await;
    let (mapping, lines) = match both {
        Ok(((), consumed)) => consumed,
        Err(error) => {
            show_log("record-encryptor", encryptor_log.iter().map(|line| line.text.as_str()))?;
            return Err(error);
        }
    };
    lines.iter().for_each(|line| ledger.observe(line));

    let mut generated = kms.calls().of(Operation::GenerateDataKey);
    generated.calls -= generated_for_poison;
    let summary = Summary {
        options: &options,
        tally: ledger.tally(),
        mapping: &mapping,
        generated,
        decrypted: kms.calls().of(Operation::Decrypt),
        entries: kinesis.calls().entries,
        duration,
    };
    summary.print()?;
    if summary.is_success() {
        return Ok(ExitCode::SUCCESS);
    }
    show_log("stream-decryptor", ledger.last_log_lines())?;
    Ok(ExitCode::FAILURE)
}

fn show_log<'a>(function: &str, lines: impl Iterator<Item = &'a str>) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    writeln!(errors, "the last lines of the log of {function}:")?;
    let lines: Vec<_> = lines.collect();
    let first = lines.len().saturating_sub(LOG_LINES_SHOWN);
    lines.iter().skip(first).try_for_each(|line| writeln!(errors, "{line}"))
}

/// Lets the records flow until all are done with, and tells what the mapping did and what the function wrote.
async fn consume(
    options: &Options,
    kms: &EmbeddedKms,
    stream: Arc<InMemoryStream>,
    function: Function,
    output: OutputLines,
) -> (MappingReport, Vec<OutputLine>) {
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
    (report, output.collect().await)
}
