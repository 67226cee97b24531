//! What is kept, and for how long.

use super::*;
use crate::trace::in_trace;

#[tokio::test(start_paused = true)]
async fn an_entry_expires_exactly_at_its_maximum_age_on_either_clock() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    let clocks: [fn(&ManualClock, Duration); 3] =
        [ManualClock::advance, ManualClock::advance_monotonic, ManualClock::advance_wall];
    for advance in clocks {
        for (age, calls) in [(299, 1), (300, 2), (301, 2)] {
            let stack = stack_with(&settings);
            let request = stack.request();
            stack.decrypt(&request).await.unwrap();
            advance(&stack.clock, age * SECOND);
            stack.decrypt(&request).await.unwrap();
            assert_eq!(stack.kms.call_count(), calls, "at {age} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_expired_when_wall_time_moves_back_before_it_was_made() {
    let stack = stack();
    let request = stack.request();
    stack.decrypt(&request).await.unwrap();
    stack.clock.set_wall_back(Duration::from_secs(1));
    stack.decrypt(&request).await.unwrap();
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().expirations), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn from_the_refresh_age_on_a_hit_is_served_at_once_and_refreshed_once() {
    let stack = stack();
    let request = stack.returned().await;
    stack.clock.advance(239 * SECOND);
    stack.decrypt(&request).await.unwrap();
    stack.settle().await;
    assert_eq!(stack.kms.call_count(), 2);

    stack.clock.advance(SECOND);
    let began = now();
    assert!(join_all((0..1_000).map(|_| stack.decrypt(&request))).await.iter().all(Result::is_ok));
    assert_eq!(now(), began);
    stack.settle().await;
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().refreshes), (3, 1));

    // The refreshed entry is as good as new.
    stack.clock.advance(234 * SECOND);
    stack.decrypt(&request).await.unwrap();
    stack.settle().await;
    assert_eq!(stack.kms.call_count(), 3);
}

/// What the README says: producers that change keys as often as they expire cost one call for each key.
#[tokio::test(start_paused = true)]
async fn producers_that_change_keys_every_300_seconds_cost_one_call_for_each_key() {
    let stack = stack();
    for _key in 0..20 {
        let request = stack.request();
        for _second in 0..300 {
            stack.decrypt(&request).await.unwrap();
            stack.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
        stack.settle().await;
    }
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().refreshes), (20, 0));
}

#[tokio::test(start_paused = true)]
async fn a_data_key_in_use_for_long_is_waited_for_once_after_the_first() {
    let stack = stack();
    let (request, mut waits) = (stack.request(), 0);
    for _second in 0..3_600 {
        let began = now();
        stack.decrypt(&request).await.unwrap();
        waits += u32::from(now() > began);
        tokio::time::sleep(SECOND).await;
    }
    // At 0 s and 300 s; refreshed every 240 s from then on.
    let statistics = stack.cache.statistics();
    assert_eq!((waits, statistics.loads, statistics.refreshes), (2, 2, 13));
}

