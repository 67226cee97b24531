//! From when on a data key ages.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_entry_ages_from_when_it_was_asked_for_whatever_held_up_the_answer() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    for (frozen, age, calls) in [(200, 99, 1), (200, 100, 2), (300, 0, 2), (301, 0, 2)] {
        let stack = stack_with(&settings);
        let request = stack.request();
        stack.kms.script([(SECOND, Answer::Truthful)]);
        let (frozen, age) = (frozen * SECOND - SECOND, age * SECOND);
        // The sandbox is frozen while KMS answers; only wall time goes on.
        let decrypt = stack.decrypt(&request);
        let freeze = async {
            tokio::time::sleep(SECOND / 2).await;
            stack.clock.advance_wall(frozen);
        };
        tokio::join!(decrypt, freeze).0.unwrap();
        stack.clock.advance_wall(age);
        stack.decrypt(&request).await.unwrap();
        assert_eq!(stack.kms.call_count(), calls, "frozen for {frozen:?}, then used at {age:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_ages_from_when_its_request_was_sent_however_long_that_had_waited_for_its_turn() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    for (age, calls) in [(299, 2), (300, 3), (301, 3)] {
        let stack = stack_of(&settings, 1, RetryPolicy { attempt_timeout: 200 * SECOND, ..RetryPolicy::default() });
        let (slow, waiting) = (stack.request(), stack.request());
        stack.kms.script([(100 * SECOND, Answer::Truthful)]);
        let both = [stack.decrypt_within(&slow, 600 * SECOND), stack.decrypt_within(&waiting, 600 * SECOND)];
        assert!(join_all(both).await.iter().all(Result::is_ok));
        assert!(stack.kms.calls()[1].at >= stack.kms.calls()[0].at + 100 * SECOND, "one after the other");
        stack.clock.advance_wall(age * SECOND - LATENCY);
        stack.decrypt(&waiting).await.unwrap();
        assert_eq!(stack.kms.call_count(), calls, "{age} s after it was asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_again_is_as_old_as_the_request_that_was_answered() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    for (age, calls) in [(299, 2), (300, 3)] {
        let stack = stack_with(&settings);
        let request = stack.request();
        stack.kms.script([(LATENCY, Answer::Never)]);
        stack.decrypt(&request).await.unwrap();
        assert!(stack.kms.calls()[1].at >= stack.kms.calls()[0].at + SECOND, "the first attempt took its time");
        stack.clock.advance_wall(age * SECOND - LATENCY);
        stack.decrypt(&request).await.unwrap();
        assert_eq!(stack.kms.call_count(), calls, "{age} s after it was asked for again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_ages_from_when_its_request_was_sent() {
    let settings = CacheSettings::default();
    let stack = stack_of(&settings, 1, RetryPolicy { attempt_timeout: 200 * SECOND, ..RetryPolicy::default() });
    let (slow, poison) = (stack.request(), stack.request());
    stack.kms.script([(100 * SECOND, Answer::Truthful), (LATENCY, Answer::Undecryptable)]);
    let outcomes =
        join_all([stack.decrypt_within(&slow, 600 * SECOND), stack.decrypt_within(&poison, 600 * SECOND)]).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    assert!(CacheSettings::DEFAULT_FAILURE_MAX_AGE < 100 * SECOND);
    assert!(stack.decrypt(&poison).await.is_err());
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().failure_hits), (2, 1));
}
