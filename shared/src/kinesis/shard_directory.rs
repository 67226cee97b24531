//! Keeps the shard map: loads it once, and again when it is found stale.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use super::error::ListShardsError;
use super::service::{ListShards, ListedShard};
use super::settings::WriterSettings;
use super::shard_map::ShardMap;
use crate::clock::Clock;
use crate::retry::{Attempts, Deadline, RetryPolicy};

/// The shard map of one stream, shared by all `write` calls of a writer.
///
/// However many calls want the map, one listing is under way at a time, and they share its success or its failure. It runs only
/// while somebody waits for it: there is no task in the background that a frozen sandbox could leave half done.
#[derive(Debug)]
pub(super) struct ShardDirectory<L> {
    loader: Arc<Loader<L>>,
    refresh_interval: Duration,
    /// Never held across an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<ShardMap>>,
    flight: Option<WeakShared<Flight>>,
    last_started: Option<Instant>,
}

type Flight = BoxFuture<'static, Result<Arc<ShardMap>, ListShardsError>>;

/// How to come by a newer map.
enum NextStep {
    Known(Arc<ShardMap>),
    Await(Shared<Flight>),
    SleepUntil(Instant),
}

/// What a listing needs, without the state, so that a flight does not hold the directory.
#[derive(Debug)]
struct Loader<L> {
    list: L,
    retry: RetryPolicy,
    rate_limit_percent: Option<NonZeroU32>,
    clock: Arc<dyn Clock>,
}

impl<L: ListShards> ShardDirectory<L> {
    pub(super) fn new(list: L, settings: &WriterSettings, clock: Arc<dyn Clock>) -> Self {
        let loader =
            Loader { list, retry: settings.retry.clone(), rate_limit_percent: settings.rate_limit_percent, clock };
        Self {
            loader: Arc::new(loader),
            refresh_interval: settings.shard_map_refresh_interval,
            state: Mutex::default(),
        }
    }

    /// The shard map as it is known, or else as it is listed now.
    pub(super) async fn current(&self) -> Result<Arc<ShardMap>, ListShardsError> {
        let flight = {
            let mut state = self.lock();
            if let Some(map) = &state.current {
                return Ok(Arc::clone(map));
            }
            self.join_or_start(&mut state)
        };
        self.land(flight).await
    }

    /// A map newer than `version`: another call's, or one listed as soon as the refresh interval allows.
    pub(super) async fn newer_than(&self, version: u64) -> Result<Arc<ShardMap>, ListShardsError> {
        loop {
            match self.next_step(version) {
                NextStep::Known(map) => return Ok(map),
                NextStep::Await(flight) => return self.land(flight).await,
                NextStep::SleepUntil(at) => tokio::time::sleep_until(at).await,
            }
        }
    }

    fn next_step(&self, version: u64) -> NextStep {
        let mut state = self.lock();
        if let Some(map) = state.current.as_ref().filter(|map| map.version > version) {
            return NextStep::Known(Arc::clone(map));
        }
        let now = self.loader.clock.now().monotonic;
        match state.last_started.map(|started| started + self.refresh_interval) {
            Some(next) if next > now && !state.has_flight() => NextStep::SleepUntil(next),
            _ => NextStep::Await(self.join_or_start(&mut state)),
        }
    }

    fn join_or_start(&self, state: &mut State) -> Shared<Flight> {
        if let Some(flight) = state.flight.as_ref().and_then(WeakShared::upgrade) {
            return flight;
        }
        let loader = Arc::clone(&self.loader);
        let previous = state.current.clone();
        let flight = async move { loader.load(previous.as_deref()).await }.boxed().shared();
        state.flight = flight.downgrade();
        state.last_started = Some(self.loader.clock.now().monotonic);
        flight
    }

    async fn land(&self, flight: Shared<Flight>) -> Result<Arc<ShardMap>, ListShardsError> {
        let landed = flight.await;
        let mut state = self.lock();
        if let Ok(map) = &landed
            && state.current.as_ref().is_none_or(|current| current.version < map.version)
        {
            state.current = Some(Arc::clone(map));
        }
        // All who share a flight come by; only a landed one is forgotten, not its successor.
        if state.flight.as_ref().and_then(WeakShared::upgrade).is_some_and(|flight| flight.peek().is_some()) {
            state.flight = None;
        }
        landed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each critical section leaves the state whole, so one that a panic left behind is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_flight(&self) -> bool {
        self.flight.as_ref().and_then(WeakShared::upgrade).is_some()
    }
}

impl<L: ListShards> Loader<L> {
    async fn load(&self, previous: Option<&ShardMap>) -> Result<Arc<ShardMap>, ListShardsError> {
        let deadline = Deadline::after(self.clock.now().monotonic, LISTING_TIME);
        let mut listed = Vec::new();
        let mut next_token = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(next_token, deadline).await?;
            listed.extend(page.shards);
            next_token = page.next_token;
            if next_token.is_none() {
                return self.map(listed, previous);
            }
        }
        Err(ListShardsError::Malformed)
    }

