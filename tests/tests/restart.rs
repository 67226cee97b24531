//! Sandboxes of the built `stream-decryptor` come, stay warm, work side by side and are killed: nothing is lost, order is kept.
#![cfg(test)]

mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use local_stack::binaries;
use local_stack::event_source_mapping::{BatchResult, EventSourceMapping, MappingReport, MappingSettings};
use local_stack::kms::{EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, Kill, OutputLine};
use local_stack::sealing::Sealer;
use local_stack::stream::{InMemoryStream, StreamRecord};
use serde_json::Value;
use warmkeys::clock::{Clock, SystemClock};

/// How long each KMS call takes where an invocation has to last.
const KMS_LATENCY: Duration = Duration::from_millis(40);

/// How long a stream may take to flow through, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many records a stream has, each under a data key of its own.
const RECORDS: usize = 8;

async fn slow_kms() -> EmbeddedKms {
    EmbeddedKms::start(KmsSettings { latency: KMS_LATENCY, ..KmsSettings::unlimited() }).await.unwrap()
}

/// Lets all of a stream's records flow through the function.
async fn flow(
    stream: InMemoryStream,
    records: usize,
    settings: FunctionSettings,
    mapping: MappingSettings,
) -> (MappingReport, Vec<OutputLine>) {
    let (function, output) = Function::new(settings);
    let function = Arc::new(function);
    let mapping = EventSourceMapping::start(Arc::new(stream), Arc::clone(&function), mapping, Arc::new(SystemClock));
    let settled = tokio::time::timeout(PATIENCE, mapping.settled(records as u64)).await;
    let report = mapping.stop().await;
    Arc::into_inner(function).unwrap().shut_down().await;
    let lines = output.collect().await;
    assert!(settled.is_ok(), "{report:?}\n{lines:?}");
    (report, lines)
}

/// Every record was delivered, and each for the first time in the order of the shard.
fn assert_nothing_lost_and_in_order(delivered: &[String], records: &[StreamRecord]) {
    let mut firsts: Vec<&String> = Vec::new();
    for number in delivered {
        if !firsts.contains(&number) {
            firsts.push(number);
        }
    }
    assert_eq!(firsts, support::numbers(records).iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_sandbox_killed_at_any_point_of_a_batch_loses_nothing() {
    let mut killed = 0;
    // One call after the other takes 8 times the latency, so that the points lie before, between and behind them.
    for step in 0..12 {
        let kms = slow_kms().await;
        let stream = support::stream_of(&kms, RECORDS).await;
        let records = support::records(&stream);
        let kill = Kill { from_invocation: 1, after: KMS_LATENCY * step };
        let settings = support::settings(&kms).with_environment([("KMS_MAX_CONCURRENCY", "1")]).with_kill(kill);
        let batches = MappingSettings { batch_size: NonZeroUsize::new(4).unwrap(), ..MappingSettings::default() };
        let (report, lines) = flow(stream, RECORDS, settings, batches).await;
        assert_nothing_lost_and_in_order(&support::delivered(&lines), &records);
        assert_eq!((report.records_finished, report.records_discarded), (RECORDS as u64, 0));
        assert!(report.violations.is_empty(), "{:?}", report.violations);
        assert!(report.cold_starts <= 1 + report.function_errors, "{report:?}");
        killed += report.function_errors;
    }
    assert!(killed >= 4, "only {killed} sandboxes were killed in mid-invocation");
}

#[tokio::test]
async fn a_sandbox_killed_while_it_delivers_leaves_duplicates_and_no_gap() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    // More than a pipe holds, so that the delivery stands still until somebody reads.
    let sealer = Sealer::new(&kms, 1).await.unwrap();
    let stream = InMemoryStream::new("orders", 1);
    for number in 0..400 {
        let plaintext = format!("{number:01000}");
        stream.put("customer", None, sealer.seal(plaintext.as_bytes(), 0).unwrap(), SystemClock.now().wall);
    }
    let records = support::records(&stream);
    let pipes = NamedPipes::new();
    let mut settings = support::settings(&kms).with_environment(pipes.environment());
    settings.binary = pipes.wrapper.clone();
    let settings = settings.with_kill(Kill { from_invocation: 1, after: Duration::from_secs(2) });

    let outputs = pipes.read();
    let batches = MappingSettings { batch_size: NonZeroUsize::new(400).unwrap(), ..MappingSettings::default() };
    let (report, _) = flow(stream, records.len(), settings, batches).await;
    assert_eq!((report.function_errors, report.cold_starts, report.invocations), (1, 2, 2));
    let [first, second] = outputs.recv_timeout(PATIENCE).unwrap();

    // The killed sandbox's lines are a part of the records from the first on, the last line perhaps cut; the next one's are all.
    let all = support::numbers(&records);
    let before_the_kill = sequence_numbers(&first);
    assert!(!before_the_kill.is_empty() && before_the_kill.len() < all.len(), "{}", before_the_kill.len());
    assert!(all.starts_with(&before_the_kill));
    assert_eq!(sequence_numbers(&second), all);
}

#[tokio::test]
async fn a_warm_sandbox_asks_kms_for_nothing_that_it_knows() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = support::stream_of(&kms, RECORDS).await;
    let records = support::records(&stream);
    let (function, _) = Function::new(support::settings(&kms));
    for (cold_start, calls) in [(true, RECORDS), (false, RECORDS), (false, RECORDS)] {
        let invocation = function.invoke(support::event(&stream, &records)).await;
        assert_eq!(support::result(&invocation, &records), BatchResult::Succeeded);
        assert_eq!(invocation.is_cold_start(), cold_start);
        assert_eq!(kms.calls().of(Operation::Decrypt).calls, calls as u64);
    }
}

