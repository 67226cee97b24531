use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, SystemClock};

fn limit(max: usize) -> ConcurrencyLimit {
    ConcurrencyLimit::new(NonZeroUsize::new(max).unwrap())
}

fn adaptive(max: usize) -> AdaptiveLimit {
    AdaptiveLimit::new(NonZeroUsize::new(max).unwrap())
}

fn seconds_from_now(seconds: u64) -> Deadline {
    Deadline::after(SystemClock.now().monotonic, Duration::from_secs(seconds))
}

#[test]
fn throttling_halves_down_to_one() {
    let mut limit = adaptive(9);
    let mut seen = Vec::new();
    for _ in 0..5 {
        limit.record(Outcome::Throttled, limit.round());
        seen.push(limit.current());
    }
    assert_eq!(seen, [4, 2, 1, 1, 1]);
}

#[test]
fn one_volley_of_throttled_requests_halves_once() {
    let mut limit = adaptive(16);
    let sent_in = limit.round();
    for _ in 0..16 {
        limit.record(Outcome::Throttled, sent_in);
    }
    assert_eq!(limit.current(), 8);
}

#[test]
fn the_limit_grows_by_one_for_as_many_answers_as_it_allows_requests() {
    let mut limit = adaptive(16);
    limit.record(Outcome::Throttled, 0);
    let mut after = |answers: usize| {
        (0..answers).for_each(|_| limit.record(Outcome::Answered, 1));
        limit.current()
    };
    assert_eq!([after(7), after(1), after(8), after(1)], [8, 9, 9, 10]);
}

#[test]
fn the_limit_grows_no_further_than_the_maximum() {
    let mut limit = adaptive(3);
    (0..100).for_each(|_| limit.record(Outcome::Answered, 0));
    assert_eq!(limit.current(), 3);
}

proptest! {
    #[test]
    fn the_limit_is_never_below_one_nor_above_the_maximum(
        max in 1_usize..64,
        outcomes in prop::collection::vec((any::<bool>(), 0_u64..3), 0..500),
    ) {
        let mut limit = adaptive(max);
        for (throttled, rounds_ago) in outcomes {
            let before = limit.current();
            let round = limit.round().saturating_sub(rounds_ago);
            limit.record(if throttled { Outcome::Throttled } else { Outcome::Answered }, round);
            prop_assert!((1..=max).contains(&limit.current()));
            let expected = if throttled { (before / 2).max(1)..=before } else { before..=before + 1 };
            prop_assert!(expected.contains(&limit.current()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_ends_at_the_deadline() {
    let limit = limit(1);
    let _held = limit.acquire(seconds_from_now(60)).await.unwrap();
    let deadline = seconds_from_now(3);
    assert_eq!(limit.acquire(deadline).await.unwrap_err(), GiveUp::DeadlinePassed);
    assert_eq!(SystemClock.now().monotonic, deadline.instant());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_does_not_take_the_next_ones_permit() {
    let limit = Arc::new(limit(1));
    let held = limit.acquire(seconds_from_now(60)).await.unwrap();
    let mut dropped = Box::pin(limit.acquire(seconds_from_now(60)));
    assert!(futures_util::poll!(dropped.as_mut()).is_pending());
    let mut next = Box::pin(limit.acquire(seconds_from_now(60)));
    assert!(futures_util::poll!(next.as_mut()).is_pending());
    held.release_answered();
    drop(dropped); // woken, but never polled again
    assert!(next.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_never_exceed_the_limit_and_all_finish() {
    let limit = Arc::new(limit(4));
    let under_way = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let requests = (0..100_u64).map(|number| {
        let (limit, under_way) = (Arc::clone(&limit), Arc::clone(&under_way));
        tokio::spawn(async move {
            let permit = limit.acquire(seconds_from_now(3_600)).await.unwrap();
            let now_under_way = 1 + under_way.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10 + number % 7)).await;
            under_way.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            if number % 10 == 0 {
                permit.release_throttled()
            } else {
                permit.release_answered()
            }
            now_under_way
        })
    });
    for most in futures_util::future::join_all(requests).await {
        assert!(most.unwrap() <= 4);
    }
    assert_eq!(limit.lock().in_use, 0);
}
