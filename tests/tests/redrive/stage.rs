//! What the tests of a redrive have in common: the services, a function that is wrongly configured or fixed, and the program.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use local_stack::binaries;
use local_stack::event_source_mapping::kinesis_event;
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings, InvokeApi, OutputLine, OutputLines, Source};
use local_stack::s3::EmbeddedS3;
use local_stack::sealing::Sealer;
use local_stack::sqs::EmbeddedSqs;
use local_stack::stream::{InMemoryStream, StreamRecord};
use serde_json::Value;
use tokio::process::{Child, Command};
use warmkeys::clock::{Clock, SystemClock};

pub(crate) const QUEUE: &str = "quarantine";
pub(crate) const FIFO_QUEUE: &str = "quarantine.fifo";
pub(crate) const BUCKET: &str = "failed-records";

/// A key that no record is under.
const WRONG_KEY: (&str, &str) =
    ("KMS_KEY_ARNS", "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-00000000dead");

/// How long a program may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Stage {
    pub(crate) kms: EmbeddedKms,
    pub(crate) sqs: EmbeddedSqs,
    pub(crate) s3: EmbeddedS3,
    pub(crate) stream: Arc<InMemoryStream>,
    kinesis: EmbeddedKinesis,
    state: PathBuf,
}

/// The function where the program finds it.
pub(crate) struct Served {
    api: InvokeApi,
    output: OutputLines,
}

