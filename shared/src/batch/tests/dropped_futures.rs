//! An invocation that ends at any await (the sandbox is killed, the runtime gives up): the redelivery finishes it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::fakes::{KeyFault, processor};
use super::fixtures::{batch, records_under};

/// Polls `future` `polls` times, then drops it. Tells whether it ended.
async fn dropped_after(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_invocation_dropped_at_any_await_loses_nothing_and_keeps_the_order() {
    let records = records_under(&[1, 9, 2, 3, 9, 1]);
    let mut dropped = 0;
    for polls in 0.. {
        let processor = processor().with_key_fault(9, KeyFault::Undecryptable);
        let ended = dropped_after(polls, processor.run(batch(records.clone()))).await;
        let before = processor.sink.arrived();
        assert!(["0", "2", "3", "5"].starts_with(&before.iter().map(String::as_str).collect::<Vec<_>>()));
        if ended {
            break;
        }
        dropped += 1;
        let report = processor.run(batch(records.clone())).await;
        assert_eq!(report.checkpoint, None);
        assert_eq!(processor.sink.arrived()[before.len()..], ["0", "2", "3", "5"], "dropped after {polls} polls");
        assert!(processor.quarantine.arrived().ends_with(&["1".to_owned(), "4".to_owned()]));
        if before.len() > 1 {
            assert!(processor.quarantine.arrived().len() == 4, "quarantine comes before delivery beyond it");
        }
    }
    assert!(dropped > 10, "the invocation has many awaits, {dropped} were tried");
}
