//! Before, at and after each limit.

use super::*;

/// The number of generations that `messages` messages of `bytes` bytes, one after another, make.
async fn generations(stack: &Stack, messages: usize, bytes: u64) -> usize {
    for _ in 0..messages {
        stack.generate(bytes).await.unwrap();
    }
    stack.kms.call_count()
}

#[tokio::test(start_paused = true)]
async fn as_many_messages_as_allowed_share_a_data_key() {
    for (messages, expected) in [(4, 1), (5, 1), (6, 2), (10, 2), (11, 3)] {
        let stack = limited(5, 1 << 20);
        assert_eq!(generations(&stack, messages, 1).await, expected, "{messages} messages");
        assert_eq!(stack.cache.statistics().used_up, expected as u64 - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_bytes_as_allowed_share_a_data_key() {
    for (last, expected) in [(39, 1), (40, 1), (41, 2)] {
        let stack = limited(1_000, 100);
        stack.generate(60).await.unwrap();
        assert_eq!(generations(&stack, 1, last).await, expected, "60 and {last} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_of_exactly_the_limit_is_cached_and_a_longer_one_is_not() {
    for (bytes, entries, bypasses) in [(99, 1, 0), (100, 1, 0), (101, 0, 1)] {
        let stack = limited(1_000, 100);
        stack.generate(bytes).await.unwrap();
        let statistics = stack.cache.statistics();
        assert_eq!((statistics.entries, statistics.bypasses), (entries, bypasses), "{bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn empty_messages_are_messages() {
    assert_eq!(generations(&limited(2, 1), 5, 0).await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_largest_limits_do_not_overflow() {
    let stack = stack();
    let longest = UsageLimits::DEFAULT_MAX_BYTES;
    assert_eq!(generations(&stack, 3, longest).await, 3);
    stack.generate_for(&requests::generation(SUITE), Some(u64::MAX)).await.unwrap();
    assert_eq!(stack.cache.statistics().bypasses, 1);
}

#[tokio::test(start_paused = true)]
async fn a_data_key_expires_exactly_at_its_maximum_age_on_either_clock() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    let clocks: [fn(&ManualClock, Duration); 3] =
        [ManualClock::advance, ManualClock::advance_monotonic, ManualClock::advance_wall];
    for advance in clocks {
        for (age, expected) in [(299, 1), (300, 2), (301, 2)] {
            let stack = stack_with(&settings, UsageLimits::default());
            stack.generate(1).await.unwrap();
            advance(&stack.clock, age * SECOND);
            assert_eq!(generations(&stack, 1, 1).await, expected, "at {age} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_key_is_expired_when_wall_time_moves_back_before_it_was_made() {
    let stack = stack();
    stack.generate(1).await.unwrap();
    stack.clock.set_wall_back(Duration::from_secs(1));
    assert_eq!(generations(&stack, 1, 1).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_drops_the_least_recently_used_data_key() {
    let settings = CacheSettings::new(300 * SECOND, None, 2).unwrap();
    let stack = stack_with(&settings, UsageLimits::default());
    let of = |tenant: &str| GenerationRequest::new(SUITE, [("tenant", tenant)].into_iter().collect()).unwrap();
    for tenant in ["a", "b", "a", "c", "a"] {
        stack.generate_for(&of(tenant), Some(1)).await.unwrap();
    }
    assert_eq!(stack.kms.call_count(), 3);
    stack.generate_for(&of("b"), Some(1)).await.unwrap();
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().evictions), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn from_the_refresh_age_on_a_replacement_is_generated_without_anybody_waiting() {
    let stack = limited(2_000, 1 << 20);
    let first = stack.generate(1).await.unwrap();
    stack.clock.advance(239 * SECOND);
    stack.generate(1).await.unwrap();
    stack.settle().await;
    assert_eq!(stack.kms.call_count(), 1);

    stack.clock.advance(SECOND);
    let began = now();
    for outcome in stack.volley(1_000).await {
        assert!(Arc::ptr_eq(&outcome.unwrap(), &first));
    }
    assert_eq!(now(), began);
    stack.settle().await;
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().refreshes), (2, 1));

    // The replacement has its own age and its own count.
    assert!(!Arc::ptr_eq(&stack.generate(1).await.unwrap(), &first));
    assert_eq!(uses(&stack.volley(1_999).await), [1_999]);
    assert_eq!(stack.kms.call_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_replacement_leaves_the_old_data_key_to_its_limits() {
    for answer in [Answer::Throttled, Answer::AccessDenied, Answer::Never] {
        let stack = limited(3, 1 << 20);
        stack.generate(1).await.unwrap();
        stack.kms.always(LATENCY, answer.clone());
        // Wall time only: the refresh's own deadline is then where tokio's time comes to it.
        stack.clock.advance_wall(240 * SECOND);
        stack.generate(1).await.unwrap();
        stack.settle().await;
        assert_eq!(stack.cache.statistics().failed_refreshes, 1);
        stack.generate(1).await.unwrap();
        // The fourth message exceeds the limit, whatever became of the replacement.
        assert!(stack.generate(1).await.is_err(), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_for_which_too_little_is_left_waits_for_the_replacement_under_way() {
    let stack = limited(2, 1 << 20);
    stack.generate(1).await.unwrap();
    stack.clock.advance(240 * SECOND);
    stack.generate(1).await.unwrap();
    stack.generate(1).await.unwrap();
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().coalesced), (2, 1));
}
