mod limits;
mod model;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;

use super::*;
use crate::clock::SystemClock;
use crate::data_keys::{GenerationKeyring, GenerationKeyringSettings};
use crate::failure::FailureClass;
use crate::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, MessageLimits, PUBLIC_KEY_CONTEXT_KEY, SealedMessage, seal};
use crate::retry::{ConcurrencyLimit, Jitter, RetryPolicy, Retrying};
use crate::testing::requests::{self, SIGNING_SUITE, SUITE, key};
use crate::testing::{Answer, Asked, FakeKms, ManualClock};

const SECOND: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(10);
const MAX_ATTEMPTS: u32 = 6;

type Outcome = Result<Arc<SealingMaterials>, DataKeyError>;

/// The whole stack, as `main` composes it, on a fake KMS.
struct Stack {
    kms: FakeKms,
    clock: Arc<ManualClock>,
    cache: CachingGeneration<GenerationKeyring<Retrying<FakeKms>>>,
}

fn stack() -> Stack {
    stack_with(&CacheSettings::default(), UsageLimits::default())
}

fn limited(max_messages: u64, max_bytes: u64) -> Stack {
    stack_with(&CacheSettings::default(), UsageLimits::new(max_messages, max_bytes).unwrap())
}

fn stack_with(settings: &CacheSettings, limits: UsageLimits) -> Stack {
    stack_of(settings, limits, Vec::new())
}

fn stack_of(settings: &CacheSettings, limits: UsageLimits, additional: Vec<crate::data_keys::KeyArn>) -> Stack {
    let (kms, clock) = (FakeKms::default(), Arc::new(ManualClock::new()));
    kms.always(LATENCY, Answer::Truthful);
    let (max_attempts, jitter) = (NonZeroU32::new(MAX_ATTEMPTS).unwrap(), Jitter::seeded(7));
    let policy = RetryPolicy { max_attempts, jitter, ..RetryPolicy::default() };
    // The retry loop keeps the system's clock, which tokio pauses: the tests move the ages' clock only.
    let limit = ConcurrencyLimit::new(NonZeroUsize::new(8).unwrap());
    let retrying = Retrying::new(kms.clone(), policy, limit, Arc::new(SystemClock));
    let keyring =
        GenerationKeyring::new(retrying, GenerationKeyringSettings::new(key("1"), additional, Vec::new()).unwrap());
    let cache = CachingGeneration::new(keyring, settings, limits, Arc::clone(&clock) as Arc<dyn Clock>);
    Stack { kms, clock, cache }
}

impl Stack {
    async fn generate(&self, bytes: u64) -> Outcome {
        self.generate_for(&requests::generation(SUITE), Some(bytes)).await
    }

    async fn generate_for(&self, request: &GenerationRequest, plaintext_len: Option<u64>) -> Outcome {
        self.cache.generate_data_key(request, plaintext_len, self.clock.deadline(60 * SECOND)).await
    }

    /// A volley of `number` messages of one byte.
    async fn volley(&self, number: usize) -> Vec<Outcome> {
        join_all((0..number).map(|_| self.generate(1))).await
    }

    /// Lets tasks that were started in the background come to their end.
    async fn settle(&self) {
        tokio::time::sleep(5 * SECOND).await;
    }
}

/// How many of `outcomes` have each materials.
fn uses(outcomes: &[Outcome]) -> Vec<usize> {
    let mut uses = BTreeMap::new();
    for outcome in outcomes {
        *uses.entry(Arc::as_ptr(outcome.as_ref().unwrap())).or_default() += 1;
    }
    uses.into_values().collect()
}