    async fn page(
        &self,
        next_token: Option<String>,
        deadline: Deadline,
    ) -> Result<super::service::ShardPage, ListShardsError> {
        let mut attempts = Attempts::new(&self.retry, deadline, &*self.clock);
        let mut failure = ListShardsError::TimedOut;
        loop {
            let Ok(timeout) = attempts.next_timeout() else { return Err(failure) };
            failure = match tokio::time::timeout(timeout, self.list.list_shards(next_token.clone())).await {
                Ok(Ok(page)) => return Ok(page),
                Ok(Err(failure)) => failure,
                Err(_) => ListShardsError::TimedOut,
            };
            if attempts.pause_after(failure.class()).await.is_err() {
                return Err(failure);
            }
        }
    }

    fn map(&self, listed: Vec<ListedShard>, previous: Option<&ShardMap>) -> Result<Arc<ShardMap>, ListShardsError> {
        ShardMap::new(listed, previous, self.rate_limit_percent, self.clock.now().monotonic)
            .map(Arc::new)
            .ok_or(ListShardsError::Malformed)
    }
}

/// The most time one listing may take with its retries. Whoever waits has a deadline of his own.
const LISTING_TIME: Duration = Duration::from_secs(30);
/// A page has up to 1,000 shards; a listing that goes on for longer than any stream is a loop.
const MAX_PAGES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::testing::{FakeKinesis, seeded_settings};
    use futures_util::future::join_all;

    fn directory(kinesis: &Arc<FakeKinesis>) -> ShardDirectory<Arc<FakeKinesis>> {
        ShardDirectory::new(Arc::clone(kinesis), &seeded_settings(), Arc::new(SystemClock))
    }

    #[tokio::test(start_paused = true)]
    async fn a_listing_of_several_pages_becomes_one_map_of_the_open_shards() {
        let kinesis = FakeKinesis::with_shards(7);
        kinesis.configure(|fake| fake.shards_per_page = 3);
        kinesis.split(0);
        let map = directory(&kinesis).current().await.unwrap();
        assert_eq!(map.shards().len(), 8);
        assert_eq!(kinesis.list_calls(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn ten_calls_share_one_listing_and_its_failure() {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.refuse_listing = true);
        let directory = directory(&kinesis);
        let failures = join_all((0..10).map(|_| directory.current())).await;
        assert!(failures.iter().all(|failure| matches!(failure, Err(ListShardsError::Refused(_)))));
        assert_eq!(kinesis.list_calls(), 1);

        kinesis.configure(|fake| fake.refuse_listing = false);
        let maps = join_all((0..10).map(|_| directory.current())).await;
        assert!(maps.iter().all(Result::is_ok));
        assert_eq!(kinesis.list_calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_map_is_refreshed_once_per_interval() {
        let kinesis = FakeKinesis::with_shards(1);
        let directory = directory(&kinesis);
        let start = SystemClock.now().monotonic;
        let first = directory.current().await.unwrap();
        let refreshed = join_all((0..10).map(|_| directory.newer_than(first.version))).await;
        assert!(refreshed.iter().all(|map| map.as_ref().is_ok_and(|map| map.version == 1)));
        assert_eq!(kinesis.list_calls(), 2);
        assert!(SystemClock.now().monotonic - start >= Duration::from_secs(1));
        assert_eq!(directory.newer_than(0).await.unwrap().version, 1);
        assert_eq!(kinesis.list_calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listing_that_nobody_waits_for_any_more_does_not_block_the_next() {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.listing_hangs = true);
        let directory = directory(&kinesis);
        assert!(tokio::time::timeout(Duration::from_millis(50), directory.current()).await.is_err());
        kinesis.configure(|fake| fake.listing_hangs = false);
        assert!(tokio::time::timeout(Duration::from_millis(50), directory.current()).await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_listing_is_an_error() {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.endless_listing = true);
        assert!(matches!(directory(&kinesis).current().await, Err(ListShardsError::Malformed)));
    }
}
