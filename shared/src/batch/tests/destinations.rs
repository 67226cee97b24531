//! What a sink says of a single record, and which of the two destinations is named when one fails.

use super::fakes::{DestinationFault, FUNCTION_TIMEOUT, FakeProcessor, checkpoint_index, processor};
use super::fixtures::{batch, origin, records_under};
use crate::batch::BatchError;
use crate::failure::FailureClass;
use crate::retry::Deadline;

/// A processor whose sink never takes the plaintexts `refused`, but tells only when it comes to them.
fn refusing(refused: &[&str]) -> FakeProcessor {
    let processor = processor();
    *processor.sink.never.lock().unwrap() = refused.iter().map(ToString::to_string).collect();
    processor
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_can_never_take_is_quarantined_and_the_rest_delivered() {
    let processor = refusing(&["0", "2", "3", "5"]);
    let report = processor.run(batch(records_under(&[1; 6]))).await;
    assert_eq!(processor.sink.arrived(), ["1", "4"]);
    assert_eq!(processor.quarantine.arrived(), ["0", "2", "3", "5"]);
    assert_eq!((report.delivered, report.quarantined, report.checkpoint), (2, 4, None));
}

#[tokio::test(start_paused = true)]
async fn if_it_cannot_be_quarantined_it_is_the_checkpoint_and_nothing_beyond_it_is_delivered() {
    let processor = refusing(&["2"]).with_quarantine_fault(DestinationFault::FailsAfter(0));
    let report = processor.run(batch(records_under(&[1; 4]))).await;
    assert_eq!(processor.sink.arrived(), ["0", "1"]);
    assert_eq!(checkpoint_index(&report), Some(2));
    let reason = report.checkpoint.unwrap().reason;
    assert!(reason.starts_with("quarantine (the fake quarantine): "), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn the_sink_is_named_when_it_fails() {
    let processor = processor().with_sink_fault(DestinationFault::FailsAfter(1));
    let checkpoint = processor.run(batch(records_under(&[1; 4]))).await.checkpoint.unwrap();
    assert_eq!((checkpoint.index, checkpoint.class), (1, FailureClass::Throttled));
    assert!(checkpoint.reason.starts_with("sink (the fake sink): "), "{}", checkpoint.reason);
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_goes_on_behind_a_record_that_the_sink_can_never_take() {
    let mut records = records_under(&[1; 4]);
    for (place, record) in records.iter_mut().enumerate().skip(1) {
        record.sequence_number = crate::records::SequenceNumber::parse("1").unwrap();
        record.sub_sequence_number = u32::try_from(place).ok();
    }
    let processor = refusing(&["2"]);
    let report = processor.run(batch(records)).await;
    assert_eq!(processor.sink.arrived(), ["0", "1", "3"]);
    assert_eq!(report.checkpoint, None);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_the_source_stream_fails_the_invocation_and_is_given_nothing() {
    let stream_arn = origin().stream_arn;
    for source in [stream_arn.clone(), format!("{stream_arn}/consumer/readers:1700000000")] {
        let processor = processor();
        *processor.sink.stream_arn.lock().unwrap() = Some(stream_arn.clone());
        let mut batch = batch(records_under(&[1; 3]));
        batch.origin.as_mut().unwrap().stream_arn = source;
        let deadline = Deadline::after(processor.clock.now().monotonic, FUNCTION_TIMEOUT);
        let error = processor.process(batch, deadline).await.unwrap_err();
        assert_eq!(error, BatchError::SinkIsSource { stream_arn: stream_arn.clone() });
        assert!(error.to_string().contains(&stream_arn) && error.to_string().contains("SINK_ARN"), "{error}");
        assert!(
            processor.sink.arrived().is_empty() && processor.decryptor.data_keys.requested.lock().unwrap().is_empty()
        );
    }
}