fn now() -> tokio::time::Instant {
    SystemClock.now().monotonic
}

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_messages_make_one_generation_and_are_all_counted() {
    let stack = limited(1_001, 1 << 20);
    assert_eq!(uses(&stack.volley(1_000).await), [1_000]);
    assert_eq!(stack.kms.call_count(), 1);
    let statistics = stack.cache.statistics();
    assert_eq!((statistics.loads, statistics.coalesced, statistics.hits), (1, 999, 0));
    // One is left.
    stack.generate(1).await.unwrap();
    assert_eq!(stack.kms.call_count(), 1);
    stack.generate(1).await.unwrap();
    assert_eq!(stack.kms.call_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_messages_make_no_more_generations_than_the_limit_demands() {
    for (limit, generations) in [(1_000, 1), (999, 2), (500, 2), (300, 4), (7, 143), (1, 1_000)] {
        let stack = limited(limit, 1 << 20);
        let uses = uses(&stack.volley(1_000).await);
        assert!(uses.iter().all(|uses| *uses as u64 <= limit));
        assert_eq!((uses.len(), stack.kms.call_count()), (generations, generations), "{limit} messages");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_from_several_threads_exceed_no_limit() {
    for (limit, generations) in [(1_000, 1), (300, 4), (7, 143)] {
        let stack = Arc::new(limited(limit, 1 << 20));
        stack.kms.always(Duration::ZERO, Answer::Truthful);
        let tasks = (0..1_000).map(|_| {
            let stack = Arc::clone(&stack);
            tokio::spawn(async move { stack.generate(1).await })
        });
        let outcomes: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert!(uses(&outcomes).iter().all(|uses| *uses as u64 <= limit));
        assert_eq!(stack.kms.call_count(), generations, "{limit} messages");
        assert_eq!(stack.cache.cache.loads_under_way(), 0);
    }
}

/// What the README says: a shard's 1,000 records a second, under the default limits.
#[tokio::test(start_paused = true)]
async fn a_million_messages_in_a_thousand_seconds_take_five_data_keys() {
    let (stack, request) = (stack(), requests::generation(SUITE));
    for _second in 0..1_000 {
        for _message in 0..1_000 {
            stack.generate_for(&request, Some(500)).await.unwrap();
        }
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(stack.kms.call_count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_messages_share_one_retry_loop_that_succeeds() {
    let stack = stack();
    stack.kms.script(std::iter::repeat_n((LATENCY, Answer::Throttled), 3));
    assert_eq!(uses(&stack.volley(1_000).await), [1_000]);
    assert_eq!(stack.kms.call_count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_messages_share_one_retry_loop_that_fails() {
    let stack = stack();
    stack.kms.always(LATENCY, Answer::Throttled);
    for outcome in stack.volley(1_000).await {
        assert_eq!(outcome.unwrap_err().class(), FailureClass::Throttled);
    }
    assert_eq!((stack.kms.call_count(), stack.cache.cache.loads_under_way()), (MAX_ATTEMPTS as usize, 0));
}

#[tokio::test(start_paused = true)]
async fn waiters_finish_when_the_leader_is_dropped_at_any_await_point() {
    // Await points: the throttled call, the pause after it, the second call.
    for dropped_after_millis in 0..120 {
        let stack = stack();
        stack.kms.script([(LATENCY, Answer::Throttled)]);
        let mut leader = Box::pin(stack.generate(1));
        assert!(poll!(leader.as_mut()).is_pending());
        let leader = async {
            let _ = tokio::time::timeout(Duration::from_millis(dropped_after_millis), leader).await;
        };
        let ((), outcomes) = tokio::join!(leader, stack.volley(10));
        assert_eq!((uses(&outcomes), stack.kms.call_count()), (vec![10], 2), "dropped after {dropped_after_millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_who_wait_are_dropped_the_generation_ends() {
    let stack = stack();
    let mut abandoned = Box::pin(stack.generate(1));
    assert!(poll!(abandoned.as_mut()).is_pending());
    drop(abandoned);
    assert_eq!((stack.kms.under_way(), stack.cache.cache.loads_under_way()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_one_additional_key_did_not_wrap_is_not_cached() {
    let additional = vec![key("2"), key("3")];
    let stack = stack_of(&CacheSettings::default(), UsageLimits::default(), additional);
    let [truthful, denied] = [Answer::Truthful, Answer::AccessDenied].map(|answer| (LATENCY, answer));
    stack.kms.script([truthful.clone(), truthful, denied]);
    assert!(matches!(stack.generate(1).await, Err(DataKeyError::AccessDenied(_))));
    assert_eq!(stack.cache.statistics().entries, 0);
    stack.generate(1).await.unwrap();
    assert_eq!(stack.kms.call_count(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_has_its_data_key_wrapped_by_one_key_after_the_other() {
    let additional = vec![key("2"), key("3"), key("4"), key("5")];
    let stack = stack_of(&CacheSettings::default(), UsageLimits::default(), additional);
    stack.generate(1).await.unwrap();
    assert_eq!(stack.kms.call_count(), 5);
    stack.clock.advance(240 * SECOND);
    stack.generate(1).await.unwrap();
    stack.settle().await;
    // More at once than there are permits for what nobody waits for would never succeed.
    let statistics = stack.cache.statistics();
    assert_eq!((stack.kms.call_count(), statistics.refreshes, statistics.failed_refreshes), (10, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_signing_key_pair_lives_and_dies_with_its_entry() {
    let stack = limited(2, 1 << 20);
    let request = requests::generation(SIGNING_SUITE);
    let mut public_keys = Vec::new();
    for _ in 0..6 {
        let materials = stack.generate_for(&request, Some(9)).await.unwrap();
        let sealed = seal(b"plaintext", &materials, DEFAULT_FRAME_LEN).unwrap();
        let context = SealedMessage::read(&sealed, &MessageLimits::default()).unwrap().encryption_context();
        public_keys.push(context.get(PUBLIC_KEY_CONTEXT_KEY).unwrap().to_owned());
    }
    let sent: Vec<_> = stack.kms.calls().into_iter().map(|call| call.encryption_context).collect();
    let sent: Vec<_> = sent.iter().map(|context| context.get(PUBLIC_KEY_CONTEXT_KEY).unwrap()).collect();
    // Three entries of two messages each: equal within an entry, different across them.
    assert_eq!(public_keys, [sent[0], sent[0], sent[1], sent[1], sent[2], sent[2]]);
    assert!(sent[0] != sent[1] && sent[1] != sent[2] && sent[0] != sent[2]);
}

#[tokio::test(start_paused = true)]
async fn another_suite_or_context_is_another_entry() {
    let stack = stack();
    let other_context = GenerationRequest::new(SUITE, [("tenant", "red")].into_iter().collect()).unwrap();
    let all = [requests::generation(SUITE), requests::generation(SIGNING_SUITE), other_context];
    for request in all.iter().chain(&all) {
        stack.generate_for(request, Some(1)).await.unwrap();
    }
    assert_eq!((stack.kms.call_count(), stack.cache.statistics().entries), (3, 3));
    let ids: Vec<_> = all.iter().flat_map(|request| ["p", "q"].map(|partition| cache_id(partition, request))).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_share_a_data_key_gets_its_own() {
    let identity_kdf = requests::generation(AlgorithmSuite::Aes256GcmIv12Tag16NoKdf);
    let ordinary = requests::generation(SUITE);
    for (request, plaintext_len) in [(&identity_kdf, Some(1)), (&ordinary, None), (&ordinary, Some(101))] {
        let stack = limited(1_000, 100);
        let outcomes = join_all((0..10).map(|_| stack.generate_for(request, plaintext_len))).await;
        assert_eq!(uses(&outcomes), [1; 10]);
        let statistics = stack.cache.statistics();
        assert_eq!((stack.kms.call_count(), statistics.bypasses, statistics.entries), (10, 10, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn no_text_shows_a_byte_of_a_key() {
    let stack = stack_of(&CacheSettings::default(), UsageLimits::default(), vec![key("2")]);
    let materials = stack.generate(1).await.unwrap();
    let plaintexts = stack.kms.calls().into_iter().filter_map(|call| match call.asked {
        Asked::Encrypt { plaintext } => Some(plaintext),
        _ => None,
    });
    let plaintext = plaintexts.last().unwrap();
    let texts = format!("{:?} {materials:?}", stack.cache);
    let as_numbers = plaintext[..4].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let as_digits: String = plaintext[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    for secret in [as_numbers, as_digits.to_uppercase(), as_digits] {
        assert!(!texts.contains(&secret), "{texts}");
    }
}

/// KMS decided on the first request; the others only wrap what it gave.
#[tokio::test(start_paused = true)]
async fn a_data_key_for_several_keys_is_as_old_as_the_request_that_generated_it() {
    let settings = CacheSettings::new(300 * SECOND, None, 10).unwrap();
    for (age, generations) in [(299, 1), (300, 2)] {
        let stack = stack_of(&settings, UsageLimits::default(), vec![key("2")]);
        stack.kms.script([(LATENCY, Answer::Truthful), (SECOND / 2, Answer::Truthful)]);
        stack.generate(1).await.unwrap();
        stack.clock.advance_wall(age * SECOND - SECOND / 2 - LATENCY);
        stack.generate(1).await.unwrap();
        let calls = stack.kms.calls();
        let generated = calls.iter().filter(|call| matches!(call.asked, Asked::GenerateDataKey { .. })).count();
        assert_eq!(generated, generations, "{age} s after it was generated");
    }
}
