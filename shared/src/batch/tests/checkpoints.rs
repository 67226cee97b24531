//! One invocation: where the checkpoint is, and that nothing beyond it is delivered.

#[cfg(feature = "lambda")]
use aws_lambda_events::streams::KinesisEventResponse;
use serde_json::{Value, json};

use super::fakes::{DestinationFault, KeyFault, checkpoint_index, processor};
use super::fixtures::{batch, damaged, message, record, records_under};
use crate::batch::{BatchReport, ShardBatch};
use crate::decryptor::UnavailableKeys;
use crate::failure::FailureClass;

/// The plaintexts of the records at `range`, as [`records_under`] numbers them.
fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_without_faults_is_delivered_once_and_in_order() {
    let processor = processor();
    let report = processor.run(batch(records_under(&[1, 2, 1, 3, 2]))).await;
    assert_eq!(processor.sink.arrived(), numbers(0..5));
    assert_eq!((report.received, report.delivered, report.quarantined), (5, 5, 0));
    assert_eq!(report.checkpoint, None);
    assert_eq!(
        *processor.decryptor.data_keys.requested.lock().unwrap(),
        [1, 2, 3],
        "one request for each distinct key"
    );
    assert_eq!(report.distinct_data_keys, 3);
}

/// What Lambda is answered; only the front door can say it.
fn assert_answer(report: &BatchReport, expected: &Value) {
    #[cfg(feature = "lambda")]
    assert_eq!(serde_json::to_value(KinesisEventResponse::from(report)).expect("serialises"), *expected);
    #[cfg(not(feature = "lambda"))]
    let _ = (report, expected);
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_succeeds() {
    let report = processor().run(ShardBatch::default()).await;
    assert_eq!(report, BatchReport::default());
    assert_answer(&report, &json!({ "batchItemFailures": [] }));
}

#[tokio::test(start_paused = true)]
async fn a_key_throttled_at_any_record_makes_that_record_the_checkpoint_whatever_the_keys_pattern() {
    const LEN: u32 = 5;
    const KEYS: u8 = 3;
    for pattern in 0..usize::from(KEYS).pow(LEN) {
        let key_ids: Vec<u8> =
            (0..LEN).map(|digit| u8::try_from(pattern / usize::from(KEYS).pow(digit) % 3).expect("small")).collect();
        for throttled_key in 0..KEYS {
            let Some(expected) = key_ids.iter().position(|key_id| *key_id == throttled_key) else { continue };
            let processor = processor().with_key_fault(throttled_key, KeyFault::Throttled);
            let records = records_under(&key_ids);

            let report = processor.run(batch(records.clone())).await;
            let checkpoint = report.checkpoint.clone().expect("a checkpoint");
            assert_eq!((checkpoint.index, checkpoint.class), (expected, FailureClass::Throttled), "{key_ids:?}");
            assert_answer(&report, &json!({ "batchItemFailures": [{ "itemIdentifier": expected.to_string() }] }));
            assert_eq!(processor.sink.arrived(), numbers(0..expected), "{key_ids:?}");

            processor.repair();
            let report = processor.run(batch(records[expected..].to_vec())).await;
            assert_eq!(report.checkpoint, None);
            assert_eq!(processor.sink.arrived(), numbers(0..key_ids.len()), "{key_ids:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_first_used_after_a_throttled_one_are_not_asked_for() {
    let mut processor = processor().with_key_fault(2, KeyFault::Throttled);
    processor.decryptor.settings.max_concurrent_requests = std::num::NonZeroUsize::MIN;
    processor.run(batch(records_under(&[1, 2, 3, 4]))).await;
    assert_eq!(*processor.decryptor.data_keys.requested.lock().unwrap(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_beyond_the_checkpoint_are_not_waited_for_long() {
    let processor =
        processor().with_key_fault(2, KeyFault::Unavailable).with_key_fault(3, KeyFault::ThrottledAfter(30_000));
    let report = processor.run(batch(records_under(&[1, 2, 3]))).await;
    assert_eq!(checkpoint_index(&report), Some(1));
    assert!(report.durations.decrypting.data_keys.as_secs() < 1, "{:?}", report.durations);
}

#[tokio::test(start_paused = true)]
async fn a_key_throttled_later_but_first_used_earlier_moves_the_checkpoint_forward() {
    let processor = processor().with_key_fault(1, KeyFault::ThrottledAfter(100)).with_key_fault(2, KeyFault::Throttled);
    let report = processor.run(batch(records_under(&[0, 1, 2]))).await;
    assert_eq!(checkpoint_index(&report), Some(1));
    assert_eq!(processor.sink.arrived(), numbers(0..1));
}

#[tokio::test(start_paused = true)]
async fn records_that_can_never_be_read_are_quarantined_and_the_rest_delivered() {
    let processor = processor().with_key_fault(9, KeyFault::Undecryptable);
    let mut records = records_under(&[1, 1, 9, 1, 1]);
    records[1].data = damaged(records[1].data.to_vec()).into();
    records[3].data = "not a message".into();
    let report = processor.run(batch(records)).await;
    assert_eq!(report.checkpoint, None);
    assert_eq!((report.delivered, report.quarantined), (2, 3));
    assert_eq!(processor.sink.arrived(), ["0", "4"]);
    assert_eq!(processor.quarantine.arrived(), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_poison_costs_a_bounded_number_of_calls_in_each_invocation_and_gets_through() {
    const POISON: u8 = 200;
    let mut processor = processor();
    processor.decryptor.settings.max_calls_in_vain = std::num::NonZeroU64::new(50).unwrap();
    processor.decryptor.settings.max_concurrent_requests = std::num::NonZeroUsize::MIN;
    for key_id in 1..=POISON {
        processor.decryptor.data_keys.faults.lock().unwrap().insert(key_id, KeyFault::Undecryptable);
    }
    let key_ids: Vec<u8> = (1..=POISON).chain([0]).collect();
    let (mut records, mut invocations) = (records_under(&key_ids), 0);
    while !records.is_empty() {
        let report = processor.run(batch(records.clone())).await;
        let finished = checkpoint_index(&report).unwrap_or(records.len());
        assert!(finished <= 51, "{finished}");
        if let Some(checkpoint) = report.checkpoint {
            assert_eq!((checkpoint.class, report.quarantined), (FailureClass::Transient, 50));
        }
        records.drain(..finished);
        invocations += 1;
    }
    assert_eq!((invocations, processor.quarantine.arrived().len()), (5, usize::from(POISON)));
    assert_eq!(processor.sink.arrived(), [POISON.to_string()]);
    // Each key was asked for once, the same one never again at a redelivery.
    assert_eq!(processor.decryptor.data_keys.requested.lock().unwrap().len(), usize::from(POISON) + 1);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_record_that_cannot_be_quarantined_is_the_checkpoint() {
    let processor =
        processor().with_key_fault(9, KeyFault::Undecryptable).with_quarantine_fault(DestinationFault::FailsAfter(1));
    let report = processor.run(batch(records_under(&[1, 9, 1, 9, 1]))).await;
    assert_eq!(checkpoint_index(&report), Some(3));
    assert_eq!(processor.quarantine.arrived(), ["1"]);
    assert_eq!(processor.sink.arrived(), ["0", "2"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_sink_fails_before_a_rejected_record_nothing_is_quarantined() {
    let processor =
        processor().with_key_fault(9, KeyFault::Undecryptable).with_sink_fault(DestinationFault::FailsAfter(0));
    let records = records_under(&[1, 9, 1, 9, 1]);
    for _ in 0..3 {
        let report = processor.run(batch(records.clone())).await;
        assert_eq!((checkpoint_index(&report), report.quarantined), (Some(0), 0));
    }
    assert!(processor.quarantine.arrived().is_empty());

    processor.repair();
    processor.decryptor.data_keys.faults.lock().unwrap().insert(9, KeyFault::Undecryptable);
    let report = processor.run(batch(records)).await;
    assert_eq!((report.checkpoint, report.delivered), (None, 3));
    assert_eq!(processor.quarantine.arrived(), ["1", "3"]);
    assert_eq!(processor.sink.arrived(), ["0", "2", "4"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_beyond_a_throttled_record_is_quarantined() {
    let processor = processor().with_key_fault(9, KeyFault::Undecryptable).with_key_fault(2, KeyFault::Throttled);
    processor.run(batch(records_under(&[1, 2, 9]))).await;
    assert!(processor.quarantine.arrived().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_key_is_the_checkpoint_or_quarantined_as_configured() {
    let mut processor = processor().with_key_fault(2, KeyFault::Unavailable);
    let report = processor.run(batch(records_under(&[1, 2, 1]))).await;
    let checkpoint = report.checkpoint.expect("a checkpoint");
    assert_eq!((checkpoint.index, checkpoint.class), (1, FailureClass::Unavailable));
    assert_eq!(processor.sink.arrived(), ["0"]);

    processor.settings.unavailable_keys = UnavailableKeys::Quarantine;
    let report = processor.run(batch(records_under(&[1, 2, 1]))).await;
    assert_eq!(report.checkpoint, None);
    assert_eq!(processor.quarantine.arrived(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_caller_itself_is_the_checkpoint_whatever_is_configured_for_unavailable_keys() {
    for unavailable_keys in [UnavailableKeys::Checkpoint, UnavailableKeys::Quarantine] {
        let mut processor = processor().with_key_fault(2, KeyFault::Caller);
        processor.settings.unavailable_keys = unavailable_keys;
        let report = processor.run(batch(records_under(&[1, 2, 1]))).await;
        let checkpoint = report.checkpoint.expect("a checkpoint");
        assert_eq!((checkpoint.index, checkpoint.class), (1, FailureClass::Caller));
        assert_eq!(processor.sink.arrived(), ["0"]);
        assert!(processor.quarantine.arrived().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_record_that_the_sink_does_not_take_is_the_checkpoint() {
    let processor = processor().with_sink_fault(DestinationFault::FailsAfter(2));
    let report = processor.run(batch(records_under(&[1, 1, 1, 1]))).await;
    let checkpoint = report.checkpoint.expect("a checkpoint");
    assert_eq!((checkpoint.index, checkpoint.class, report.delivered), (2, FailureClass::Throttled, 2));
}

#[tokio::test(start_paused = true)]
async fn a_record_too_large_for_the_sink_is_quarantined_in_its_turn() {
    let processor = processor();
    processor.sink.too_large.lock().unwrap().push("1".into());
    let report = processor.run(batch(records_under(&[1, 1, 1]))).await;
    assert_eq!(report.checkpoint, None);
    assert_eq!(processor.sink.arrived(), ["0", "2"]);
    assert_eq!(processor.quarantine.arrived(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_too_large_for_the_sink_is_the_checkpoint_if_it_cannot_be_quarantined() {
    let processor = processor().with_quarantine_fault(DestinationFault::FailsAfter(0));
    processor.sink.too_large.lock().unwrap().push("1".into());
    let report = processor.run(batch(records_under(&[1, 1, 1]))).await;
    assert_eq!(checkpoint_index(&report), Some(1));
    assert_eq!(processor.sink.arrived(), ["0"]);
}

/// Records 0, three of one aggregate (1, 1, 1), 2; the record at `index` under `key_id`.
fn with_aggregate(index: usize, key_id: u8) -> ShardBatch {
    let places = [(0, None), (1, Some(0)), (1, Some(1)), (1, Some(2)), (2, None)];
    let records = places.iter().enumerate().map(|(number, (sequence_number, sub_sequence_number))| {
        let key_id = if number == index { key_id } else { 1 };
        let mut record = record(*sequence_number, message(key_id, number.to_string().as_bytes()));
        record.sub_sequence_number = *sub_sequence_number;
        record
    });
    batch(records.collect())
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_throttled_anywhere_comes_again_whole() {
    for throttled in 1..=3 {
        let processor = processor().with_key_fault(2, KeyFault::Throttled);
        let report = processor.run(with_aggregate(throttled, 2)).await;
        assert_eq!(report.checkpoint.expect("a checkpoint").sequence_number.as_str(), "1");
        assert_eq!(processor.sink.arrived(), ["0"], "throttled at {throttled}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_lambda_took_from_an_aggregate_are_one_unit_too() {
    let processor = processor().with_key_fault(2, KeyFault::Throttled);
    let mut batch = with_aggregate(2, 2);
    batch.records.iter_mut().for_each(|record| record.sub_sequence_number = None);
    let report = processor.run(batch).await;
    assert_eq!(report.checkpoint.expect("a checkpoint").sequence_number.as_str(), "1");
    assert_eq!(processor.sink.arrived(), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_with_a_record_that_cannot_be_quarantined_is_not_delivered_in_part() {
    let processor =
        processor().with_key_fault(9, KeyFault::Undecryptable).with_quarantine_fault(DestinationFault::FailsAfter(0));
    let report = processor.run(with_aggregate(3, 9)).await;
    assert_eq!(checkpoint_index(&report), Some(1));
    assert_eq!(processor.sink.arrived(), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_with_a_record_too_large_for_the_sink_that_cannot_be_quarantined_is_not_delivered_in_part() {
    for too_large in 1..=3 {
        let processor = processor().with_quarantine_fault(DestinationFault::FailsAfter(0));
        processor.sink.too_large.lock().unwrap().push(too_large.to_string());
        for _ in 0..3 {
            let report = processor.run(with_aggregate(0, 1)).await;
            assert_eq!(checkpoint_index(&report), Some(1));
        }
        assert!(processor.sink.arrived().iter().all(|text| text == "0"), "{:?}", processor.sink.arrived());
    }
}

#[tokio::test(start_paused = true)]
async fn records_too_large_for_the_sink_are_quarantined_together() {
    let processor = processor();
    processor.sink.too_large.lock().unwrap().extend(numbers(1..9));
    let report = processor.run(batch(records_under(&[1; 10]))).await;
    assert_eq!((report.checkpoint, report.delivered, report.quarantined), (None, 2, 8));
    assert_eq!(*processor.quarantine.calls.lock().unwrap(), 1);
    assert_eq!(*processor.sink.calls.lock().unwrap(), 2, "before them and after them");
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_that_the_sink_takes_in_part_is_the_checkpoint() {
    let processor = processor().with_sink_fault(DestinationFault::FailsAfter(3));
    let report = processor.run(with_aggregate(0, 1)).await;
    assert_eq!(checkpoint_index(&report), Some(1));
    assert_eq!(processor.sink.arrived(), ["0", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_records_are_delivered_in_order() {
    let key_ids: Vec<u8> = (0..10_000_u32).map(|number| u8::try_from(number % 7).expect("small")).collect();
    let processor = processor();
    let report = processor.run(batch(records_under(&key_ids))).await;
    assert_eq!(report.checkpoint, None);
    assert_eq!(processor.sink.arrived(), numbers(0..10_000));
}

#[tokio::test(start_paused = true)]
async fn the_largest_record_that_an_event_can_carry_is_delivered() {
    let plaintext = vec![b'x'; 4_500_000];
    let processor = processor();
    let report = processor.run(batch(vec![record(0, message(1, &plaintext))])).await;
    assert_eq!(report.checkpoint, None);
    assert_eq!(processor.sink.arrived()[0].len(), plaintext.len());
}
