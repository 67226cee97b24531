mod ages;
mod dates;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;

use super::*;
use crate::data_keys::{AllowedKeys, DecryptionKeyring, DecryptionKeyringSettings};
use crate::failure::FailureClass;
use crate::message::AlgorithmSuite;
use crate::retry::{ConcurrencyLimit, Jitter, RetryPolicy, Retrying};
use crate::testing::requests::{self, PLAINTEXT_DATA_KEY, REGION, key};
use crate::testing::{Answer, FakeKms, ManualClock};

const SECOND: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(10);
const MAX_ATTEMPTS: u32 = 6;

/// The whole stack, as `main` composes it, on a fake KMS.
struct Stack {
    kms: FakeKms,
    clock: Arc<ManualClock>,
    cache: CachingDecryption<DecryptionKeyring<Retrying<FakeKms>>>,
}

fn stack() -> Stack {
    stack_with(&CacheSettings::default())
}

fn stack_with(settings: &CacheSettings) -> Stack {
    stack_of(settings, 8, RetryPolicy::default())
}

fn stack_of(settings: &CacheSettings, max_concurrency: usize, policy: RetryPolicy) -> Stack {
    let (kms, clock) = (FakeKms::default(), Arc::new(ManualClock::new()));
    kms.always(LATENCY, Answer::Truthful);
    let (max_attempts, jitter) = (NonZeroU32::new(MAX_ATTEMPTS).unwrap(), Jitter::seeded(7));
    let policy = RetryPolicy { max_attempts, jitter, ..policy };
    // The retry loop keeps the system's clock, which tokio pauses: the tests move the ages' clock only.
    let limit = ConcurrencyLimit::new(NonZeroUsize::new(max_concurrency).unwrap());
    let retrying = Retrying::new(kms.clone(), policy, limit, Arc::new(crate::clock::SystemClock));
    let allowed = AllowedKeys::Strict(vec![key("1")]);
    let keyring = DecryptionKeyring::new(
        retrying,
        DecryptionKeyringSettings::new(allowed, REGION, Vec::new()).unwrap(),
        Arc::new(crate::clock::SystemClock),
    );
    let cache = CachingDecryption::new(keyring, settings, Arc::clone(&clock) as Arc<dyn Clock>);
    Stack { kms, clock, cache }
}

impl Stack {
    fn request(&self) -> DecryptionRequest {
        requests::message(&self.kms, &[key("1")])
    }

    async fn decrypt(&self, request: &DecryptionRequest) -> Result<DecryptionMaterials, DataKeyError> {
        self.decrypt_within(request, 60 * SECOND).await
    }

    async fn decrypt_within(
        &self,
        request: &DecryptionRequest,
        within: Duration,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        self.cache.decrypt_data_key(request, self.clock.deadline(within)).await
    }

    /// A request whose data key has been decrypted a second time, after it had expired: from now on it is refreshed ahead.
    async fn returned(&self) -> DecryptionRequest {
        let request = self.request();
        self.decrypt(&request).await.unwrap();
        self.clock.advance(CacheSettings::DEFAULT_MAX_AGE);
        self.decrypt(&request).await.unwrap();
        request
    }

    /// Lets tasks that were started in the background come to their end.
    async fn settle(&self) {
        tokio::time::sleep(5 * SECOND).await;
    }
}

