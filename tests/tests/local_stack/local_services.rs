//! What `cargo local` runs: the headline of this project, by hand.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_stack::binaries::{self, Progress};
use local_stack::events::scenarios;
use local_stack::kms::Operation;
use local_stack::lambda_function::{OutputLines, Source};
use local_stack::local_services::{
    DECRYPTOR, ENCRYPTOR, Functions, LocalServices, LocalSettings, THROTTLED_EVENT_DATA_KEYS,
};
use serde_json::{Value, json};
use warmkeys::clock::{Clock, Now, SystemClock};

use super::http::post;

/// A clock that stands until it is told to move. The library's `ManualClock` follows tokio's time, which passes here because a real
/// process is invoked, and with it the quota would fill up.
#[derive(Debug)]
struct StandingClock(Mutex<Now>);

impl StandingClock {
    fn advance(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        now.monotonic += duration;
        now.wall += duration;
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap()
    }
}

async fn started(settings: LocalSettings, clock: Arc<dyn Clock>) -> LocalServices {
    let functions = Functions::among(&binaries::build(Progress::Hidden).unwrap()).unwrap();
    let settings = LocalSettings { port: 0, kms_port: 0, kinesis_port: 0, ..settings };
    LocalServices::start_with_clock(functions, &settings, clock).await.unwrap()
}

fn event(name: &str) -> (bytes::Bytes, Vec<String>) {
    let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == name).unwrap();
    let delivered = scenario.expected.delivered.into_iter().map(|record| record.sequence_number).collect();
    (scenario.event, delivered)
}

/// The sequence numbers of the next `count` records that were delivered.
async fn delivered(output: &mut OutputLines, count: usize) -> Vec<String> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let line = output.next().await.unwrap();
        if line.source == Source::Stdout && !line.is_metrics() {
            let record: Value = serde_json::from_str(&line.text).unwrap();
            numbers.push(record["sequenceNumber"].as_str().unwrap().to_owned());
        }
    }
    numbers
}

#[tokio::test]
async fn a_throttled_event_ends_in_a_checkpoint_and_finishes_when_it_comes_again() {
    let clock = Arc::new(StandingClock(Mutex::new(SystemClock.now())));
    let half = THROTTLED_EVENT_DATA_KEYS / 2;
    let settings = LocalSettings { kms_quota: NonZeroU32::new(half), ..LocalSettings::default() };
    let mut services = started(settings, Arc::<StandingClock>::clone(&clock)).await;
    let url = services.functions.invocation_url(DECRYPTOR);
    let (event, numbers) = event("throttled");

    // Nothing flows into the quota while the clock stands: half the data keys are there, the others are throttled.
    let first = post(&url, event.clone()).await;
    let [failure] = first.body["batchItemFailures"].as_array().unwrap().as_slice() else { panic!("{first:?}") };
    let checkpoint = numbers.iter().position(|number| *number == failure["itemIdentifier"]).unwrap();
    assert!(checkpoint <= usize::try_from(half).unwrap(), "{checkpoint}");
    assert_eq!(delivered(&mut services.decryptor_output, checkpoint).await, numbers[..checkpoint]);
    assert_eq!(services.kms.calls().of(Operation::Decrypt).answered, u64::from(half));

    clock.advance(Duration::from_secs(1));
    // After the throttling the function asks slowly at first. Each time it gets further.
    let mut reached = checkpoint;
    loop {
        let answer = post(&url, event.clone()).await;
        let Some(failure) = answer.body["batchItemFailures"].as_array().unwrap().first() else { break };
        let checkpoint = numbers.iter().position(|number| *number == failure["itemIdentifier"]).unwrap();
        assert!(checkpoint > reached, "from {reached} to {checkpoint}");
        reached = checkpoint;
        assert_eq!(delivered(&mut services.decryptor_output, checkpoint).await, numbers[..checkpoint]);
    }
    assert_eq!(delivered(&mut services.decryptor_output, numbers.len()).await, numbers);
    let calls = services.kms.calls();
    assert_eq!(calls.of(Operation::Decrypt).answered, u64::from(THROTTLED_EVENT_DATA_KEYS));
    assert_eq!(calls.most_decrypts_of_one_ciphertext(), 1, "what was fetched for the first is not fetched again");
    services.functions.stop().await;
}

#[tokio::test]
async fn by_default_the_throttled_event_is_answered_with_a_checkpoint() {
    let services = started(LocalSettings::default(), Arc::new(SystemClock)).await;
    let answer = post(&services.functions.invocation_url(DECRYPTOR), event("throttled").0).await;
    assert_eq!(answer.body["batchItemFailures"].as_array().unwrap().len(), 1, "{answer:?}");
    services.functions.stop().await;
}

#[tokio::test]
async fn what_record_encryptor_is_sent_is_in_the_stream_encrypted() {
    let services = started(LocalSettings::default(), Arc::new(SystemClock)).await;
    let event = json!({"records": [{"partitionKey": "customer-1", "json": {"order": 1}}]}).to_string();
    let answer = post(&services.functions.invocation_url(ENCRYPTOR), event).await;
    let number = &answer.body["records"][0]["sequenceNumber"];
    let records = services.stream.read(&services.stream.shards()[0].id, 0, usize::MAX).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(*number, records[0].sequence_number.to_string());
    assert!(!records[0].data.windows(7).any(|part| part == b"\"order\""));
    services.functions.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = started(LocalSettings::default(), Arc::new(SystemClock)).await;
    let port = first.kms.address().port();
    let functions = Functions::among(&binaries::build(Progress::Hidden).unwrap()).unwrap();
    let settings = LocalSettings { port: 0, kms_port: port, kinesis_port: 0, ..LocalSettings::default() };
    let error = LocalServices::start(functions, &settings).await.unwrap_err();
    assert_eq!(error.to_string(), format!("KMS cannot listen on port {port} of 127.0.0.1"));
}
