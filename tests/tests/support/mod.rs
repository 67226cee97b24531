//! What tests of the built `stream-decryptor` have in common: sealed records, its settings, what it answered and delivered.

use bytes::Bytes;
use local_stack::binaries;
use local_stack::event_source_mapping::{BatchResult, kinesis_event, read_batch_response};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms};
use local_stack::lambda_function::{FunctionSettings, Invocation, OutputLine, Source};
use local_stack::sealing::Sealer;
use local_stack::stream::{InMemoryStream, StreamRecord};
use serde_json::Value;
use warmkeys::clock::{Clock, SystemClock};

/// The function as built, writing to its standard output.
pub(crate) fn settings(kms: &EmbeddedKms) -> FunctionSettings {
    let own = [("SINK_ARN", "stdout"), ("QUARANTINE_ARN", "stderr"), ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN)];
    FunctionSettings::new("stream-decryptor", binaries::stream_decryptor().unwrap())
        .with_environment(kms.environment())
        .with_environment(own)
}

/// A stream of one shard with `count` records, each under a data key of its own.
pub(crate) async fn stream_of(kms: &EmbeddedKms, count: usize) -> InMemoryStream {
    let sealer = Sealer::new(kms, count).await.unwrap();
    let stream = InMemoryStream::new("orders", 1);
    for number in 0..count {
        let data = sealer.seal(format!("order {number}").as_bytes(), number).unwrap();
        stream.put("customer", None, data, SystemClock.now().wall);
    }
    stream
}

/// The records of the stream's first shard.
pub(crate) fn records(stream: &InMemoryStream) -> Vec<StreamRecord> {
    stream.read(&stream.shards()[0].id, 0, usize::MAX).unwrap()
}

/// The event with `records` of the stream's first shard.
pub(crate) fn event(stream: &InMemoryStream, records: &[StreamRecord]) -> Bytes {
    kinesis_event(stream.arn(), &stream.shards()[0].id, records)
}

/// What the event source mapping makes of an answer that has to be one.
pub(crate) fn result(invocation: &Invocation, records: &[StreamRecord]) -> BatchResult {
    let response = invocation.response().unwrap_or_else(|| panic!("{invocation:?}"));
    let (result, violation) = read_batch_response(response, records);
    assert_eq!(violation, None);
    result
}

/// The sequence numbers of what was delivered, in the order of delivery.
pub(crate) fn delivered<'a>(lines: impl IntoIterator<Item = &'a OutputLine>) -> Vec<String> {
    let of_record = |line: &OutputLine| {
        let line: Value = serde_json::from_str(&line.text).ok()?;
        line["text"].as_str()?;
        Some(line["sequenceNumber"].as_str()?.to_owned())
    };
    lines.into_iter().filter(|line| line.source == Source::Stdout).filter_map(of_record).collect()
}

/// The sequence numbers of `records`.
pub(crate) fn numbers<'a>(records: impl IntoIterator<Item = &'a StreamRecord>) -> Vec<String> {
    records.into_iter().map(|record| record.sequence_number.to_string()).collect()
}
