//! Whatever hangs, the answer comes before the deadline, and says no more than is known.

use std::time::Duration;

use super::fakes::{DestinationFault, FUNCTION_TIMEOUT, FakeProcessor, KeyFault, checkpoint_index, processor};
use super::fixtures::{batch, records_under};
use crate::batch::BatchReport;
use crate::clock::{Clock, SystemClock};
use crate::failure::FailureClass;
use crate::retry::Deadline;

/// Processes five records, the one at 2 poison, and asserts that the answer came before the deadline.
async fn run_in_time(processor: &FakeProcessor, timeout: Duration) -> BatchReport {
    let started = SystemClock.now().monotonic;
    let deadline = Deadline::after(started, timeout);
    processor.decryptor.data_keys.faults.lock().unwrap().insert(9, KeyFault::Undecryptable);
    let report = processor.process(batch(records_under(&[1, 1, 9, 2, 1])), deadline).await.expect("a report");
    let now = SystemClock.now().monotonic;
    assert!(!deadline.has_passed(now), "took {:?} of {timeout:?}", now - started);
    report
}

/// From the longest time-out to less than all reserves.
const TIMEOUTS: [Duration; 4] =
    [Duration::from_secs(900), FUNCTION_TIMEOUT, Duration::from_secs(3), Duration::from_millis(100)];

#[tokio::test(start_paused = true)]
async fn a_key_that_hangs_is_the_checkpoint_in_time() {
    for timeout in TIMEOUTS {
        let processor = processor().with_key_fault(2, KeyFault::Hangs);
        let report = run_in_time(&processor, timeout).await;
        let checkpoint = report.checkpoint.expect("a checkpoint");
        assert_eq!((checkpoint.index, checkpoint.class), (3, FailureClass::Transient));
        assert_eq!(processor.sink.arrived(), ["0", "1"], "the time for delivery was kept back");
        assert_eq!(processor.quarantine.arrived(), ["2"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_is_the_checkpoint_in_time() {
    for timeout in TIMEOUTS {
        let processor = processor().with_sink_fault(DestinationFault::HangsAfter(1));
        let report = run_in_time(&processor, timeout).await;
        assert_eq!(checkpoint_index(&report), Some(0), "what it took is not known");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_that_hangs_leaves_time_to_deliver_what_is_before() {
    for timeout in TIMEOUTS {
        let processor = processor().with_quarantine_fault(DestinationFault::HangsAfter(0));
        let report = run_in_time(&processor, timeout).await;
        assert_eq!(checkpoint_index(&report), Some(2));
        assert_eq!(processor.sink.arrived(), ["0", "1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_quarantine_leaves_half_of_the_time_to_deliver_what_is_behind() {
    for timeout in [Duration::from_secs(900), FUNCTION_TIMEOUT] {
        let processor =
            processor().with_key_fault(9, KeyFault::Undecryptable).with_quarantine_fault(DestinationFault::Stalls(1));
        let started = SystemClock.now().monotonic;
        let records = batch(records_under(&[1, 9, 1, 9, 1]));
        let report = processor.process(records, Deadline::after(started, timeout)).await.expect("a report");
        let took = SystemClock.now().monotonic - started;
        assert_eq!(processor.quarantine.arrived(), ["1"]);
        assert_eq!(processor.sink.arrived(), ["0", "2"]);
        assert_eq!(checkpoint_index(&report), Some(3));
        assert!(took < timeout * 6 / 10, "the quarantine was given {took:?} of {timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_hanging_is_answered_in_time() {
    for timeout in TIMEOUTS {
        let processor = processor()
            .with_key_fault(2, KeyFault::Hangs)
            .with_quarantine_fault(DestinationFault::HangsAfter(0))
            .with_sink_fault(DestinationFault::HangsAfter(0));
        let report = run_in_time(&processor, timeout).await;
        assert_eq!(checkpoint_index(&report), Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_do_not_open_in_time_wait_for_the_redelivery() {
    let processor = processor();
    let now = SystemClock.now().monotonic;
    let report = processor.process(batch(records_under(&[1, 1])), Deadline::at(now)).await.expect("a report");
    assert_eq!(checkpoint_index(&report), Some(0));
    assert!(processor.sink.arrived().is_empty());
}
