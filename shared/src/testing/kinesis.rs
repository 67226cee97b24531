//! A Kinesis stream for tests: real hash-key ranges, throttling, resharding, and a check of everything it is sent.

mod carrying_out;
mod shards;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::clock::{Clock as _, SystemClock};
use crate::kinesis::{
    Departure, EntryResult, ListShards, ListShardsError, ListedShard, PutRecords, PutRecordsError, RecordDistribution,
    ShardPage, WriterSettings,
};
use crate::records::{SequenceNumber, UserRecord};
use crate::retry::Jitter;
use crate::testing::kcl_user_records;
use carrying_out::check_limits;
pub use shards::Resharding;
use shards::{FakeShard, reshard, shards_of_equal_ranges};

/// The writer's defaults, with pauses that are the same in every run.
#[must_use]
pub fn seeded_settings() -> WriterSettings {
    let mut settings = WriterSettings::default();
    settings.retry.jitter = Jitter::seeded(7);
    settings
}

/// A stream that can be scripted, shared by the writer and the test.
pub struct FakeKinesis {
    state: Mutex<FakeState>,
}

/// What a test may set, and what it may read.
pub struct FakeState {
    shards: Vec<FakeShard>,
    /// Every entry that was written, in order of arrival.
    pub written: Vec<WrittenEntry>,
    /// Every entry that was received, with its shard and size, written or not.
    pub received: Vec<(Instant, String, usize)>,
    /// The number of entries of every request.
    pub request_sizes: Vec<usize>,
    list_calls: usize,
    distribution_calls: usize,
    next_sequence_number: u128,
    rng: fastrand::Rng,

    /// How long a request is under way, there and back.
    pub round_trip: Duration,
    /// The probability that an entry is throttled.
    pub throttled_share: f64,
    /// The probability that an entry fails internally.
    pub internal_failure_share: f64,
    /// A shard all of whose entries are throttled.
    pub blocked_shard: Option<String>,
    /// What the next requests answer, the last first, instead of being carried out.
    pub request_errors: Vec<PutRecordsError>,
    /// Requests to come that are carried out but whose answers never arrive.
    pub answers_to_lose: usize,
    /// Requests to come that never arrive, nor their answers.
    pub requests_to_lose: usize,
    /// Requests to come that find no connection, and never leave.
    pub requests_to_hold_back: usize,
    /// Requests to come whose answers have one result too few.
    pub answers_to_truncate: usize,
    /// Requests to come whose answers have one result too many.
    pub answers_to_extend: usize,
    /// Entries to come that are written, and whose results cannot be read.
    pub results_to_garble: usize,
    /// The most bytes of a record. A request with a larger one is refused whole.
    pub max_record_bytes: usize,
    /// A request with an entry that contains these bytes is refused whole.
    pub refused_content: Option<&'static [u8]>,
    /// What the stream says about how it distributes records. It spreads them over all shards if that is `ByService`.
    pub distribution: RecordDistribution,
    /// Whether it refuses to say so.
    pub refuse_distribution: bool,
    /// Whether it never answers when it is asked.
    pub distribution_hangs: bool,
    /// Reshardings by the number of received entries at which they happen, the last first.
    pub reshardings: Vec<(usize, Resharding)>,
    /// How many shards one page of a listing has.
    pub shards_per_page: usize,
    /// Whether listing is denied.
    pub refuse_listing: bool,
    /// Whether a listing is never answered.
    pub listing_hangs: bool,
    /// Whether each page of a listing names a next one.
    pub endless_listing: bool,
}

#[derive(Clone)]
/// An entry in the stream.
pub struct WrittenEntry {
    /// When its request was sent.
    pub at: Instant,
    /// The shard it is in.
    pub shard_id: String,
    /// Its sequence number.
    pub sequence_number: SequenceNumber,
    /// Its partition key.
    pub partition_key: Arc<str>,
    /// Its data.
    pub data: Bytes,
    /// The range of its shard.
    pub shard_hash_keys: RangeInclusive<u128>,
}

