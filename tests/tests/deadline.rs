//! Whatever happens to KMS, the built `stream-decryptor` answers before its deadline, with the right checkpoint, and goes on from there.
#![cfg(test)]

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response, StatusCode};
use local_stack::event_source_mapping::BatchResult;
use local_stack::kms::{CallCounts, Effect, EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, OutputLines};
use local_stack::loopback_server::{AnswerRequest, LoopbackServer, Reply};
use local_stack::stream::{InMemoryStream, StreamRecord};

/// The invocations' time-out: at its end the sandbox is killed, and no answer comes.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Shorter than [`TIMEOUT`], so that there is time for several attempts.
const ATTEMPT_TIMEOUT_MILLISECONDS: &str = "300";

/// How many records a batch has, each under a data key of its own.
const RECORDS: usize = 6;

/// How many of their data keys are known before KMS fails: the place of the checkpoint.
const KNOWN: usize = 2;

const FOR_EVER: NonZeroU32 = NonZeroU32::MAX;

/// A warm function that knows the first [`KNOWN`] data keys.
struct WarmFunction {
    function: Function,
    output: OutputLines,
    stream: InMemoryStream,
    records: Vec<StreamRecord>,
}

impl WarmFunction {
    async fn start(kms: &EmbeddedKms) -> Self {
        Self::start_with(support::settings(kms), kms).await
    }

    async fn start_with(settings: FunctionSettings, kms: &EmbeddedKms) -> Self {
        let settings = settings.with_environment([("KMS_ATTEMPT_TIMEOUT_MILLISECONDS", ATTEMPT_TIMEOUT_MILLISECONDS)]);
        let stream = support::stream_of(kms, RECORDS).await;
        let records = support::records(&stream);
        let (function, output) = Function::new(settings);
        let warm = Self { function, output, stream, records };
        // The first invocation is no part of what is tested here; it gets the time that a busy machine may need.
        let known = &warm.records[..KNOWN];
        let invocation = warm.function.invoke(support::event(&warm.stream, known)).await;
        assert_eq!(support::result(&invocation, known), BatchResult::Succeeded);
        warm
    }

    /// Invokes the function with the records from `start` on. It has to answer in time.
    async fn invoke_from(&self, start: usize) -> BatchResult {
        let records = &self.records[start..];
        let invocation = self.function.invoke_within(support::event(&self.stream, records), TIMEOUT).await;
        assert!(invocation.duration < TIMEOUT, "{invocation:?}");
        assert!(!invocation.is_cold_start(), "the sandbox was lost");
        support::result(&invocation, records)
    }

    /// While KMS fails: the checkpoint is the first record whose data key is unknown.
    async fn answers_with_the_checkpoint(&self) {
        assert_eq!(self.invoke_from(0).await, BatchResult::FailedFrom(KNOWN));
    }

    /// Once KMS has recovered: so many redeliveries at most finish, and only the data keys that are still unknown are asked for.
    async fn finishes_from_the_checkpoint(self, kms: &EmbeddedKms, redeliveries: usize) {
        let before = decrypts(kms);
        let mut checkpoint = KNOWN;
        for _ in 0..redeliveries {
            match self.invoke_from(checkpoint).await {
                BatchResult::FailedFrom(finished) => checkpoint += finished,
                result => {
                    assert_eq!(result, BatchResult::Succeeded);
                    checkpoint = RECORDS;
                    break;
                }
            }
        }
        assert_eq!(checkpoint, RECORDS);
        assert_eq!(decrypts(kms).calls - before.calls, (RECORDS - KNOWN) as u64);
        assert!(kms.calls().most_decrypts_of_one_ciphertext() <= 1);
        self.function.shut_down().await;
        // What the first invocation delivered, each checkpoint's records, then the rest: nothing beyond a checkpoint.
        let mut delivered = support::delivered(&self.output.collect().await);
        let rest = delivered.split_off(delivered.len() - (RECORDS - KNOWN));
        assert_eq!(rest, support::numbers(&self.records[KNOWN..]));
        for before in delivered.chunks(KNOWN) {
            assert_eq!(before, support::numbers(&self.records[..KNOWN]));
        }
    }
}

fn decrypts(kms: &EmbeddedKms) -> CallCounts {
    kms.calls().of(Operation::Decrypt)
}

async fn embedded_kms() -> EmbeddedKms {
    EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap()
}

/// A KMS in the place of one that has stopped: it forgets its calls, not its keys.
async fn embedded_kms_at(address: SocketAddr) -> EmbeddedKms {
    EmbeddedKms::start(KmsSettings { listen: address, ..KmsSettings::unlimited() }).await.unwrap()
}

/// Every call suffers `effect` until KMS recovers.
async fn is_bounded_by_the_deadline_while_calls_suffer(effect: Effect, redeliveries: usize) {
    let kms = embedded_kms().await;
    let warm = WarmFunction::start(&kms).await;
    kms.disturb_decrypts(FOR_EVER, effect);
    warm.answers_with_the_checkpoint().await;
    assert_eq!(decrypts(&kms).answered, KNOWN as u64);
    kms.clear_script();
    warm.finishes_from_the_checkpoint(&kms, redeliveries).await;
}

fn failure(code: &str) -> Effect {
    Effect::Fail { code: code.to_owned() }
}

#[tokio::test]
async fn a_hanging_kms_does_not_hold_the_function_beyond_its_deadline() {
    is_bounded_by_the_deadline_while_calls_suffer(Effect::Hang, 1).await;
}