#[tokio::test(start_paused = true)]
async fn eight_hundred_refreshes_that_are_due_delay_no_load() {
    let stack = stack();
    let requests: Vec<_> = (0..800).map(|_| stack.request()).collect();
    for _expiry in 0..2 {
        stack.clock.advance(CacheSettings::DEFAULT_MAX_AGE);
        assert!(join_all(requests.iter().map(|request| stack.decrypt(request))).await.iter().all(Result::is_ok));
    }
    stack.clock.advance(CacheSettings::default_refresh_after(CacheSettings::DEFAULT_MAX_AGE));
    let (before, began) = (stack.kms.call_count(), now());
    assert!(join_all(requests.iter().map(|request| stack.decrypt(request))).await.iter().all(Result::is_ok));
    tokio::task::yield_now().await;
    stack.decrypt(&stack.request()).await.unwrap();
    assert!(now() - began <= LATENCY + Duration::from_millis(1), "{:?}", now() - began);
    stack.settle().await;
    // A quarter of the eight that may be under way, and the load.
    assert_eq!(stack.kms.call_count() - before, 2 + 1);
    // None is tried again when it is throttled.
    stack.clock.advance(10 * SECOND);
    stack.kms.always(LATENCY, Answer::Throttled);
    assert!(stack.decrypt(&requests[799]).await.is_ok());
    stack.settle().await;
    assert_eq!(stack.kms.call_count() - before, 3 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_serves_until_the_maximum_age_and_not_past_it() {
    for answer in [Answer::Throttled, Answer::AccessDenied, Answer::Undecryptable, Answer::Never] {
        let stack = stack();
        let request = stack.returned().await;
        stack.kms.always(LATENCY, answer.clone());
        stack.clock.advance_wall(299 * SECOND);
        assert!(stack.decrypt(&request).await.is_ok());
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(stack.decrypt(&request).await.is_ok());
        stack.settle().await;
        assert!(stack.decrypt(&request).await.is_err(), "{answer:?}");
        assert_eq!(stack.cache.statistics().failed_refreshes, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn refreshes_of_one_entry_keep_their_distance_and_never_overlap() {
    let stack = stack();
    let request = stack.returned().await;
    stack.kms.always(Duration::ZERO, Answer::AccessDenied);
    stack.clock.advance(240 * SECOND);
    for second in 0..30 {
        assert!(stack.decrypt(&request).await.is_ok());
        tokio::time::sleep(SECOND).await;
        assert_eq!(stack.cache.statistics().refreshes, 1 + second / 10);
    }
    assert_eq!((stack.kms.call_count(), stack.kms.most_under_way()), (2 + 3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_miss_during_a_refresh_waits_for_the_refresh() {
    let stack = stack();
    let request = stack.returned().await;
    stack.clock.advance(299 * SECOND);
    stack.decrypt(&request).await.unwrap();
    stack.clock.advance(SECOND);
    assert!(stack.decrypt(&request).await.is_ok());
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().coalesced), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_miss_does_not_inherit_the_failure_of_a_refresh() {
    for within in [SECOND, 60 * SECOND] {
        let stack = stack();
        let request = stack.returned().await;
        stack.clock.advance(299 * SECOND);
        stack.kms.script([(LATENCY, Answer::Throttled)]);
        let deadline = stack.clock.deadline(within);
        stack.cache.decrypt_data_key(&request, deadline).await.unwrap();
        stack.clock.advance(SECOND);
        // Even if both end at one moment.
        assert!(stack.cache.decrypt_data_key(&request, deadline).await.is_ok());
        assert_eq!((stack.kms.call_count(), stack.cache.statistics().rejoined), (4, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_costs_one_call_within_its_age() {
    let stack = stack();
    let request = stack.request();
    stack.kms.always(LATENCY, Answer::Undecryptable);
    for _ in 0..100 {
        assert_eq!(stack.decrypt(&request).await.unwrap_err().class(), FailureClass::Permanent);
    }
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().failure_hits), (1, 99));
    stack.clock.advance(CacheSettings::DEFAULT_FAILURE_MAX_AGE);
    stack.kms.always(LATENCY, Answer::Truthful);
    assert!(stack.decrypt(&request).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_are_not_remembered() {
    for (answer, calls) in [
        (Answer::Throttled, MAX_ATTEMPTS),
        (Answer::Transient, MAX_ATTEMPTS),
        (Answer::AccessDenied, 1),
        (Answer::KeyUnavailable, 1),
    ] {
        let stack = stack();
        let request = stack.request();
        stack.kms.always(LATENCY, answer.clone());
        assert!(stack.decrypt(&request).await.is_err());
        assert!(stack.decrypt(&request).await.is_err());
        assert_eq!(stack.kms.call_count(), 2 * calls as usize, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn poison_records_evict_no_data_key() {
    let stack = stack_with(&CacheSettings::new(300 * SECOND, None, 1).unwrap());
    let request = stack.request();
    stack.decrypt(&request).await.unwrap();
    for number in 0..10_u8 {
        let mut poison = stack.request();
        poison.wrapped = crate::data_keys::WrappedDataKey::KmsCiphertext(vec![number]);
        assert!(stack.decrypt(&poison).await.is_err());
    }
    let before = stack.kms.call_count();
    assert!(stack.decrypt(&request).await.is_ok());
    assert_eq!(stack.kms.call_count(), before);
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_used_data_key_makes_room() {
    let stack = stack_with(&CacheSettings::new(300 * SECOND, None, 2).unwrap());
    let [a, b, c] = [stack.request(), stack.request(), stack.request()];
    for request in [&a, &b, &a, &c, &a] {
        stack.decrypt(request).await.unwrap();
    }
    assert_eq!(stack.kms.call_count(), 3);
    stack.decrypt(&b).await.unwrap();
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().evictions), (4, 2));
    assert_eq!(stack.cache.statistics().entries, 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_tells_the_trace_of_the_invocation_that_caused_it() {
    let stack = stack();
    let request = stack.returned().await;
    stack.clock.advance(240 * SECOND);
    in_trace(Some("Root=1-2-3".into()), stack.decrypt(&request)).await.unwrap();
    // It is made after that invocation, in a task of its own.
    in_trace(Some("Root=4-5-6".into()), stack.settle()).await;
    let traces: Vec<_> = stack.kms.calls().into_iter().map(|call| call.trace_id).collect();
    assert_eq!(traces, [None, None, Some("Root=1-2-3".into())]);
}
