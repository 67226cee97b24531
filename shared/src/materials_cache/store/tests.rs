use std::sync::Arc;

use proptest::prelude::*;

use super::super::CacheIdBuilder;
use super::*;
use crate::clock::{Clock, SystemClock};

const LIMITS: AgeLimits = AgeLimits {
    max_age: Duration::from_secs(300),
    refresh_after: Some(Duration::from_secs(240)),
    refresh_interval: Duration::from_secs(10),
};

fn id(number: usize) -> CacheId {
    CacheIdBuilder::new("", "test").count(number).finish()
}

fn store<V>(capacity: usize) -> Store<V> {
    Store::new(NonZeroUsize::new(capacity).unwrap(), LIMITS, RefreshAhead::All)
}

fn later(now: Now, seconds: u64) -> Now {
    let by = Duration::from_secs(seconds);
    Now { monotonic: now.monotonic + by, wall: now.wall + by }
}

#[test]
fn the_least_recently_used_entry_makes_room() {
    let (mut store, now) = (store(2), SystemClock.now());
    store.insert(id(1), "one", now, now);
    store.insert(id(2), "two", now, now);
    assert!(store.get(id(1), now).is_some());
    store.insert(id(3), "three", now, now);
    assert!(store.get(id(2), now).is_none());
    assert!(store.get(id(1), now).is_some() && store.get(id(3), now).is_some());
    assert_eq!(store.evicted(), 1);
}

#[test]
fn replacing_an_entry_of_a_full_store_evicts_nothing() {
    let (mut store, now) = (store(2), SystemClock.now());
    store.insert(id(1), "one", now, now);
    store.insert(id(2), "two", now, now);
    store.insert(id(1), "uno", now, now);
    assert_eq!(*store.get(id(1), now).unwrap().value, "uno");
    assert!(store.get(id(2), now).is_some());
    assert_eq!(store.evicted(), 0);
}

#[test]
fn replacing_an_entry_begins_its_age_anew() {
    let (mut store, now) = (store(2), SystemClock.now());
    store.insert(id(1), "one", now, now);
    store.insert(id(1), "uno", later(now, 299), later(now, 299));
    assert!(store.get(id(1), later(now, 598)).is_some());
    assert!(store.get(id(1), later(now, 599)).is_none());
}

#[test]
fn an_expired_entry_is_dropped_when_read() {
    let (mut store, now, value) = (store(2), SystemClock.now(), Arc::new(()));
    store.insert(id(1), Arc::clone(&value), now, now);
    assert!(store.get(id(1), later(now, 300)).is_none());
    assert_eq!((Arc::strong_count(&value), store.len(), store.expired()), (1, 0, 1));
}

#[test]
fn an_expired_entry_that_nobody_reads_is_dropped_at_the_next_insert() {
    let (mut store, now, value) = (store(9), SystemClock.now(), Arc::new(()));
    store.insert(id(1), Arc::clone(&value), now, now);
    store.insert(id(2), Arc::new(()), later(now, 300), later(now, 300));
    assert_eq!((Arc::strong_count(&value), store.len(), store.expired()), (1, 1, 1));
}

