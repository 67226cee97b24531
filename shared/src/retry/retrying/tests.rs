use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures_util::future::join_all;

use super::*;
use crate::clock::SystemClock;
use crate::data_keys::{DataKeyError, DecryptedCiphertext, GrantTokens, KeyArn, KmsDecrypt};
use crate::message::EncryptionContext;
use crate::retry::Jitter;
use crate::testing::{Answer, FakeKms, requests};

const SECOND: Duration = Duration::from_secs(1);

struct Setup {
    kms: FakeKms,
    retrying: Retrying<FakeKms>,
    key: KeyArn,
    context: EncryptionContext,
    ciphertext: Vec<u8>,
}

fn setup(max_concurrency: usize) -> Setup {
    seeded_setup(max_concurrency, 7)
}

fn seeded_setup(max_concurrency: usize, seed: u64) -> Setup {
    let (kms, key, context) = (FakeKms::default(), requests::key("1"), requests::context());
    let (max_attempts, jitter) = (NonZeroU32::new(5).unwrap(), Jitter::seeded(seed));
    let policy = RetryPolicy { max_attempts, jitter, ..RetryPolicy::default() };
    let limit = ConcurrencyLimit::new(NonZeroUsize::new(max_concurrency).unwrap());
    let ciphertext = kms.wrap(&key, &requests::PLAINTEXT_DATA_KEY, &context);
    let retrying = Retrying::new(kms.clone(), policy, limit, Arc::new(SystemClock));
    Setup { kms, retrying, key, context, ciphertext }
}

impl Setup {
    async fn decrypt(&self, within: Duration) -> Result<DecryptedCiphertext, DataKeyError> {
        self.decrypt_until(Deadline::after(SystemClock.now().monotonic, within)).await
    }

    async fn decrypt_until(&self, deadline: Deadline) -> Result<DecryptedCiphertext, DataKeyError> {
        let (key, ciphertext) = (Some(self.key.clone()), self.ciphertext.clone());
        let (encryption_context, grant_tokens) = (self.context.clone(), GrantTokens::default());
        let request = KmsDecrypt { key, ciphertext, encryption_context, grant_tokens };
        self.retrying.call(&request, deadline).await
    }
}

