//! Keeps the shard map: loads it once, and again when it is found stale.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use super::error::ListShardsError;
use super::service::{ListShards, ListedShard, RecordDistribution};
use super::settings::WriterSettings;
use super::shard_map::ShardMap;
use crate::clock::Clock;
use crate::failure::describe;
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
    /// The version of the map that a call has found stale, and not waited to see refreshed.
    distrusted: Option<u64>,
}

type Flight = BoxFuture<'static, Result<Arc<ShardMap>, ListShardsError>>;

/// How to come by a newer map.
enum NextStep {
    Known(Arc<ShardMap>),
    Await(Shared<Flight>),
    SleepUntil(Instant),
}

/// Why the shards are listed anew.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// Nothing is known yet, or a record was not where it was predicted: how the stream distributes records is asked, too.
    Surprise,
    /// The map is too old.
    Age,
}

/// What a listing needs, without the state, so that a flight does not hold the directory.
#[derive(Debug)]
struct Loader<L> {
    list: L,
    retry: RetryPolicy,
    rate_limit_percent: Option<NonZeroU32>,
    clock: Arc<dyn Clock>,
    /// The stream refused to say how it distributes records. It is not asked again: each answer would be the same.
    distribution_is_secret: AtomicBool,
}

impl<L: ListShards> ShardDirectory<L> {
    pub(super) fn new(list: L, settings: &WriterSettings, clock: Arc<dyn Clock>) -> Self {
        let loader = Loader {
            list,
            retry: settings.retry.clone(),
            rate_limit_percent: settings.rate_limit_percent,
            clock,
            distribution_is_secret: AtomicBool::new(false),
        };
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
            self.join_or_start(&mut state, Occasion::Surprise)
        };
        self.land(flight).await
    }

    /// Notes that the map of this version is stale, for calls to come.
    pub(super) fn distrust(&self, version: u64) {
        self.lock().distrusted = Some(version);
    }

    /// Whether a call has found the known map stale.
    pub(super) fn is_distrusted(&self) -> bool {
        let state = self.lock();
        state.current.as_ref().is_some_and(|map| state.distrusted == Some(map.version))
    }

    /// The shard map as it is known.
    pub(super) fn known(&self) -> Option<Arc<ShardMap>> {
        self.lock().current.clone()
    }

    /// The shard map as it was listed within the last refresh interval, or as it is listed now.
    pub(super) async fn fresh(&self) -> Result<Arc<ShardMap>, ListShardsError> {
        let flight = {
            let mut state = self.lock();
            let now = self.loader.clock.now().monotonic;
            match &state.current {
                Some(map) if now.saturating_duration_since(map.listed_at) < self.refresh_interval => {
                    return Ok(Arc::clone(map));
                }
                Some(map) if state.distrusted != Some(map.version) => self.join_or_start(&mut state, Occasion::Age),
                Some(_) | None => self.join_or_start(&mut state, Occasion::Surprise),
            }
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
            _ => NextStep::Await(self.join_or_start(&mut state, Occasion::Surprise)),
        }
    }

    fn join_or_start(&self, state: &mut State, occasion: Occasion) -> Shared<Flight> {
        if let Some(flight) = state.flight.as_ref().and_then(WeakShared::upgrade) {
            return flight;
        }
        let loader = Arc::clone(&self.loader);
        let previous = state.current.clone();
        let flight = async move { loader.load(previous.as_deref(), occasion).await }.boxed().shared();
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
    async fn load(&self, previous: Option<&ShardMap>, occasion: Occasion) -> Result<Arc<ShardMap>, ListShardsError> {
        let (listed, distribution) = tokio::join!(self.shards(), self.distribution(previous, occasion));
        ShardMap::new(listed?, distribution, previous, self.rate_limit_percent, self.clock.now().monotonic)
            .map(Arc::new)
            .ok_or(ListShardsError::Malformed)
    }

    async fn shards(&self) -> Result<Vec<ListedShard>, ListShardsError> {
        let deadline = Deadline::after(self.clock.now().monotonic, LISTING_TIME);
        let mut listed = Vec::new();
        let mut next_token = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(next_token, deadline).await?;
            listed.extend(page.shards);
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(listed);
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

    /// By what the stream chooses a record's shard. Asked once, without retries: what is not known is found out by where records
    /// land, only later. "DescribeStreamSummary has a limit of 20 transactions per second per account."
    async fn distribution(&self, previous: Option<&ShardMap>, occasion: Occasion) -> RecordDistribution {
        let known = previous.map_or(RecordDistribution::Unknown, |previous| previous.distribution);
        if occasion == Occasion::Age {
            return known;
        }
        if self.distribution_is_secret.load(Ordering::Relaxed) {
            return RecordDistribution::Unknown;
        }
        match tokio::time::timeout(DISTRIBUTION_TIME, self.list.record_distribution()).await {
            Ok(Ok(distribution)) => {
                if distribution == RecordDistribution::ByService && known != distribution {
                    tracing::warn!(
                        "the stream's RecordDistributionStrategy is AUTO: Kinesis ignores partition keys, so records are not kept in \
                         order per partition key, and they are not aggregated, whatever KINESIS_AGGREGATION says; set the strategy \
                         to USER_PARTITION_KEY if order matters"
                    );
                }
                distribution
            }
            Ok(Err(ListShardsError::Refused(source))) => {
                self.distribution_is_secret.store(true, Ordering::Relaxed);
                tracing::warn!(
                    reason = describe(&*source),
                    "Kinesis does not say how the stream distributes records; allow kinesis:DescribeStreamSummary, so that a \
                     strategy of AUTO, which keeps no order per partition key, is noticed before records are written"
                );
                RecordDistribution::Unknown
            }
            // After a surprise, what it said before is in doubt.
            Ok(Err(_)) | Err(_) => RecordDistribution::Unknown,
        }
    }
}

/// The most time one listing may take with its retries. Whoever waits has a deadline of his own.
const LISTING_TIME: Duration = Duration::from_secs(30);
/// The most time that is spent on asking how the stream distributes records: beginning to write waits for it.
const DISTRIBUTION_TIME: Duration = Duration::from_secs(1);
/// A page has up to 1,000 shards; a listing that goes on for longer than any stream is a loop.
const MAX_PAGES: usize = 1_000;

#[cfg(test)]
mod tests;