fn now() -> tokio::time::Instant {
    crate::clock::SystemClock.now().monotonic
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_for_one_cold_key_make_one_call_and_then_none() {
    let stack = stack();
    let request = stack.request();
    for outcome in join_all((0..1_000).map(|_| stack.decrypt(&request))).await {
        assert_eq!(outcome.unwrap().data_key.expose(), PLAINTEXT_DATA_KEY);
    }
    assert_eq!(stack.kms.call_count(), 1);
    let statistics = stack.cache.statistics();
    assert_eq!((statistics.loads, statistics.coalesced, statistics.hits), (1, 999, 0));

    assert!(join_all((0..1_000).map(|_| stack.decrypt(&request))).await.iter().all(Result::is_ok));
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().hits), (1, 1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_from_several_threads_make_one_call() {
    let stack = Arc::new(stack());
    let request = Arc::new(stack.request());
    let tasks = (0..1_000).map(|_| {
        let (stack, request) = (Arc::clone(&stack), Arc::clone(&request));
        tokio::spawn(async move { stack.decrypt(&request).await })
    });
    for outcome in join_all(tasks).await {
        assert!(outcome.unwrap().is_ok());
    }
    assert_eq!(stack.kms.call_count(), 1);
    assert!(stack.cache.cache.loads_under_way() == 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_share_one_retry_loop_that_succeeds() {
    let stack = stack();
    stack.kms.script(std::iter::repeat_n((LATENCY, Answer::Throttled), 3));
    let (request, began) = (stack.request(), now());
    let outcomes = join_all((0..1_000).map(|_| stack.decrypt(&request))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(stack.kms.call_count(), 4);
    // Pauses of at most 100, 200 and 400 ms, four calls, and the timer's resolution.
    assert!(now() - began <= Duration::from_millis(700 + 4 * 10 + 7));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_share_one_retry_loop_that_fails() {
    let stack = stack();
    stack.kms.always(LATENCY, Answer::Throttled);
    let request = stack.request();
    for outcome in join_all((0..1_000).map(|_| stack.decrypt(&request))).await {
        assert_eq!(outcome.unwrap_err().class(), FailureClass::Throttled);
    }
    assert_eq!(stack.kms.call_count(), MAX_ATTEMPTS as usize);
    assert!(stack.cache.cache.loads_under_way() == 0);
}

#[tokio::test(start_paused = true)]
async fn waiters_finish_when_the_leader_is_dropped_at_any_await_point() {
    // Await points: the throttled call, the pause after it, the second call.
    for dropped_after_millis in 0..120 {
        let stack = stack();
        stack.kms.script([(LATENCY, Answer::Throttled)]);
        let request = stack.request();
        let mut leader = Box::pin(stack.decrypt(&request));
        assert!(poll!(leader.as_mut()).is_pending());
        let waiters = join_all((0..10).map(|_| stack.decrypt(&request)));
        let leader = async {
            let _ = tokio::time::timeout(Duration::from_millis(dropped_after_millis), leader).await;
        };
        let ((), outcomes) = tokio::join!(leader, waiters);
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(stack.kms.call_count(), 2, "dropped after {dropped_after_millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_who_wait_are_dropped_the_call_ends_and_the_next_request_begins_anew() {
    let stack = stack();
    let request = stack.request();
    let mut abandoned: Vec<_> = (0..3).map(|_| Box::pin(stack.decrypt(&request))).collect();
    for waiter in &mut abandoned {
        assert!(poll!(waiter.as_mut()).is_pending());
    }
    assert_eq!(stack.kms.under_way(), 1);
    drop(abandoned);
    assert_eq!(stack.kms.under_way(), 0);
    assert!(stack.cache.cache.loads_under_way() == 0);
    assert!(stack.decrypt(&request).await.is_ok());
    assert_eq!(stack.kms.call_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn suites_without_key_derivation_are_never_stored_but_share_a_flight() {
    let stack = stack();
    let encrypted = requests::encrypted_data_key(&stack.kms, &key("1"));
    let request = requests::of_suite(AlgorithmSuite::Aes256GcmIv12Tag16NoKdf, vec![encrypted]);
    assert!(join_all((0..10).map(|_| stack.decrypt(&request))).await.iter().all(Result::is_ok));
    assert_eq!(stack.kms.call_count(), 1);
    stack.decrypt(&request).await.unwrap();
    let statistics = stack.cache.statistics();
    assert_eq!((stack.kms.call_count(), statistics.entries, statistics.hits), (2, 0, 0));
    assert_eq!((statistics.bypasses, statistics.coalesced), (2, 9));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_or_throttling_kms_is_given_up_by_the_deadline() {
    let cases = [
        (Answer::Never, FailureClass::Transient),
        (Answer::Throttled, FailureClass::Throttled),
        (Answer::Transient, FailureClass::Transient),
    ];
    for (answer, class) in cases {
        let stack = stack();
        stack.kms.always(LATENCY, answer);
        let (request, began) = (stack.request(), now());
        let outcomes = join_all((0..10).map(|_| stack.decrypt_within(&request, Duration::from_millis(120)))).await;
        assert!(outcomes.into_iter().all(|outcome| outcome.unwrap_err().class() == class));
        assert!(now() - began <= Duration::from_millis(120));
        assert_eq!(stack.kms.under_way(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_with_a_later_deadline_does_not_inherit_an_earlier_ones() {
    let stack = stack();
    stack.kms.script([(400 * LATENCY, Answer::Truthful)]);
    let request = stack.request();
    let (short, long) = tokio::join!(
        stack.decrypt_within(&request, Duration::from_millis(100)),
        stack.decrypt_within(&request, Duration::from_secs(10)),
    );
    assert!(matches!(short, Err(DataKeyError::DeadlinePassed)));
    assert!(long.is_ok());
    let statistics = stack.cache.statistics();
    assert_eq!((stack.kms.call_count(), statistics.rejoined), (2, 1));
    assert_eq!((statistics.loads, statistics.coalesced), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_with_an_earlier_deadline_leaves_the_load_to_the_others() {
    let stack = stack();
    stack.kms.script([(50 * LATENCY, Answer::Truthful)]);
    let request = stack.request();
    let began = now();
    let (long, short) = tokio::join!(stack.decrypt_within(&request, 10 * SECOND), async {
        let outcome = stack.decrypt_within(&request, Duration::from_millis(100)).await;
        (outcome, now() - began)
    });
    assert!(long.is_ok());
    assert!(matches!(short.0, Err(DataKeyError::DeadlinePassed)));
    assert_eq!((short.1, stack.kms.call_count()), (Duration::from_millis(100), 1));
}

#[tokio::test(start_paused = true)]
async fn no_text_shows_a_byte_of_a_key() {
    let stack = stack();
    let request = stack.request();
    let materials = stack.decrypt(&request).await.unwrap();
    let texts = format!("{:?} {materials:?}", stack.cache);
    // As numbers, as hexadecimal digits, as text.
    for secret in ["167, 167, 167", "a7a7a7", "A7A7A7", "\u{A7}\u{A7}"] {
        assert!(!texts.contains(secret), "{texts}");
    }
}