#[test]
fn an_evicted_value_is_dropped_at_once() {
    let (mut store, now, value) = (store(1), SystemClock.now(), Arc::new(()));
    store.insert(id(1), Arc::clone(&value), now, now);
    store.insert(id(2), Arc::new(()), now, now);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn one_finder_in_an_interval_is_asked_to_refresh() {
    let (mut store, now) = (store(1), SystemClock.now());
    store.insert(id(1), "one", now, now);
    let mut due = |seconds| store.get(id(1), later(now, seconds)).unwrap().refresh_due;
    assert_eq!([due(239), due(240), due(240), due(249), due(250), due(250)], [false, true, false, false, true, false]);
}

/// How old, in seconds, the entry made at `created` and used every second is when it is first to be refreshed.
fn first_due(store: &mut Store<&str>, created: Now) -> Option<u64> {
    (0..300).find(|seconds| store.get(id(1), later(created, *seconds)).unwrap().refresh_due)
}

#[test]
fn what_has_not_returned_after_an_expiry_is_not_refreshed_ahead() {
    let now = SystemClock.now();
    let mut store = Store::new(NonZeroUsize::MIN, LIMITS, RefreshAhead::Returning);
    store.insert(id(1), "one", now, now);
    assert_eq!(first_due(&mut store, now), None);
    // Asked for again, and loaded again.
    let returned = later(now, 300);
    assert!(store.get(id(1), returned).is_none());
    store.insert(id(1), "uno", returned, returned);
    assert_eq!(first_due(&mut store, returned), Some(240));
    // A refresh goes on with it.
    let refreshed = later(returned, 240);
    store.insert(id(1), "un", refreshed, refreshed);
    assert_eq!(first_due(&mut store, refreshed), Some(240));
}

#[test]
fn what_returns_is_known_even_if_it_had_been_purged() {
    let now = SystemClock.now();
    let mut store = Store::new(NonZeroUsize::new(2).unwrap(), LIMITS, RefreshAhead::Returning);
    store.insert(id(1), "one", now, now);
    store.insert(id(2), "two", later(now, 300), later(now, 300));
    assert_eq!(store.len(), 1);
    store.insert(id(1), "uno", later(now, 301), later(now, 301));
    assert_eq!(first_due(&mut store, later(now, 301)), Some(240));
}

#[test]
fn no_more_expired_ids_are_remembered_than_there_are_entries() {
    let now = SystemClock.now();
    let mut store = Store::new(NonZeroUsize::MIN, LIMITS, RefreshAhead::Returning);
    for (number, seconds) in [(1, 0), (2, 300), (1, 600)] {
        store.insert(id(number), "value", later(now, seconds), later(now, seconds));
    }
    // 2 has expired since, and 1 is forgotten.
    assert_eq!(first_due(&mut store, later(now, 600)), None);
}

#[test]
fn debug_shows_no_value() {
    let (mut store, now) = (store(1), SystemClock.now());
    store.insert(id(1), "secret", now, now);
    assert_eq!(format!("{store:?}"), "Store(1 of 1 entries)");
}

/// What the store promises, done slowly: entries in order of use, the least recently used first.
struct Model {
    capacity: usize,
    entries: Vec<(usize, u32, Now)>,
}

impl Model {
    fn get(&mut self, key: usize, now: Now) -> Option<u32> {
        let at = self.entries.iter().position(|entry| entry.0 == key)?;
        let entry = self.entries.remove(at);
        if LIMITS.is_expired(entry.2, now) {
            return None;
        }
        self.entries.push(entry);
        Some(entry.1)
    }

    fn insert(&mut self, key: usize, value: u32, now: Now) {
        self.entries.retain(|entry| entry.0 != key);
        if self.entries.len() == self.capacity {
            self.entries.remove(0);
        }
        self.entries.push((key, value, now));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Get(usize),
    Insert(usize, u32),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..8).prop_map(Step::Get),
        4 => (0_usize..8, any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        1 => (0_usize..8).prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn the_store_behaves_as_a_naive_list_in_order_of_use(
        capacity in 1_usize..6,
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let (mut store, now) = (store(capacity), SystemClock.now());
        let mut model = Model { capacity, entries: Vec::new() };
        for step in steps {
            match step {
                Step::Get(key) => {
                    let found = store.get(id(key), now).map(|hit| *hit.value);
                    prop_assert_eq!(found, model.get(key, now));
                }
                Step::Insert(key, value) => {
                    store.insert(id(key), value, now, now);
                    model.insert(key, value, now);
                }
                Step::Remove(key) => {
                    store.remove(id(key));
                    model.entries.retain(|entry| entry.0 != key);
                }
            }
            prop_assert_eq!(store.len(), model.entries.len());
        }
    }

    #[test]
    fn no_step_of_either_clock_makes_an_expired_entry_appear(
        steps in prop::collection::vec((step(), 0_u64..200, -100_i64..200), 0..200),
    ) {
        let (mut store, mut now) = (store(4), SystemClock.now());
        let mut model = Model { capacity: usize::MAX, entries: Vec::new() };
        for (step, monotonic, wall) in steps {
            now.monotonic += Duration::from_secs(monotonic);
            let by = Duration::from_secs(wall.unsigned_abs());
            now.wall = if wall < 0 { now.wall - by } else { now.wall + by };
            match step {
                Step::Get(key) => {
                    if let Some(hit) = store.get(id(key), now) {
                        prop_assert_eq!(Some(*hit.value), model.get(key, now));
                    }
                }
                Step::Insert(key, value) => {
                    store.insert(id(key), value, now, now);
                    model.insert(key, value, now);
                }
                Step::Remove(_) => {}
            }
        }
    }
}
