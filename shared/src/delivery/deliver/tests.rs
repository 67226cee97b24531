use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::clock::SystemClock;
use crate::delivery::testing::{quick_retries, within};
use crate::delivery::{GroupOrder, RequestConcurrency, RequestLimits};

#[derive(Clone, Debug)]
struct Entry {
    id: usize,
    len: usize,
    group: Option<String>,
}

impl RequestEntry for Entry {
    fn len(&self) -> usize {
        self.len
    }

    fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }
}

/// What the fake service does with an entry, one step an attempt; after the last step it takes the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Throttle,
    Fail,
    Refuse,
    /// Fails the whole request.
    FailRequest,
    /// Leaves the entry out of the answer, and all after it in its request.
    Forget,
    /// Never answers the request.
    Hang,
}

/// Takes entries by its script, and keeps what it took and was sent.
#[derive(Default)]
struct FakeService {
    script: HashMap<usize, Vec<Step>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Vec<usize>>,
    attempts: HashMap<usize, usize>,
    /// In the order in which the service stored them.
    taken: Vec<usize>,
    under_way: usize,
    most_under_way: usize,
}

impl FakeService {
    fn with(script: impl IntoIterator<Item = (usize, Vec<Step>)>) -> Self {
        Self { script: script.into_iter().collect(), seen: Mutex::default() }
    }

    fn answer(&self, entries: &[&Entry]) -> Option<Result<Vec<Result<(), DeliveryError>>, DeliveryError>> {
        let mut seen = self.seen.lock().unwrap();
        seen.under_way -= 1;
        let steps: Vec<_> = entries
            .iter()
            .map(|entry| {
                let attempt = seen.attempts.entry(entry.id).or_insert(0);
                *attempt += 1;
                self.script.get(&entry.id).and_then(|steps| steps.get(*attempt - 1)).copied()
            })
            .collect();
        if steps.contains(&Some(Step::Hang)) {
            return None;
        }
        if steps.contains(&Some(Step::FailRequest)) {
            return Some(Err(DeliveryError::Transient(cause())));
        }
        let mut results = Vec::new();
        for (entry, step) in entries.iter().zip(steps) {
            results.push(match step {
                None => {
                    seen.taken.push(entry.id);
                    Ok(())
                }
                Some(Step::Throttle) => Err(DeliveryError::Throttled(cause())),
                Some(Step::Refuse) => Err(DeliveryError::Refused(cause())),
                Some(Step::Forget) => break,
                Some(_) => Err(DeliveryError::Transient(cause())),
            });
        }
        Some(Ok(results))
    }
}

impl SendRequest<Entry> for FakeService {
    async fn send(&self, entries: &[&Entry]) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        {
            let mut seen = self.seen.lock().unwrap();
            seen.requests.push(entries.iter().map(|entry| entry.id).collect());
            seen.under_way += 1;
            seen.most_under_way = seen.most_under_way.max(seen.under_way);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        match self.answer(entries) {
            Some(answer) => answer,
            None => pending().await,
        }
    }
}

fn cause() -> Arc<dyn std::error::Error + Send + Sync> {
    Arc::new(std::fmt::Error)
}

fn plan(order: GroupOrder, concurrency: usize) -> RequestPlan {
    RequestPlan {
        limits: RequestLimits { entries: 3, bytes: 100, entry_bytes: 50 },
        order,
        concurrency: RequestConcurrency::new(concurrency).unwrap(),
    }
}

fn entries(count: usize) -> Vec<Entry> {
    (0..count).map(|id| Entry { id, len: 1, group: None }).collect()
}

async fn deliver(service: &FakeService, entries: &[Entry], plan: &RequestPlan) -> Delivery {
    deliver_in_requests(service, entries, plan, &quick_retries(), within(60), &SystemClock).await
}