fn now() -> tokio::time::Instant {
    SystemClock.now().monotonic
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_are_made_again_after_jittered_pauses() {
    let setup = setup(8);
    setup.kms.script(std::iter::repeat_n((Duration::ZERO, Answer::Throttled), 3));
    assert!(setup.decrypt(60 * SECOND).await.is_ok());
    let calls = setup.kms.calls();
    assert_eq!(calls.len(), 4);
    for (pair, bound_in_millis) in calls.windows(2).zip([100, 200, 400]) {
        // One more for the timer's resolution.
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(bound_in_millis + 1));
    }
    let statistics = setup.retrying.statistics();
    let failures = [FailureClass::Throttled, FailureClass::Transient].map(|class| statistics.failures.of(class));
    assert_eq!((statistics.calls, statistics.attempts, failures), (1, 4, [3, 0]));
    assert_eq!((statistics.attempt_durations.total(), statistics.waited), (4, calls[3].at - calls[0].at));
    assert_eq!(setup.retrying.statistics().since(&statistics).attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_attempts_failure_is_reported() {
    let setup = setup(8);
    setup.kms.script(std::iter::repeat_n((Duration::ZERO, Answer::Transient), 4));
    setup.kms.always(Duration::ZERO, Answer::Throttled);
    assert!(matches!(setup.decrypt(60 * SECOND).await, Err(DataKeyError::Throttled(_))));
    assert_eq!(setup.kms.call_count(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_must_mend_and_what_never_works_is_asked_for_once() {
    for answer in [Answer::AccessDenied, Answer::KeyUnavailable, Answer::Undecryptable] {
        let setup = setup(8);
        setup.kms.always(Duration::ZERO, answer);
        assert!(!setup.decrypt(60 * SECOND).await.unwrap_err().class().is_retryable());
        assert_eq!(setup.kms.call_count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_attempt_is_abandoned_and_made_again() {
    let setup = setup(8);
    setup.kms.script([(Duration::ZERO, Answer::Never)]);
    let began = now();
    assert!(setup.decrypt(60 * SECOND).await.is_ok());
    assert!(now() - began >= RetryPolicy::DEFAULT_ATTEMPT_TIMEOUT);
    assert_eq!((setup.kms.call_count(), setup.kms.under_way()), (2, 0));
    assert_eq!(setup.retrying.statistics().failures.of(FailureClass::Transient), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_exactly_at_a_deadline_that_is_nearer_than_its_time_out() {
    let setup = setup(8);
    setup.kms.always(Duration::ZERO, Answer::Never);
    let began = now();
    let error = setup.decrypt(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, DataKeyError::DeadlinePassed));
    assert_eq!(now() - began, Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn throttling_for_ever_is_throttled_by_the_deadline() {
    // Ends in a pause for some jitters, within a call for others.
    for seed in 0..50 {
        let setup = seeded_setup(8, seed);
        setup.kms.always(Duration::from_millis(40), Answer::Throttled);
        let began = now();
        let error = setup.decrypt(Duration::from_millis(250)).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Throttled);
        assert!(now() - began <= Duration::from_millis(250));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_call_cut_short_by_the_deadline_does_not_hide_the_throttling_before_it() {
    let setup = setup(8);
    setup.kms.script([(Duration::ZERO, Answer::Throttled)]);
    setup.kms.always(Duration::ZERO, Answer::Never);
    let error = setup.decrypt(Duration::from_millis(500)).await.unwrap_err();
    assert_eq!((error.class(), setup.kms.call_count()), (FailureClass::Throttled, 2));
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_called() {
    let setup = setup(8);
    assert!(matches!(setup.decrypt(Duration::ZERO).await, Err(DataKeyError::DeadlinePassed)));
    assert_eq!(setup.kms.call_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_permit_ends_at_the_deadline() {
    let setup = setup(1);
    setup.kms.script([(Duration::from_millis(900), Answer::Truthful)]);
    let began = now();
    let (slow, waiting) = tokio::join!(setup.decrypt(10 * SECOND), async {
        let outcome = setup.decrypt(Duration::from_millis(500)).await;
        (outcome, now() - began)
    });
    assert!(slow.is_ok());
    assert!(matches!(waiting.0, Err(DataKeyError::DeadlinePassed)));
    assert_eq!((waiting.1, setup.kms.call_count()), (Duration::from_millis(500), 1));
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_is_made_once_and_only_if_nobody_has_to_wait_for_it() {
    let setup = setup(1);
    setup.kms.always(Duration::from_millis(10), Answer::Throttled);
    let impatient = setup.decrypt_until(Deadline::after(now(), 60 * SECOND).impatient()).await;
    assert!(matches!(impatient, Err(DataKeyError::Throttled(_))));
    assert_eq!(setup.kms.call_count(), 1);

    let setup = self::setup(1);
    setup.kms.always(Duration::from_millis(10), Answer::Truthful);
    let began = now();
    let mut patient = Box::pin(setup.decrypt(60 * SECOND));
    assert!(futures_util::poll!(patient.as_mut()).is_pending());
    let impatient = setup.decrypt_until(Deadline::after(began, 60 * SECOND).impatient()).await;
    assert!(matches!(impatient, Err(DataKeyError::DeadlinePassed)));
    assert_eq!((now(), setup.kms.call_count()), (began, 1));
    assert!(patient.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_gives_its_permit_back() {
    let setup = setup(1);
    setup.kms.script([(Duration::ZERO, Answer::Never)]);
    let mut dropped = Box::pin(setup.decrypt(60 * SECOND));
    assert!(futures_util::poll!(dropped.as_mut()).is_pending());
    drop(dropped);
    assert!(setup.decrypt(Duration::from_millis(1)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn once_throttled_calls_follow_each_other_at_the_pace_that_was_granted() {
    let setup = setup(8);
    setup.kms.always(Duration::from_millis(10), Answer::Truthful);
    assert!(join_all((0..10).map(|_| setup.decrypt(60 * SECOND))).await.iter().all(Result::is_ok));
    assert!(now() - began_of(&setup) < SECOND / 10, "nothing holds them back");
    setup.kms.script([(Duration::ZERO, Answer::Throttled)]);
    let began = now();
    assert!(join_all((0..11).map(|_| setup.decrypt(60 * SECOND))).await.iter().all(Result::is_ok));
    // Ten in a second were granted.
    let (took, statistics) = (now() - began, setup.retrying.statistics());
    assert!((SECOND / 4..SECOND).contains(&took), "{took:?}");
    let throttled = statistics.failures.of(FailureClass::Throttled);
    assert_eq!((statistics.calls, statistics.attempts, throttled), (10 + 11, 10 + 11 + 1, 1));
    assert_eq!(statistics.concurrency_limit, 8);
}

fn began_of(setup: &Setup) -> tokio::time::Instant {
    setup.kms.calls()[0].at
}

#[tokio::test(start_paused = true)]
async fn nobody_else_calls_while_one_finds_out_whether_anything_is_granted() {
    let setup = setup(8);
    setup.kms.always(Duration::from_millis(10), Answer::Throttled);
    let outcomes = join_all((0..16).map(|_| setup.decrypt(4 * SECOND))).await;
    assert!(outcomes.iter().all(Result::is_err));
    // Two at first, then one at a time, after delays that grow.
    assert!(setup.kms.call_count() <= 8, "{}", setup.kms.call_count());
    assert_eq!(setup.kms.most_under_way(), 2);
}
