//! Whole batches that cannot be read: held for a bounded time, while a setting may be wrong.

use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use super::fakes::{FakeProcessor, KeyFault, checkpoint_index, processor, processor_for};
use super::fixtures::{batch, damaged, message, message_with_context, record, records_under};
use crate::batch::{BatchReport, ShardBatch, SuspiciousBatches};
use crate::clock::Clock;
use crate::failure::FailureClass;
use crate::record_format::{EncryptionSdkFormat, KmsCiphertextFormat, RecordFormat};
use crate::records::ShardRecord;
use crate::testing::Log;
use crate::testing::ManualClock;

const MINUTE: Duration = Duration::from_secs(60);

/// Records that are no messages.
fn garbage(count: usize) -> Vec<ShardRecord> {
    (0..count).map(|number| record(number, "not a message")).collect()
}

fn is_held(report: &BatchReport) -> bool {
    let class = report.checkpoint.as_ref().map(|checkpoint| checkpoint.class);
    let held = checkpoint_index(report) == Some(0) && class == Some(FailureClass::Unavailable);
    assert!(!held || (report.delivered, report.quarantined) == (0, 0));
    held
}

/// The processor, on a clock that is moved by hand.
fn on_manual_clock(processor: FakeProcessor) -> (FakeProcessor, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    (FakeProcessor { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..processor }, clock)
}

/// What is held of a batch by a processor that has opened nothing yet, with the lines logged at ERROR.
async fn held(processor: &FakeProcessor, batch: ShardBatch) -> (bool, String) {
    let log = Log::default();
    let logging = log.at(LevelFilter::ERROR);
    let report = processor.run(batch).await;
    drop(logging);
    let is_held = is_held(&report);
    if is_held {
        let reason = report.checkpoint.expect("a checkpoint").reason;
        assert!(reason.contains("as if"), "{reason}");
        assert!(processor.sink.arrived().is_empty() && processor.quarantine.arrived().is_empty());
    }
    (is_held, log.text())
}

#[tokio::test(start_paused = true)]
async fn ten_records_that_are_no_messages_are_held_and_nine_are_not() {
    for (count, expected) in [(9, false), (10, true), (11, true)] {
        let processor = processor();
        let (is_held, log) = held(&processor, batch(garbage(count))).await;
        assert_eq!((is_held, log.is_empty()), (expected, !expected), "{count}: {log}");
        assert_eq!(processor.quarantine.arrived().len(), if expected { 0 } else { count });
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_the_three_typos_is_held_and_named_with_both_values() {
    // RECORD_FORMAT is wrong, one way and the other.
    let (is_held, log) = held(&processor(), batch(garbage(10))).await;
    assert!(is_held && log.contains("\"RECORD_FORMAT\"") && log.contains("encryption-sdk"), "{log}");
    assert!(log.contains("the message format version 0x6e is not supported"), "{log}");

    let bare = processor_for(RecordFormat::KmsCiphertext(KmsCiphertextFormat::default()))
        .with_key_fault(2, KeyFault::Undecryptable);
    let (is_held, log) = held(&bare, batch(records_under(&[1; 10]))).await;
    assert!(is_held && log.contains("RECORD_FORMAT") && log.contains("kms-ciphertext"), "{log}");

    // A key that is not allowed.
    let refused = processor().with_key_fault(7, KeyFault::NotAllowed);
    let (is_held, log) = held(&refused, batch(records_under(&[7; 10]))).await;
    assert!(
        is_held && log.contains("KMS_KEY_ARNS") && log.contains("arn:allowed") && log.contains("arn:named"),
        "{log}"
    );

    // A context with another value, and one under a key that no record carries.
    let required = |key: &str| {
        let required_encryption_context = [(key, "patient 4711")].into_iter().collect();
        processor_for(RecordFormat::EncryptionSdk(EncryptionSdkFormat {
            required_encryption_context,
            ..EncryptionSdkFormat::default()
        }))
    };
    let sealed = message_with_context(1, b"x", &[("tenant", "acme")], &[]);
    let records: Vec<_> = (0..10).map(|number| record(number, sealed.clone())).collect();
    for processor in [required("tenant"), required("tenat").with_key_fault(1, KeyFault::Undecryptable)] {
        let (is_held, log) = held(&processor, batch(records.clone())).await;
        assert!(is_held && log.contains("REQUIRED_ENCRYPTION_CONTEXT") && log.contains("tena"), "{log}");
        assert!(!log.contains("4711"), "{log}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_time_to_hold_they_are_poison_after_all() {
    let (processor, clock) = on_manual_clock(processor());
    for minute in 0..15 {
        let report = processor.run(batch(garbage(10))).await;
        assert!(is_held(&report), "after {minute} minutes");
        clock.advance(MINUTE);
    }
    let (is_held, log) = held(&processor, batch(garbage(10))).await;
    assert!(!is_held && log.contains("SUSPICIOUS_BATCH_HOLD_SECONDS"), "{log}");
    assert_eq!(processor.quarantine.arrived().len(), 10);
    // Nor is the next batch held.
    clock.advance(60 * MINUTE);
    assert!(!self::is_held(&processor.run(batch(garbage(10))).await));
}

#[tokio::test(start_paused = true)]
async fn the_time_to_hold_is_configured() {
    for (limit, expected) in [(Duration::ZERO, false), (Duration::from_secs(1), true)] {
        let mut processor = processor();
        processor.suspicious_batches = SuspiciousBatches::held_for(limit);
        assert_eq!(is_held(&processor.run(batch(garbage(10))).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_has_opened_a_record_holds_nothing() {
    let processor = processor();
    // The good one is in the same batch.
    let mut records = garbage(10);
    records.push(record(10, message(1, b"good")));
    assert!(!is_held(&processor.run(batch(records)).await));
    assert_eq!((processor.sink.arrived().len(), processor.quarantine.arrived().len()), (1, 10));
    assert!(!is_held(&processor.run(batch(garbage(10))).await));
    assert_eq!(processor.quarantine.arrived().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_no_setting_explains_is_not_held() {
    let damaged = (0..10).map(|number| record(number, damaged(message(1, b"x")))).collect();
    assert!(!is_held(&processor().run(batch(damaged)).await));
    // One among many is enough: no single setting rejects all of them.
    let mut records = garbage(20);
    records[19] = record(19, self::damaged(message(1, b"x")));
    assert!(!is_held(&processor().run(batch(records)).await));
}

#[tokio::test(start_paused = true)]
async fn records_that_have_to_wait_do_not_release_those_before_them() {
    let processor = processor().with_key_fault(2, KeyFault::Throttled);
    let mut records = garbage(10);
    records[3] = record(3, message(2, b"x"));
    assert!(is_held(&processor.run(batch(records.clone())).await));
    // The first has to wait for another reason: that is what is reported.
    records.rotate_left(3);
    let report = processor.run(batch(records)).await;
    assert_eq!(report.checkpoint.expect("a checkpoint").class, FailureClass::Throttled);
}