fn requests(service: &FakeService) -> Vec<Vec<usize>> {
    service.seen.lock().unwrap().requests.clone()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_no_entries() {
    let service = FakeService::default();
    let delivery = deliver(&service, &[], &plan(GroupOrder::OneUnderWay, 1)).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 0);
    assert!(requests(&service).is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_failed_entries_are_sent_again_and_before_anything_new() {
    let service = FakeService::with([(1, vec![Step::Throttle, Step::Fail])]);
    let delivery = deliver(&service, &entries(5), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 5);
    assert_eq!(requests(&service), [vec![0, 1, 2], vec![1], vec![1], vec![3, 4]]);
}

#[tokio::test(start_paused = true)]
async fn requests_go_out_together_up_to_the_concurrency() {
    let service = FakeService::default();
    let delivery = deliver(&service, &entries(12), &plan(GroupOrder::OneUnderWay, 2)).await;
    assert_eq!(delivery.delivered, 12);
    assert_eq!(service.seen.lock().unwrap().most_under_way, 2);
}

#[tokio::test(start_paused = true)]
async fn an_entry_throttled_to_the_last_attempt_ends_the_prefix() {
    let service = FakeService::with([(1, vec![Step::Throttle; 10])]);
    let delivery = deliver(&service, &entries(5), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert_eq!(delivery.delivered, 1);
    assert!(matches!(delivery.failure, Some(DeliveryError::Throttled(_))));
    assert_eq!(service.seen.lock().unwrap().attempts[&1], 10);
    assert_eq!(service.seen.lock().unwrap().taken, [0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_entry_is_not_sent_again_but_those_before_it_are() {
    let service = FakeService::with([(1, vec![Step::Fail]), (2, vec![Step::Refuse])]);
    let delivery = deliver(&service, &entries(6), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert_eq!(delivery.delivered, 2);
    assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
    assert_eq!(requests(&service), [vec![0, 1, 2], vec![1]]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_failed_behind_a_refused_one_is_not_sent_again() {
    let service = FakeService::with([(0, vec![Step::Fail]), (1, vec![Step::Refuse]), (2, vec![Step::Throttle])]);
    let delivery = deliver(&service, &entries(3), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert_eq!(delivery.delivered, 1);
    assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
    assert_eq!(requests(&service), [vec![0, 1, 2], vec![0]]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_too_large_ends_the_prefix_at_its_place() {
    for (len, delivered) in [(49, 5), (50, 5), (51, 3)] {
        let service = FakeService::default();
        let mut entries = entries(5);
        entries[3].len = len;
        let delivery = deliver(&service, &entries, &plan(GroupOrder::OneUnderWay, 1)).await;
        assert_eq!(delivery.delivered, delivered);
        let too_large = matches!(delivery.failure, Some(DeliveryError::TooLarge { len: 51, limit: 50 }));
        assert_eq!(too_large, len == 51);
        assert_eq!(service.seen.lock().unwrap().taken.len(), delivered);
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_left_out_of_the_answer_is_sent_again() {
    let service = FakeService::with([(1, vec![Step::Forget])]);
    let delivery = deliver(&service, &entries(3), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert_eq!(delivery.delivered, 3);
    assert_eq!(requests(&service), [vec![0, 1, 2], vec![1, 2]]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_given_up_after_the_attempt_timeout_while_others_are_not() {
    let service = FakeService::with([(4, vec![Step::Hang])]);
    let started = tokio_now();
    let delivery = deliver(&service, &entries(6), &plan(GroupOrder::OneUnderWay, 2)).await;
    assert_eq!(delivery.delivered, 6);
    assert_eq!(requests(&service), [[0, 1, 2], [3, 4, 5], [3, 4, 5]]);
    let took = tokio_now() - started;
    assert!((1_010..1_020).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_hangs_is_given_up_at_the_deadline() {
    let service = FakeService::with([(1, vec![Step::Hang; 10])]);
    let started = tokio_now();
    let plan = plan(GroupOrder::OneUnderWay, 1);
    let delivery = deliver_in_requests(&service, &entries(3), &plan, &quick_retries(), within(5), &SystemClock).await;
    assert_eq!(delivery.delivered, 0);
    assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    assert_eq!((tokio_now() - started).as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_deadline_has_passed() {
    let service = FakeService::default();
    let plan = plan(GroupOrder::OneUnderWay, 1);
    let delivery = deliver_in_requests(&service, &entries(3), &plan, &quick_retries(), within(0), &SystemClock).await;
    assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    assert!(requests(&service).is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_round_of_new_entries_has_its_own_attempts() {
    let service = FakeService::with([(0, vec![Step::Fail; 9]), (3, vec![Step::Fail; 9]), (6, vec![Step::Fail; 9])]);
    let delivery = deliver(&service, &entries(9), &plan(GroupOrder::OneUnderWay, 1)).await;
    assert!(delivery.failure.is_none());
}

fn tokio_now() -> tokio::time::Instant {
    crate::clock::Clock::now(&SystemClock).monotonic
}

fn any_step() -> impl Strategy<Value = Step> {
    use Step::{Fail, FailRequest, Forget, Hang, Refuse, Throttle};
    prop_oneof![
        6 => Just(Throttle), 6 => Just(Fail), 1 => Just(Refuse), 2 => Just(FailRequest), 2 => Just(Forget), 1 => Just(Hang)
    ]
}

fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (1_usize..=53, proptest::option::of("[abc]"));
    proptest::collection::vec(entry, 0..40).prop_map(|entries| {
        entries.into_iter().enumerate().map(|(id, (len, group))| Entry { id, len, group }).collect()
    })
}

proptest! {
    #[test]
    fn whatever_fails_the_prefix_is_true_order_is_kept_and_nothing_acknowledged_is_sent_again(
        entries in any_entries(),
        script in proptest::collection::hash_map(0_usize..40, proptest::collection::vec(any_step(), 1..14), 0..12),
        concurrency in 1_usize..4,
        strict: bool,
    ) {
        let order = if strict { GroupOrder::OneUnderWay } else { GroupOrder::OneRequest };
        let plan = plan(order, concurrency);
        let service = FakeService::with(script);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let delivery = runtime.block_on(deliver(&service, &entries, &plan));
        let seen = service.seen.into_inner().unwrap();

        // Everything in the delivered prefix was taken; the first one after it was not.
        for id in 0..delivery.delivered {
            prop_assert!(seen.taken.contains(&id));
        }
        prop_assert!(!seen.taken.contains(&delivery.delivered));
        prop_assert_eq!(delivery.failure.is_none(), delivery.delivered == entries.len());
        // Few duplicates: what arrived beyond the prefix is bounded by one round's window.
        prop_assert!(seen.taken.iter().all(|id| *id < delivery.delivered + plan.window()));
        // What was acknowledged is never sent again.
        let mut taken = seen.taken.clone();
        taken.sort_unstable();
        taken.dedup();
        prop_assert_eq!(taken.len(), seen.taken.len());
        // No request exceeds a limit, and none is empty.
        for request in &seen.requests {
            prop_assert!((1..=plan.limits.entries).contains(&request.len()));
            prop_assert!(request.iter().map(|id| entries[*id].len).sum::<usize>() <= plan.limits.bytes);
        }
        prop_assert!(seen.most_under_way <= concurrency);
        if strict {
            for group in ["a", "b", "c"] {
                let stored: Vec<_> =
                    seen.taken.iter().filter(|id| entries[**id].group.as_deref() == Some(group)).collect();
                prop_assert!(stored.is_sorted(), "group {} is stored as {:?}", group, stored);
                let all = entries.iter().filter(|entry| entry.group.as_deref() == Some(group));
                prop_assert!(all.zip(&stored).all(|(entry, stored)| entry.id == **stored), "a gap in {}", group);
            }
        }
    }
}
