//! Measures a release-built `stream-decryptor`: its size, how fast it starts, and how much memory its largest events take.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use local_stack::command_line::finish;
use local_stack::event_source_mapping::{Batch, kinesis_event};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings};
use local_stack::sealing::Sealer;
use local_stack::stream::InMemoryStream;
use warmkeys::clock::{Clock, SystemClock};

/// The most that the binary may have, in bytes: Lambda loads it at every cold start.
const MAX_BINARY_LEN: u64 = 10_000_000;

/// The most that initialisation may take, from the start of the process until it asks for an event.
const MAX_INITIALISATION: Duration = Duration::from_millis(12);

/// How many starts the median is taken of.
const STARTS: usize = 20;

/// The most memory beside what an event takes, in bytes.
const MAX_OWN_MEMORY: u64 = 40_000_000;

/// The most memory that an event may take, as a multiple of its length: its text, its payloads, their plaintexts, and what is delivered.
const MAX_MEMORY_PER_EVENT_BYTE: u64 = 4;

/// A usual record in clear, in bytes.
const USUAL_RECORD_LEN: usize = 1_024;

/// The largest record whose event fits into an invocation, in bytes in clear: base64 makes it a third longer.
const LARGEST_RECORD_LEN: usize = 4_500_000;

/// Measures a release-built stream-decryptor: its size, how fast it starts, how much memory its largest events take.
///
/// Build it first: cargo build --release --package stream-decryptor
/// Exits with 1 if a limit is exceeded.
#[derive(Debug, Parser)]
#[command(name = "footprint", verbatim_doc_comment)]
struct Options {
    /// The function's binary [default: target/release/stream-decryptor of this checkout]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let binary = options.binary.unwrap_or_else(default_binary);
    let size = std::fs::metadata(&binary)
        .map_err(|error| format!("{}: {error}; give --binary, or build it first (see --help)", binary.display()))?
        .len();
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await?;

    let mut limits = vec![Measure::new("binary", size, MAX_BINARY_LEN, "bytes")];
    limits.push(initialisation(&binary, &kms).await?);
    for (name, event) in
        [("usual records", usual_records(&kms).await?), ("largest record", largest_record(&kms).await?)]
    {
        limits.push(peak_memory(name, &binary, &kms, event).await?);
    }
    let mut output = std::io::stdout().lock();
    for Measure { name, measured, limit, unit } in &limits {
        let verdict = if measured <= limit { "" } else { "  EXCEEDED" };
        writeln!(output, "{name:>32}  {measured:>11} of at most {limit:>11} {unit}{verdict}")?;
    }
    let is_within = limits.iter().all(|measure| measure.measured <= measure.limit);
    Ok(if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Something measured, and how much it may be.
struct Measure {
    name: String,
    measured: u64,
    limit: u64,
    unit: &'static str,
}

impl Measure {
    fn new(name: impl Into<String>, measured: u64, limit: u64, unit: &'static str) -> Self {
        Self { name: name.into(), measured, limit, unit }
    }
}

fn default_binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/stream-decryptor")
}

fn settings(binary: &Path, kms: &EmbeddedKms) -> FunctionSettings {
    FunctionSettings::new("stream-decryptor", binary).with_environment(kms.environment()).with_environment([
        ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN),
        ("SINK_ARN", "stdout"),
        ("QUARANTINE_ARN", "stderr"),
    ])
}

/// The median of several cold starts, in microseconds.
async fn initialisation(binary: &Path, kms: &EmbeddedKms) -> Result<Measure, Box<dyn Error>> {
    let mut durations = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let (function, _) = Function::new(settings(binary, kms));
        let invocation = function.invoke(r#"{"Records":[]}"#).await;
        invocation.response().ok_or_else(|| format!("an empty batch failed: {:?}", invocation.outcome))?;
        durations.extend(invocation.initialisation);
        function.shut_down().await;
    }
    durations.sort_unstable();
    let median = durations.get(durations.len() / 2).copied().ok_or("no cold start was measured")?;
    let [median, limit] = [median, MAX_INITIALISATION].map(|duration| duration.as_micros());
    let name = format!("initialisation, median of {STARTS}");
    Ok(Measure::new(name, u64::try_from(median)?, u64::try_from(limit)?, "microseconds"))
}

/// The most memory that the process had so far, after one invocation.
async fn peak_memory(name: &str, binary: &Path, kms: &EmbeddedKms, event: Bytes) -> Result<Measure, Box<dyn Error>> {
    let limit = MAX_OWN_MEMORY + MAX_MEMORY_PER_EVENT_BYTE * u64::try_from(event.len())?;
    let (function, _) = Function::new(settings(binary, kms));
    let name = format!("memory, {} MB of {name}", event.len() / 1_000_000);
    let invocation = function.invoke(event).await;
    let response = invocation.response().ok_or_else(|| format!("the event failed: {:?}", invocation.outcome))?;
    if !response.windows(b"[]".len()).any(|part| part == b"[]") {
        return Err("the event was not finished".into());
    }
    let process = function.warm_processes().pop().ok_or("the sandbox is gone")?;
    let measured = high_water_mark(&std::fs::read_to_string(format!("/proc/{process}/status"))?);
    function.shut_down().await;
    Ok(Measure::new(name, measured.ok_or("the system does not tell the memory's high-water mark")?, limit, "bytes"))
}

/// The high-water mark of the resident memory, in bytes, from `/proc/PID/status`.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// As many usual records as an event holds.
async fn usual_records(kms: &EmbeddedKms) -> Result<Bytes, Box<dyn Error>> {
    let sealer = Sealer::new(kms, 1).await?;
    let record = sealer.seal(&[b'r'; USUAL_RECORD_LEN], 0)?;
    let one = event_of([record.clone()])?.len();
    let count = Batch::MAX_EVENT_LEN / one;
    let mut records = Vec::with_capacity(count);
    for _ in 0..count {
        records.push(sealer.seal(&[b'r'; USUAL_RECORD_LEN], 0)?);
    }
    event_of(records)
}

/// One record that fills an event.
async fn largest_record(kms: &EmbeddedKms) -> Result<Bytes, Box<dyn Error>> {
    let sealer = Sealer::new(kms, 1).await?;
    event_of([sealer.seal(&vec![b'r'; LARGEST_RECORD_LEN], 0)?])
}

fn event_of(payloads: impl IntoIterator<Item = Bytes>) -> Result<Bytes, Box<dyn Error>> {
    let stream = InMemoryStream::new("orders", 1);
    for payload in payloads {
        stream.put("customer", None, payload, SystemClock.now().wall);
    }
    let shard = stream.shards().into_iter().next().ok_or("the stream has no shard")?;
    Ok(kinesis_event(stream.arn(), &shard.id, &stream.read(&shard.id, 0, usize::MAX)?))
}

#[cfg(test)]
mod tests {
    use super::high_water_mark;

    #[test]
    fn the_high_water_mark_is_told_in_kibibytes() {
        assert_eq!(high_water_mark("VmPeak:\t  9 kB\nVmHWM:\t    7388 kB\n"), Some(7_388 * 1_024));
        assert_eq!(high_water_mark("VmPeak:\t  9 kB\n"), None);
    }
}