/// The program, ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    /// A stream of `shards` with `records` each, all under data keys of their own.
    pub(crate) async fn new(shards: u32, records: usize, kms_latency: Duration) -> Self {
        static STAGES: AtomicU32 = AtomicU32::new(0);
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let state = std::env::temp_dir().join(format!("warmkeys-redrive-{}-{number}", std::process::id()));
        let kms = EmbeddedKms::start(KmsSettings { latency: kms_latency, ..KmsSettings::unlimited() }).await.unwrap();
        let stream = Arc::new(InMemoryStream::new("orders", shards));
        let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), KinesisSettings::unlimited()).await.unwrap();
        let sealer = Sealer::new(&kms, records).await.unwrap();
        for shard in stream.shards() {
            for number in 0..records {
                let data = sealer.seal(format!("order {number} {}", "x".repeat(600)).as_bytes(), number).unwrap();
                stream.put("customer", Some(shard.hash_keys.starting), data, SystemClock.now().wall);
            }
        }
        let sqs = EmbeddedSqs::start(&[QUEUE, FIFO_QUEUE, "on-failure"]).await.unwrap();
        Self { kms, sqs, s3: EmbeddedS3::start(&[BUCKET]).await.unwrap(), stream, kinesis, state }
    }

    /// The records, shard by shard.
    pub(crate) fn records(&self) -> Vec<Vec<StreamRecord>> {
        self.stream.shards().iter().map(|shard| self.stream.read(&shard.id, 0, usize::MAX).unwrap()).collect()
    }

    /// The sequence numbers of all records, in the order in which a redrive sends them.
    pub(crate) fn numbers(&self) -> Vec<String> {
        self.records().into_iter().flatten().map(|record| record.sequence_number.to_string()).collect()
    }

    /// The function, which has its quarantine in the queue or in the bucket.
    pub(crate) fn settings(&self, quarantine: &str) -> FunctionSettings {
        let arn = match quarantine {
            QUEUE | FIFO_QUEUE => self.sqs.arn(quarantine),
            bucket => format!("arn:aws:s3:::{bucket}"),
        };
        FunctionSettings::new("stream-decryptor", binaries::stream_decryptor().unwrap())
            .with_environment(self.kms.environment())
            .with_environment([("SINK_ARN", "stdout"), ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN)])
            .with_environment([self.sqs.environment(), self.s3.environment()])
            .with_environment([("QUARANTINE_ARN", arn.as_str()), ("SUSPICIOUS_BATCH_HOLD_SECONDS", "0")])
    }

    /// Lets a function with a wrong key put the whole stream into quarantine, in parts that are not in shard order.
    pub(crate) async fn quarantine_all(&self, quarantine: &str) {
        self.quarantine_all_with(quarantine, 3, &[]).await;
    }

    /// The same, in parts of so many records, and with further variables of the function.
    pub(crate) async fn quarantine_all_with(&self, quarantine: &str, part: usize, variables: &[(&str, &str)]) {
        let settings = self.settings(quarantine).with_environment([WRONG_KEY]);
        let (function, _output) = Function::new(settings.with_environment(variables.iter().copied()));
        for (shard, records) in self.stream.shards().iter().zip(self.records()) {
            for part in records.chunks(part).rev() {
                let invocation = function.invoke(kinesis_event(self.stream.arn(), &shard.id, part)).await;
                assert!(invocation.response().is_some(), "{invocation:?}");
            }
        }
        function.shut_down().await;
    }

    /// Serves the function, its configuration right.
    pub(crate) async fn serve(&self, settings: FunctionSettings) -> Served {
        let (function, output) = Function::new(settings);
        let functions = [("stream-decryptor".to_owned(), function)];
        let (api, _ended) = InvokeApi::start("127.0.0.1:0".parse().unwrap(), functions).await.unwrap();
        Served { api, output }
    }

    /// The same, its configuration wrong.
    pub(crate) async fn serve_wrong(&self, quarantine: &str) -> Served {
        self.serve(self.settings(quarantine).with_environment([WRONG_KEY])).await
    }

    /// The program's arguments: from `source` through the function, with the stage's state file.
    pub(crate) fn through(&self, source: &str) -> Vec<String> {
        let state = self.state.to_str().unwrap();
        let line = ["--from", source, "--through", "stream-decryptor", "--state", state, "--retry-pause", "50"];
        line.map(str::to_owned).into()
    }

    pub(crate) fn onto(&self, source: &str) -> Vec<String> {
        let state = self.state.to_str().unwrap();
        ["--from", source, "--onto", self.stream.arn(), "--state", state].map(str::to_owned).into()
    }

    /// Starts the program.
    pub(crate) fn start(&self, served: Option<&Served>, arguments: &[String]) -> Child {
        let lambda =
            served.map_or("http://127.0.0.1:9".to_owned(), |served| format!("http://{}", served.api.address()));
        Command::new(binaries::warmkeys().unwrap())
            .arg("redrive")
            .args(arguments)
            .env_clear()
            .envs(self.kms.environment())
            .envs([self.sqs.environment(), self.s3.environment(), self.kinesis.environment()])
            .envs([("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Runs the program to its end.
    pub(crate) async fn redrive(&self, served: Option<&Served>, arguments: &[String]) -> Ran {
        let child = self.start(served, arguments);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A file that stays behind harms nobody.
        let _ = std::fs::remove_file(&self.state);
    }
}

impl Served {
    /// Stops the function; the sequence numbers of what it delivered, in the order of delivery.
    pub(crate) async fn delivered(self) -> Vec<String> {
        self.api.stop().await;
        let of_line = |line: OutputLine| {
            let record: Value = serde_json::from_str(&line.text).ok()?;
            record["text"].as_str()?; // what is delivered has it; what is logged has not
            Some(record["sequenceNumber"].as_str()?.to_owned())
        };
        self.output
            .collect()
            .await
            .into_iter()
            .filter(|line| line.source == Source::Stdout)
            .filter_map(of_line)
            .collect()
    }
}

impl Ran {
    /// The number that is told before or behind these words; 0 if they are not told.
    pub(crate) fn count(&self, words: &str) -> usize {
        let of_line = |line: &str| {
            let line = line.trim();
            let rest = line.strip_prefix(words).or_else(|| line.strip_suffix(words))?;
            rest.trim().parse().ok()
        };
        self.out.lines().find_map(of_line).unwrap_or_default()
    }
}

/// With further arguments.
pub(crate) fn with(arguments: &[String], further: &[&str]) -> Vec<String> {
    arguments.iter().cloned().chain(further.iter().map(|argument| (*argument).to_owned())).collect()
}

/// Each number for the first time, in the order of its first time.
pub(crate) fn firsts(delivered: &[String]) -> Vec<String> {
    let mut firsts: Vec<String> = Vec::new();
    for number in delivered {
        if !firsts.contains(number) {
            firsts.push(number.clone());
        }
    }
    firsts
}