#[tokio::test]
async fn a_kms_slower_than_the_attempts_does_not_hold_the_function_beyond_its_deadline() {
    is_bounded_by_the_deadline_while_calls_suffer(Effect::Delay { milliseconds: 1_000 }, 1).await;
}

#[tokio::test]
async fn a_kms_that_throttles_for_ever_does_not_hold_the_function_beyond_its_deadline() {
    // How far its quota reaches is found out slowly, and an invocation has only seconds here.
    is_bounded_by_the_deadline_while_calls_suffer(failure("ThrottlingException"), 4).await;
}

#[tokio::test]
async fn a_kms_that_fails_inside_does_not_hold_the_function_beyond_its_deadline() {
    is_bounded_by_the_deadline_while_calls_suffer(failure("KMSInternalException"), 1).await;
}

#[tokio::test]
async fn a_kms_that_closes_its_connections_does_not_hold_the_function_beyond_its_deadline() {
    is_bounded_by_the_deadline_while_calls_suffer(Effect::CloseConnection, 1).await;
}

#[tokio::test]
async fn a_kms_that_refuses_connections_does_not_hold_the_function_beyond_its_deadline() {
    let kms = embedded_kms().await;
    let warm = WarmFunction::start(&kms).await;
    let address = kms.address();
    kms.stop().await;
    warm.answers_with_the_checkpoint().await;
    let kms = embedded_kms_at(address).await;
    warm.finishes_from_the_checkpoint(&kms, 1).await;
}

#[tokio::test]
async fn a_kms_that_answers_garbage_does_not_hold_the_function_beyond_its_deadline() {
    let kms = embedded_kms().await;
    let warm = WarmFunction::start(&kms).await;
    let address = kms.address();
    kms.stop().await;
    let garbage = [
        (StatusCode::OK, "not JSON"),
        (StatusCode::OK, "{}"),
        (StatusCode::OK, r#"{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/x","Plaintext":"AA"#),
        (StatusCode::BAD_GATEWAY, "<html>"),
        (StatusCode::BAD_REQUEST, "\0\0\0"),
    ];
    for (status, body) in garbage {
        let server = LoopbackServer::start(address, Arc::new(Always { status, body })).await.unwrap();
        warm.answers_with_the_checkpoint().await;
        server.stop().await;
    }
    let kms = embedded_kms_at(address).await;
    warm.finishes_from_the_checkpoint(&kms, 1).await;
}

#[tokio::test]
async fn data_keys_fetched_before_the_deadline_are_kept_for_the_redelivery() {
    let kms = embedded_kms().await;
    // One call at a time, so that it is known which ones get through: the first two, and two more.
    let settings = support::settings(&kms).with_environment([("KMS_MAX_CONCURRENCY", "1")]);
    let warm = WarmFunction::start_with(settings, &kms).await;
    kms.disturb_decrypts(NonZeroU32::new(2).unwrap(), Effect::Delay { milliseconds: 0 });
    kms.disturb_decrypts(FOR_EVER, Effect::Hang);
    assert_eq!(warm.invoke_from(0).await, BatchResult::FailedFrom(KNOWN + 2));
    kms.clear_script();
    let before = decrypts(&kms);
    assert_eq!(warm.invoke_from(KNOWN + 2).await, BatchResult::Succeeded);
    assert_eq!(decrypts(&kms).calls - before.calls, 2);
    assert_eq!(kms.calls().most_decrypts_of_one_ciphertext(), 1);
}

#[tokio::test]
async fn attempts_that_hang_are_given_up_for_others_within_the_invocation() {
    let kms = embedded_kms().await;
    let warm = WarmFunction::start(&kms).await;
    kms.disturb_decrypts(NonZeroU32::new(4).unwrap(), Effect::Hang);
    assert_eq!(warm.invoke_from(0).await, BatchResult::Succeeded);
    assert_eq!(decrypts(&kms).unanswered, 4);
}

#[tokio::test]
async fn a_queue_that_hangs_does_not_hold_the_function_beyond_its_deadline() {
    let kms = embedded_kms().await;
    let queue = LoopbackServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Arc::new(Silent)).await.unwrap();
    let own = [
        ("SINK_ARN", "arn:aws:sqs:us-east-1:000000000000:orders".to_owned()),
        ("AWS_ENDPOINT_URL_SQS", format!("http://{}", queue.address())),
    ];
    let stream = support::stream_of(&kms, RECORDS).await;
    let records = support::records(&stream);
    let (function, _) = Function::new(support::settings(&kms).with_environment(own));
    for cold_start in [true, false] {
        let invocation = function.invoke_within(support::event(&stream, &records), TIMEOUT).await;
        assert_eq!(support::result(&invocation, &records), BatchResult::FailedFrom(0));
        assert_eq!(invocation.is_cold_start(), cold_start);
    }
    assert_eq!(decrypts(&kms).calls, RECORDS as u64);
}

/// Answers every request alike.
struct Always {
    status: StatusCode,
    body: &'static str,
}

impl AnswerRequest for Always {
    async fn answer(&self, _: Request<Bytes>) -> Reply {
        let mut response = Response::new(Bytes::from_static(self.body.as_bytes()));
        *response.status_mut() = self.status;
        Reply::Response(response)
    }
}

/// Answers no request.
struct Silent;

impl AnswerRequest for Silent {
    async fn answer(&self, _: Request<Bytes>) -> Reply {
        std::future::pending().await
    }
}