impl FakeKinesis {
    /// A stream of `count` shards of equal ranges, which answers in 10 ms and never fails.
    pub fn with_shards(count: u32) -> Arc<Self> {
        let state = FakeState {
            shards: shards_of_equal_ranges(count),
            written: Vec::new(),
            received: Vec::new(),
            request_sizes: Vec::new(),
            list_calls: 0,
            distribution_calls: 0,
            next_sequence_number: 49_590_338_271_490_256_608_559_692_538_361_571_095,
            rng: fastrand::Rng::with_seed(7),
            round_trip: Duration::from_millis(10),
            throttled_share: 0.0,
            internal_failure_share: 0.0,
            blocked_shard: None,
            request_errors: Vec::new(),
            answers_to_lose: 0,
            requests_to_lose: 0,
            requests_to_hold_back: 0,
            answers_to_truncate: 0,
            answers_to_extend: 0,
            results_to_garble: 0,
            max_record_bytes: usize::MAX,
            refused_content: None,
            distribution: RecordDistribution::ByPartitionKey,
            refuse_distribution: false,
            distribution_hangs: false,
            reshardings: Vec::new(),
            shards_per_page: 1_000,
            refuse_listing: false,
            listing_hangs: false,
            endless_listing: false,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Changes how the stream behaves.
    pub fn configure(&self, change: impl FnOnce(&mut FakeState)) {
        change(&mut self.lock());
    }

    /// Looks at what the stream has seen.
    pub fn read<T>(&self, read: impl FnOnce(&FakeState) -> T) -> T {
        read(&self.lock())
    }

    /// Splits the open shard with this index in the middle.
    pub fn split(&self, index: usize) {
        reshard(&mut self.lock().shards, Resharding::Split(index));
    }

    /// Deletes the stream and creates it again, with `count` shards of equal ranges, whose ids begin again. What was written stays to be
    /// read by the test.
    pub fn recreate(&self, count: u32) {
        self.lock().shards = shards_of_equal_ranges(count);
    }

    /// What consumers that are built on the Kinesis Client Library get, in order of arrival: partition keys and data.
    pub fn read_by_the_kcl(&self) -> Vec<(Arc<str>, Bytes)> {
        let of_entry =
            |entry: &WrittenEntry| kcl_user_records(&entry.partition_key, &entry.data, &entry.shard_hash_keys);
        self.lock().written.iter().flat_map(of_entry).collect()
    }

    /// How often it was asked how it distributes records.
    pub fn distribution_calls(&self) -> usize {
        self.lock().distribution_calls
    }

    /// How often its shards were listed.
    pub fn list_calls(&self) -> usize {
        self.lock().list_calls
    }

    fn lock(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().expect("no test panics with the lock held")
    }
}

impl PutRecords for Arc<FakeKinesis> {
    async fn put_records(
        &self,
        entries: Vec<UserRecord>,
        departure: &Departure,
    ) -> Result<Vec<EntryResult>, PutRecordsError> {
        check_limits(&entries);
        departure.hold_back();
        let (round_trip, lost, held_back) = {
            let mut state = self.lock();
            let held_back = state.requests_to_hold_back > 0;
            state.requests_to_hold_back = state.requests_to_hold_back.saturating_sub(1);
            let lost = state.requests_to_lose > 0;
            state.requests_to_lose = state.requests_to_lose.saturating_sub(1);
            (state.round_trip, lost, held_back)
        };
        if held_back || !departure.leave() || lost {
            return std::future::pending().await;
        }
        let at = SystemClock.now().monotonic;
        tokio::time::sleep(round_trip / 2).await;
        let (answer, lost) = {
            let mut state = self.lock();
            let answer = state.carry_out(&entries, at);
            let lost = state.answers_to_lose > 0;
            state.answers_to_lose = state.answers_to_lose.saturating_sub(1);
            (answer, lost)
        };
        if lost {
            return std::future::pending().await;
        }
        tokio::time::sleep(round_trip / 2).await;
        answer
    }
}

impl ListShards for Arc<FakeKinesis> {
    async fn list_shards(&self, next_token: Option<String>) -> Result<ShardPage, ListShardsError> {
        if self.lock().listing_hangs {
            return std::future::pending().await;
        }
        let round_trip = self.lock().round_trip;
        tokio::time::sleep(round_trip).await;
        let mut state = self.lock();
        state.list_calls += 1;
        if state.refuse_listing {
            return Err(ListShardsError::Refused(Arc::new(std::io::Error::other("AccessDeniedException"))));
        }
        let start: usize = next_token.map_or(0, |token| token.parse().expect("our own token"));
        let end = start + state.shards_per_page;
        let listed = |shard: &FakeShard| ListedShard {
            shard_id: shard.id.clone(),
            hash_keys: shard.hash_keys.clone(),
            open: shard.open,
        };
        let shards = state.shards.iter().skip(start).take(state.shards_per_page).map(listed).collect();
        let more = state.endless_listing || end < state.shards.len();
        Ok(ShardPage { shards, next_token: more.then(|| end.to_string()) })
    }

    async fn record_distribution(&self) -> Result<RecordDistribution, ListShardsError> {
        if self.lock().distribution_hangs {
            return std::future::pending().await;
        }
        let round_trip = self.lock().round_trip;
        tokio::time::sleep(round_trip).await;
        let mut state = self.lock();
        state.distribution_calls += 1;
        if state.refuse_distribution {
            return Err(ListShardsError::Refused(Arc::new(std::io::Error::other("AccessDeniedException"))));
        }
        Ok(state.distribution)
    }
}
