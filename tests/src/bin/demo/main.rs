//! Shows the main job, from producer to consumer, as a race: see [`CommandLine`], which `cargo demo --help` prints.

mod consumer;
mod function;
mod ledger;
mod options;
mod picture;
mod poison;
mod producer;
mod producing;
mod progress;
mod race;
mod standing;
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
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings, ShardLimits};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::stream::InMemoryStream;
use warmkeys::clock::{Clock, SystemClock};

use crate::consumer::{Consumed, Consumer};
use crate::ledger::{Ledger, Tally};
use crate::options::{CommandLine, Options};
use crate::picture::Picture;
use crate::poison::PoisonSealer;
use crate::producer::Producer;
use crate::race::Race;
use crate::standing::{Moment, Sides, Standing};
use crate::summary::Summary;

/// The time that the embedded services take for each answer: about what the real ones take within a Region.
const LATENCY: Duration = Duration::from_millis(5);

/// What a shard takes in a second: a fraction of the service's 1,000, as the demo's records are a fraction of a real load.
const SHARD_RECORDS_PER_SECOND: NonZeroU32 = NonZeroU32::new(150).unwrap();

/// How much of a function's log is shown if the demo fails.
const LOG_LINES_SHOWN: usize = 10;

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(CommandLine::parse().into()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let binaries = binaries::build(Progress::Shown)?;
    let binary = |name: &str| binaries.get(name).ok_or_else(|| format!("the workspace has no binary {name}"));
    let (encryptor, decryptor) = (binary("record-encryptor")?, binary("stream-decryptor")?);
    let call_per_record = binary("call-per-record")?;

    // One for each consumer, with the same keys, so that neither takes the other's quota.
    let kms = EmbeddedKms::start(KmsSettings { latency: LATENCY, ..KmsSettings::unlimited() }).await?;
    let poison = PoisonSealer::start(&kms).await?;
    let generated_for_poison = kms.calls().of(Operation::GenerateDataKey).calls;
    kms.set_requests_per_second(Some(options.quota));
    let settings = KmsSettings { latency: LATENCY, ..KmsSettings::unlimited() }.with_quota(options.quota);
    let kms_of_call_per_record = EmbeddedKms::start(settings).await?;

    let stream = Arc::new(InMemoryStream::new("orders", options.shards.get()));
    let shard_limits = ShardLimits { records_per_second: SHARD_RECORDS_PER_SECOND, ..ShardLimits::SERVICE };
    let settings = KinesisSettings { latency: LATENCY, shard_limits: Some(shard_limits), ..KinesisSettings::default() };
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), settings).await?;
    let (producer, encryptor_log) = Producer::new(function::encryptor(encryptor, &kms, &kinesis, stream.arn()));

    let started = SystemClock.now().monotonic;
    let mut produced = Ledger::default();
    let plan = workload::plan(&options);
    let producing = producing::produce(&plan, &producer, &poison, &stream, &mut produced);
    let call_per_record = function::call_per_record(call_per_record, &kms_of_call_per_record);
    let consumers = Sides {
        call_per_record: Consumer::start(&stream, &kms_of_call_per_record, call_per_record),
        warmkeys: Consumer::start(&stream, &kms, function::decryptor(decryptor, &kms)),
    };
    let racing = race::run(&options, started, consumers);
    let both = tokio::try_join!(producing, async { Ok(racing.await) });
    producer.shut_down().await;
    let encryptor_log = encryptor_log.collect().await;
    let Race { mut moments, consumed } = match both {
        Ok(((), race)) => race,
        Err(error) => {
            show_log("record-encryptor", encryptor_log.iter().map(|line| line.text.as_str()))?;
            return Err(error);
        }
    };

    let mut ledgers = Sides { call_per_record: produced.clone(), warmkeys: produced };
    let tallies = Sides {
        call_per_record: account(&mut ledgers.call_per_record, &consumed.call_per_record),
        warmkeys: account(&mut ledgers.warmkeys, &consumed.warmkeys),
    };
    moments.extend(moments.last().map(|last| at_the_end(last, &tallies, &consumed)));
    let mut generated = kms.calls().of(Operation::GenerateDataKey);
    generated.calls -= generated_for_poison;
    let times = summary::times(&moments, plan.len());
    let entries = kinesis.calls().entries;
    let summary = Summary { options: &options, tallies, consumed: &consumed, times, generated, entries };
    summary.print()?;
    if let Some(path) = &options.picture {
        let (title, rows, saved) = (summary.title(), summary.result(), summary.saved());
        let picture = Picture { title: &title, records: plan.len(), moments: &moments, rows: &rows, saved: &saved };
        std::fs::write(path, picture.svg())?;
    }
    if summary.is_success() {
        return Ok(ExitCode::SUCCESS);
    }
    show_log("stream-decryptor", ledgers.warmkeys.last_log_lines())?;
    show_log("call-per-record", ledgers.call_per_record.last_log_lines())?;
    Ok(ExitCode::FAILURE)
}

/// Enters what a consumer wrote, and closes its account.
fn account(ledger: &mut Ledger, consumed: &Consumed) -> Tally {
    consumed.lines.iter().for_each(|line| ledger.observe(line));
    ledger.tally(&consumed.settled)
}

/// How both stand once everything that they wrote is known.
fn at_the_end(last: &Moment, tallies: &Sides<Tally>, consumed: &Sides<Consumed>) -> Moment {
    let standing = |tally: Tally, consumed: &Consumed| Standing {
        records: tally.finished(),
        calls: consumed.decrypted.calls,
        throttled: consumed.decrypted.throttled,
    };
    let standings = Sides {
        call_per_record: standing(tallies.call_per_record, &consumed.call_per_record),
        warmkeys: standing(tallies.warmkeys, &consumed.warmkeys),
    };
    Moment { standings, ..*last }
}

fn show_log<'a>(function: &str, lines: impl Iterator<Item = &'a str>) -> io::Result<()> {
    let mut errors = io::stderr().lock();
    writeln!(errors, "the last lines of the log of {function}:")?;
    let lines: Vec<_> = lines.collect();
    let first = lines.len().saturating_sub(LOG_LINES_SHOWN);
    lines.iter().skip(first).try_for_each(|line| writeln!(errors, "{line}"))
}
