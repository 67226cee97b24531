//! Several sandboxes that do not see each other share one quota: a simulation on paused time, seeded.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::time::{Instant, sleep};

use super::*;
use crate::clock::SystemClock;
use crate::retry::Jitter;

/// The time that a call takes: about KMS's, within a Region.
const LATENCY: Duration = Duration::from_millis(8);
/// As many as a batch asks for at a time.
const AT_A_TIME: usize = 16;
/// The keys that all sandboxes need together.
const KEYS: u32 = 240;
/// Calls a second of somebody else under the same quota, who is never tried again.
const NEIGHBOUR_PER_SECOND: f64 = 5.0;
/// What is judged is the mean over so many courses.
const SEEDS: u64 = 15;

#[tokio::test(start_paused = true)]
async fn sandboxes_under_one_quota_waste_few_calls_and_little_of_it() {
    // The quota, which begins with a second's worth, allows 11 seconds. With pauses of each call's own, without a pace, it took 11.8
    // and 6 to 7 calls per key.
    for sandboxes in [4, 6] {
        let drained = mean(Course { sandboxes, per_second: 20.0, ..USUAL }).await;
        assert!(drained.calls_per_key <= 1.2, "{sandboxes} sandboxes: {drained:?}");
        assert!(drained.goodput >= 0.95 && drained.seconds <= 12.4, "{sandboxes} sandboxes: {drained:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_neighbour_under_the_same_quota_is_seldom_throttled() {
    let drained = mean(Course { neighbour: true, ..USUAL }).await;
    assert!(drained.neighbour_throttled <= 0.12, "{drained:?}");
    assert!(drained.calls_per_key <= 1.2 && drained.goodput >= 0.95, "{drained:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_quota_is_used_at_once() {
    let drained = mean(Course { per_second: 200.0, ..USUAL }).await;
    assert!(drained.seconds <= 0.3 && drained.calls_per_key <= 1.2, "{drained:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_others_have_used_up_is_found_again() {
    let drained = mean(Course { begins_empty: true, ..USUAL }).await;
    assert!(drained.calls_per_key <= 1.2 && drained.seconds <= 13.5, "{drained:?}");
}

#[tokio::test(start_paused = true)]
async fn sandboxes_that_start_one_after_the_other_share_too() {
    let drained = mean(Course { sandboxes: 6, start_apart: Duration::from_millis(900), ..USUAL }).await;
    assert!(drained.calls_per_key <= 1.25 && drained.goodput >= 0.95, "{drained:?}");
}

/// What is to be drained, and under what.
#[derive(Clone, Copy)]
struct Course {
    sandboxes: u32,
    start_apart: Duration,
    per_second: f64,
    begins_empty: bool,
    neighbour: bool,
}

const USUAL: Course =
    Course { sandboxes: 4, start_apart: Duration::ZERO, per_second: 20.0, begins_empty: false, neighbour: false };

/// What came of it.
#[derive(Debug, Default)]
struct Drained {
    calls_per_key: f64,
    /// Granted calls, of those that the quota would have granted in the time.
    goodput: f64,
    seconds: f64,
    neighbour_throttled: f64,
}

/// The mean over all seeds.
async fn mean(course: Course) -> Drained {
    let mut mean = Drained::default();
    for seed in 0..SEEDS {
        let one = drain(course, seed).await;
        let share = 1.0 / SEEDS as f64;
        mean.calls_per_key += one.calls_per_key * share;
        mean.goodput += one.goodput * share;
        mean.seconds += one.seconds * share;
        mean.neighbour_throttled += one.neighbour_throttled * share;
    }
    mean
}

/// Cold sandboxes obtain their keys.
async fn drain(course: Course, seed: u64) -> Drained {
    let (service, began) = (Arc::new(Service::new(course, seed)), now());
    let consume = |number: u32| {
        let policy = RetryPolicy { jitter: Jitter::seeded(seed * 1_000 + u64::from(number)), ..RetryPolicy::default() };
        let limit = ConcurrencyLimit::new(ConcurrencyLimit::DEFAULT_MAX);
        let sandbox = Retrying::new(Arc::clone(&service), policy, limit, Arc::new(SystemClock));
        async move {
            sleep(course.start_apart * number).await;
            let deadline = Deadline::after(began, Duration::from_secs(60));
            let calls = stream::iter(0..KEYS / course.sandboxes).map(|_| sandbox.call(&Key, deadline));
            let outcomes: Vec<_> = calls.buffer_unordered(AT_A_TIME).collect().await;
            assert!(outcomes.iter().all(Result::is_ok));
            sandbox.statistics().attempts
        }
    };
    let neighbour = Neighbour::default();
    let calls: u64 = tokio::select! {
        calls = join_all((0..course.sandboxes).map(consume)) => calls.iter().sum(),
        () = neighbour.call(&service, seed), if course.neighbour => unreachable!("it never ends"),
    };
    let (asked, throttled) = (neighbour.asked.into_inner(), neighbour.throttled.into_inner());
    let seconds = (now() - began).as_secs_f64();
    Drained {
        calls_per_key: calls as f64 / f64::from(KEYS),
        goodput: f64::from(KEYS + asked - throttled) / (course.per_second * seconds),
        seconds,
        neighbour_throttled: f64::from(throttled) / f64::from(asked.max(1)),
    }
}

/// Somebody else under the same quota.
#[derive(Default)]
struct Neighbour {
    asked: AtomicU32,
    throttled: AtomicU32,
}

impl Neighbour {
    /// Calls at random times, for ever.
    async fn call(&self, service: &Service, seed: u64) {
        let random = Jitter::seeded(seed);
        loop {
            sleep(Duration::from_secs_f64(2.0 * random.draw() / NEIGHBOUR_PER_SECOND)).await;
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.throttled.fetch_add(u32::from(!service.grants()), Ordering::Relaxed);
        }
    }
}

/// A service that answers so many calls a second: a bucket that holds one second's worth and fills steadily, as the embedded KMS's.
struct Service {
    per_second: f64,
    bucket: Mutex<Bucket>,
    latency: Jitter,
}

struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Service {
    fn new(course: Course, seed: u64) -> Self {
        let tokens = if course.begins_empty { 0.0 } else { course.per_second };
        let bucket = Mutex::new(Bucket { tokens, filled_at: now() });
        Self { per_second: course.per_second, bucket, latency: Jitter::seeded(seed) }
    }

    fn grants(&self) -> bool {
        let (mut bucket, now) = (self.bucket.lock().unwrap(), now());
        let filled = (now - bucket.filled_at).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + filled).min(self.per_second);
        bucket.filled_at = now;
        let granted = bucket.tokens >= 1.0;
        bucket.tokens -= f64::from(u8::from(granted));
        granted
    }

    /// The way there or back: a fifth more or less than half of the usual time.
    async fn travel(&self) {
        let share = 0.8 + 0.4 * self.latency.draw();
        sleep((LATENCY / 2).mul_f64(share)).await;
    }
}

impl Call<Key> for Service {
    async fn call(&self, _: &Key, _: Deadline) -> Result<(), Failed> {
        self.travel().await;
        let granted = self.grants();
        self.travel().await;
        granted.then_some(()).ok_or(Failed(FailureClass::Throttled))
    }
}

/// One key that is needed.
struct Key;

impl Request for Key {
    type Answer = ();
    type Error = Failed;
}

#[derive(Clone, Debug)]
struct Failed(FailureClass);

impl RequestError for Failed {
    fn class(&self) -> FailureClass {
        self.0
    }

    fn deadline_passed() -> Self {
        Self(FailureClass::Transient)
    }

    fn attempt_timed_out(_: Duration) -> Self {
        Self(FailureClass::Transient)
    }
}

fn now() -> Instant {
    SystemClock.now().monotonic
}
