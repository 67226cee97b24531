//! What happens off the async runtime's threads: panics stay there, and the deadline is looked at between records.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::fakes::{FUNCTION_TIMEOUT, checkpoint_index, processor};
use super::fixtures::{batch, records_under};
use crate::batch::BatchError;
use crate::clock::{Clock, Now, SystemClock};
use crate::decryptor::OpeningPanicked;
use crate::failure::FailureClass;
use crate::retry::Deadline;

/// The machine's clock on the thread it was made on. On others, each reading is counted and `then` applied.
#[derive(Debug)]
struct OtherThreadsClock {
    home: ThreadId,
    readings: AtomicUsize,
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Panic,
    /// After so many readings, an hour has passed.
    HourAfter(usize),
}

impl OtherThreadsClock {
    fn new(then: Then) -> Arc<Self> {
        Arc::new(Self { home: thread::current().id(), readings: AtomicUsize::new(0), then })
    }
}

impl Clock for OtherThreadsClock {
    fn now(&self) -> Now {
        let mut now = SystemClock.now();
        if thread::current().id() != self.home {
            let readings = self.readings.fetch_add(1, Ordering::Relaxed);
            match self.then {
                Then::Panic => panic!("scripted"),
                Then::HourAfter(count) if readings >= count => now.monotonic += Duration::from_secs(3_600),
                Then::HourAfter(_) => {}
            }
        }
        now
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_opening_fails_the_batch_and_nothing_else() {
    let mut processor = processor();
    processor.decryptor.clock = OtherThreadsClock::new(Then::Panic);
    let deadline = Deadline::after(SystemClock.now().monotonic, FUNCTION_TIMEOUT);
    let records = records_under(&[1; 40]);
    let error = processor.process(batch(records.clone()), deadline).await.expect_err("a panic");
    assert_eq!(error, BatchError::OpeningPanicked(OpeningPanicked));
    assert!(processor.sink.arrived().is_empty());

    processor.decryptor.clock = Arc::new(SystemClock);
    assert_eq!(processor.run(batch(records)).await.delivered, 40, "the warm state survives");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_open_in_time_is_the_checkpoint() {
    for opened in [0, 1, 15, 16, 17, 39] {
        let mut processor = processor();
        processor.decryptor.settings.opening_threads = NonZeroUsize::MIN;
        processor.decryptor.clock = OtherThreadsClock::new(Then::HourAfter(opened));
        let report = processor.run(batch(records_under(&[1; 40]))).await;
        assert_eq!((checkpoint_index(&report), report.delivered), (Some(opened), opened));
        assert_eq!(report.checkpoint.map(|checkpoint| checkpoint.class), Some(FailureClass::Transient));
    }
}

#[tokio::test(start_paused = true)]
async fn what_two_threads_open_in_time_is_delivered_in_order_without_gaps() {
    let mut processor = processor();
    processor.decryptor.clock = OtherThreadsClock::new(Then::HourAfter(50));
    let report = processor.run(batch(records_under(&[1; 100]))).await;
    assert!(report.delivered <= 50);
    assert_eq!(checkpoint_index(&report), Some(report.delivered));
    assert!(processor.sink.arrived().iter().enumerate().all(|(place, number)| *number == place.to_string()));
}