#[tokio::test]
async fn two_sandboxes_side_by_side_keep_each_shards_order_and_fetch_each_data_key_once_each() {
    const DATA_KEYS: usize = 3;
    const RECORDS_PER_SHARD: usize = 30;
    let kms = slow_kms().await;
    let sealer = Sealer::new(&kms, DATA_KEYS).await.unwrap();
    let stream = InMemoryStream::new("orders", 2);
    for number in 0..RECORDS_PER_SHARD {
        for hash_key in [0, u128::MAX] {
            let data = sealer.seal(format!("order {number}").as_bytes(), number % DATA_KEYS).unwrap();
            stream.put("customer", Some(hash_key), data, SystemClock.now().wall);
        }
    }
    let shards = stream.shards();
    let by_shard = [0, 1].map(|shard: usize| stream.read(&shards[shard].id, 0, usize::MAX).unwrap());
    let batches = MappingSettings { batch_size: NonZeroUsize::new(10).unwrap(), ..MappingSettings::default() };
    let (report, lines) = flow(stream, 2 * RECORDS_PER_SHARD, support::settings(&kms), batches).await;
    assert_eq!((report.cold_starts, report.function_errors, report.checkpoints), (2, 0, 0));
    let delivered = support::delivered(&lines);
    for records in &by_shard {
        let numbers = support::numbers(records);
        let of_shard: Vec<_> = delivered.iter().filter(|number| numbers.contains(number)).cloned().collect();
        assert_eq!(of_shard, numbers);
    }
    let calls = kms.calls().of(Operation::Decrypt).calls;
    assert!((DATA_KEYS..=2 * DATA_KEYS).contains(&usize::try_from(calls).unwrap()), "{calls} calls");
}

/// The sequence numbers of the lines that are whole.
fn sequence_numbers(output: &str) -> Vec<String> {
    let number = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?["sequenceNumber"].as_str()?.to_owned());
    output.lines().filter_map(number).collect()
}

/// Named pipes as the standard outputs of the first two sandboxes. Unlike a file, a pipe makes its writer wait for a reader.
struct NamedPipes {
    directory: PathBuf,
    /// Starts `stream-decryptor` with its standard output in the sandbox's pipe.
    wrapper: PathBuf,
}

impl NamedPipes {
    /// The names by which the sandboxes know themselves, and their pipes.
    const NAMES: [&str; 2] = ["sandbox-1", "sandbox-2"];

    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("warmkeys-restart-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        for name in Self::NAMES {
            assert!(Command::new("mkfifo").arg(directory.join(name)).status().unwrap().success());
        }
        let wrapper = directory.join("wrapper");
        let script = "#!/bin/sh\nexec \"$WRAPPED_BINARY\" >\"$PIPES/$AWS_LAMBDA_LOG_STREAM_NAME\"\n";
        std::fs::write(&wrapper, script).unwrap();
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory, wrapper }
    }

    fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("WRAPPED_BINARY", binaries::stream_decryptor().unwrap()), ("PIPES", self.directory.clone())]
    }

    /// Reads what the two sandboxes write: of the first no more than a line until the second has taken its place.
    fn read(&self) -> mpsc::Receiver<[String; 2]> {
        let (sender, receiver) = mpsc::channel();
        let paths = Self::NAMES.map(|name| self.directory.join(name));
        std::thread::spawn(move || {
            let [mut first, mut second] = [String::new(), String::new()];
            // Opening waits for the writer, and a small buffer keeps the reader from reading ahead.
            let mut killed = BufReader::with_capacity(1_024, File::open(&paths[0]).unwrap());
            killed.read_line(&mut first).unwrap();
            let mut whole = File::open(&paths[1]).unwrap();
            killed.read_to_string(&mut first).unwrap();
            whole.read_to_string(&mut second).unwrap();
            sender.send([first, second]).unwrap();
        });
        receiver
    }
}

impl Drop for NamedPipes {
    fn drop(&mut self) {
        // A directory that stays behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
