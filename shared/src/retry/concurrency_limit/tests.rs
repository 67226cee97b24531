use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::poll;

use super::*;
use crate::clock::SystemClock;
use crate::retry::Jitter;

fn limit(max: usize) -> ConcurrencyLimit {
    ConcurrencyLimit::new(NonZeroUsize::new(max).unwrap())
}

fn policy() -> RetryPolicy {
    RetryPolicy { jitter: Jitter::seeded(7), ..RetryPolicy::default() }
}

/// Takes a place and waits there.
async fn acquire(limit: &ConcurrencyLimit, deadline: Deadline) -> Result<Permit<'_>, GiveUp> {
    limit.take_place().acquire(deadline, &policy(), &SystemClock).await
}

fn now() -> Instant {
    SystemClock.now().monotonic
}

fn seconds_from_now(seconds: u64) -> Deadline {
    Deadline::after(now(), Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_ends_at_the_deadline() {
    let limit = limit(1);
    let _held = acquire(&limit, seconds_from_now(60)).await.unwrap();
    let deadline = seconds_from_now(3);
    assert_eq!(acquire(&limit, deadline).await.unwrap_err(), GiveUp::DeadlinePassed);
    assert_eq!(now(), deadline.instant());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_slot_ends_at_the_deadline() {
    let limit = limit(1);
    acquire(&limit, seconds_from_now(60)).await.unwrap().release_throttled(&policy(), &SystemClock);
    let deadline = Deadline::after(now(), Duration::from_millis(20));
    assert_eq!(acquire(&limit, deadline).await.unwrap_err(), GiveUp::DeadlinePassed);
    assert_eq!(now(), deadline.instant());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_does_not_take_the_next_ones_permit() {
    let limit = limit(1);
    let held = acquire(&limit, seconds_from_now(60)).await.unwrap();
    let mut dropped = Box::pin(acquire(&limit, seconds_from_now(60)));
    assert!(poll!(dropped.as_mut()).is_pending());
    let mut next = Box::pin(acquire(&limit, seconds_from_now(60)));
    assert!(poll!(next.as_mut()).is_pending());
    held.release_answered(&SystemClock);
    drop(dropped); // woken, but never polled again
    assert!(next.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn one_that_tries_again_goes_before_those_that_came_later() {
    let (limit, policy) = (limit(1), policy());
    let mut first = limit.take_place();
    let held = first.acquire(seconds_from_now(60), &policy, &SystemClock).await.unwrap();
    let mut later = Box::pin(acquire(&limit, seconds_from_now(60)));
    assert!(poll!(later.as_mut()).is_pending());
    held.release_throttled(&policy, &SystemClock);
    // The later one is first in the line and waits for its slot. The earlier one comes back to its place meanwhile.
    assert!(poll!(later.as_mut()).is_pending());
    let mut again = Box::pin(first.acquire(seconds_from_now(60), &policy, &SystemClock));
    let permit = tokio::select! {
        biased;
        permit = &mut later => panic!("it went first: {permit:?}"),
        permit = &mut again => permit.unwrap(),
    };
    permit.release_answered(&SystemClock);
    assert!(later.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_never_exceed_the_limit_and_all_finish() {
    let (limit, under_way) = (Arc::new(limit(4)), Arc::new(AtomicUsize::new(0)));
    let requests = (0..100_u64).map(|number| {
        let (limit, under_way) = (Arc::clone(&limit), Arc::clone(&under_way));
        tokio::spawn(async move {
            let permit = acquire(&limit, seconds_from_now(3_600)).await.unwrap();
            let now_under_way = 1 + under_way.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10 + number % 7)).await;
            under_way.fetch_sub(1, Ordering::SeqCst);
            if number % 10 == 0 {
                permit.release_throttled(&policy(), &SystemClock)
            } else {
                permit.release_answered(&SystemClock)
            }
            now_under_way
        })
    });
    for most in futures_util::future::join_all(requests).await {
        assert!(most.unwrap() <= 4);
    }
    assert_eq!(limit.lock().under_way, 0);
}

/// A clock that always says the same, as while a sandbox is frozen.
#[derive(Debug)]
struct StoppedClock(crate::clock::Now);

impl Clock for StoppedClock {
    fn now(&self) -> crate::clock::Now {
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_holds_nobody_up() {
    let (limit, policy, clock) = (limit(4), policy(), StoppedClock(SystemClock.now()));
    for _ in 0..3 {
        let permit = limit.take_place().acquire(seconds_from_now(60), &policy, &clock).await.unwrap();
        permit.release_throttled(&policy, &clock);
    }
}

#[tokio::test(start_paused = true)]
async fn spare_permits_are_a_quarter_of_the_limit_and_nobody_waits_for_them() {
    let (limit, now) = (limit(8), SystemClock.now().monotonic);
    for _grant in 0..12 {
        acquire(&limit, seconds_from_now(60)).await.unwrap().release_answered(&SystemClock);
    }
    let spare: Vec<_> = (0..3).map_while(|_| limit.try_spare(now)).collect();
    assert_eq!((limit.current(), spare.len()), (8, 2));
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(acquire(&limit, seconds_from_now(60)).await.unwrap());
    }
    assert_eq!(SystemClock.now().monotonic, now);
    drop(spare);
    assert!(limit.try_spare(now).is_none(), "the limit is reached");
    let mut waiting = Box::pin(acquire(&limit, seconds_from_now(60)));
    assert!(poll!(waiting.as_mut()).is_pending());
    drop(held.pop());
    assert!(limit.try_spare(now).is_none(), "somebody waits");
    drop(waiting);
    assert!(limit.try_spare(now).is_some());
    drop(held);
    // What they meet counts, and while requests are paced there is nothing to spare.
    limit.try_spare(now).unwrap().release_throttled(&policy(), &SystemClock);
    assert!(limit.try_spare(now).is_none());
    let state = limit.lock();
    assert_eq!((state.under_way, state.spare_under_way), (0, 0));
}

#[test]
fn the_lowest_limit_leaves_one_spare_permit() {
    let (limit, now) = (limit(1), SystemClock.now().monotonic);
    let spare = limit.try_spare(now);
    assert!(spare.is_some() && limit.try_spare(now).is_none());
}
