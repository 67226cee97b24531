//! The consumer that the demo's race is against: it does its work, with a call of KMS for each record, and is no straw man.

use std::num::NonZeroU32;

use bytes::Bytes;
use local_stack::binaries;
use local_stack::event_source_mapping::{BatchResult, kinesis_event, read_batch_response};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, Effect, EmbeddedKms, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, OutputLine, Source};
use local_stack::sealing::Sealer;
use local_stack::stream::InMemoryStream;
use serde_json::Value;
use warmkeys::clock::{Clock, SystemClock};

use super::kms_protocol::kms;

/// Three records under one data key, of which the second may be damaged.
async fn three_records(kms: &EmbeddedKms, damaged: bool) -> InMemoryStream {
    let sealer = Sealer::new(kms, 1).await.unwrap();
    let stream = InMemoryStream::new("orders", 1);
    for number in 0..3 {
        let mut data = sealer.seal(format!("order {number}").as_bytes(), 0).unwrap().to_vec();
        if damaged && number == 1 {
            *data.last_mut().unwrap() ^= 1;
        }
        stream.put("customer", None, data.into(), SystemClock.now().wall);
    }
    stream
}

/// Invokes the function with all records, and tells what the mapping makes of its answer and what it wrote.
async fn invoke(kms: &EmbeddedKms, stream: &InMemoryStream) -> (BatchResult, Vec<OutputLine>) {
    let settings = FunctionSettings::new("call-per-record", binaries::call_per_record().unwrap())
        .with_environment(kms.environment())
        // The demo leaves it at the SDK's default; here nobody waits between attempts.
        .with_environment([("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN), ("AWS_MAX_ATTEMPTS", "1")]);
    let (function, output) = Function::new(settings);
    let shard = stream.shards()[0].id.clone();
    let records = stream.read(&shard, 0, usize::MAX).unwrap();
    let event: Bytes = kinesis_event(stream.arn(), &shard, &records);
    let invocation = function.invoke(event).await;
    function.shut_down().await;
    let response = invocation.response().unwrap_or_else(|| panic!("{invocation:?}"));
    let (result, violation) = read_batch_response(response, &records);
    assert_eq!(violation, None);
    (result, output.collect().await)
}

/// The member `name` of what was written to `source`.
fn members(lines: &[OutputLine], source: Source, name: &str) -> Vec<String> {
    let lines = lines.iter().filter(|line| line.source == source);
    let member =
        |line: &OutputLine| Some(serde_json::from_str::<Value>(&line.text).ok()?.get(name)?.as_str()?.to_owned());
    lines.filter_map(member).collect()
}

#[tokio::test]
async fn each_record_costs_a_call_although_they_share_a_data_key() {
    let kms = kms().await;
    let stream = three_records(&kms, false).await;
    let (result, lines) = invoke(&kms, &stream).await;
    assert_eq!(result, BatchResult::Succeeded);
    assert_eq!(members(&lines, Source::Stdout, "text"), ["order 0", "order 1", "order 2"]);
    assert_eq!((kms.calls().of(Operation::Decrypt).answered, kms.calls().distinct_ciphertexts()), (3, 1));
}

#[tokio::test]
async fn a_throttled_record_is_the_checkpoint() {
    let kms = kms().await;
    let stream = three_records(&kms, false).await;
    kms.disturb_decrypts(NonZeroU32::MIN, Effect::Delay { milliseconds: 0 });
    kms.disturb_decrypts(NonZeroU32::MIN, Effect::Fail { code: "ThrottlingException".to_owned() });
    let (result, lines) = invoke(&kms, &stream).await;
    assert_eq!(result, BatchResult::FailedFrom(1));
    assert_eq!(members(&lines, Source::Stdout, "text"), ["order 0"]);
}

#[tokio::test]
async fn poison_is_put_away_and_does_not_block_what_follows() {
    let kms = kms().await;
    let stream = three_records(&kms, true).await;
    let (result, lines) = invoke(&kms, &stream).await;
    assert_eq!(result, BatchResult::Succeeded);
    assert_eq!(members(&lines, Source::Stdout, "text"), ["order 0", "order 2"]);
    assert_eq!(members(&lines, Source::Stderr, "failureClass"), ["permanent"]);
}
