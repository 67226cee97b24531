//! The writer: sends what the schedule decides, and sleeps until it decides anew.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::error::{ListShardsError, PutRecordsError, UnknownCause, WriteError};
use super::record::Receipt;
use super::schedule::{Call, Schedule, SentRequest, Step};
use super::service::{EntryResult, ListShards, PutRecords};
use super::settings::{Aggregation, OnUnknownOutcome, WriterSettings};
use super::shard_directory::ShardDirectory;
use super::shard_map::ShardMap;
use super::written_prefix::WrittenPrefix;
use crate::clock::Clock;
use crate::failure::describe;
use crate::records::UserRecord;
use crate::retry::Deadline;

/// Writes records to one Kinesis stream.
///
/// Concurrent [`write`](Self::write) calls share the shard map, the shards' token buckets and the requests in flight; each sends
/// its own records, in requests of its own. Nothing runs in the background: a frozen or dropped call leaves nothing behind but
/// requests that may have reached the service.
#[derive(Debug)]
pub struct KinesisWriter<P, L> {
    put: P,
    shards: ShardDirectory<L>,
    settings: WriterSettings,
    clock: Arc<dyn Clock>,
    in_flight: Semaphore,
    /// Whether the stream has taken the last request of which that is known.
    stream_accepts: AtomicBool,
    /// Whether records were seen in other shards than their hash keys say, by a stream that does not say how it distributes them.
    keys_do_not_decide: AtomicBool,
}

impl<P: PutRecords, L: ListShards> KinesisWriter<P, L> {
    /// A writer that knows no shard yet: the first [`write`](Self::write) lists them.
    #[must_use]
    pub fn new(put: P, list: L, settings: WriterSettings, clock: Arc<dyn Clock>) -> Self {
        let shards = ShardDirectory::new(list, &settings, Arc::clone(&clock));
        let in_flight = Semaphore::new(settings.max_requests_in_flight.get().min(Semaphore::MAX_PERMITS));
        Self {
            put,
            shards,
            settings,
            clock,
            in_flight,
            stream_accepts: AtomicBool::new(false),
            keys_do_not_decide: AtomicBool::new(false),
        }
    }

    /// The writer's settings.
    #[must_use]
    pub fn settings(&self) -> &WriterSettings {
        &self.settings
    }

    /// Writes `records` and returns what became of each, by index. Ends at the latest at `deadline`, or when the records' time to
    /// live is over.
    ///
    /// Order is kept among the records of this call (see [`Ordering`](super::Ordering)); between calls only if the
    /// one returned before the other began.
    ///
    /// # Errors
    /// By record: a [`WriteError`], whose [`outcome`](WriteError::outcome) says whether the record may be in the stream all the
    /// same. Dropping the future is like an unknown outcome for every record.
    pub async fn write(&self, records: Vec<UserRecord>, deadline: Deadline) -> Vec<Result<Receipt, WriteError>> {
        self.write_with(records, deadline, self.settings.on_unknown_outcome).await
    }

    /// As [`write`](Self::write), with `on_unknown_outcome` in place of the setting.
    ///
    /// # Errors
    /// As those of [`write`](Self::write).
    pub async fn write_with(
        &self,
        records: Vec<UserRecord>,
        deadline: Deadline,
        on_unknown_outcome: OnUnknownOutcome,
    ) -> Vec<Result<Receipt, WriteError>> {
        let settings = WriterSettings { on_unknown_outcome, ..self.settings.clone() };
        self.write_reaching(records, None, &settings, deadline).await
    }

    /// Writes `records` as [`write`](Self::write) does, for a caller to whom only those count that stand before the first unwritten one.
    ///
    /// At most `reach` records are sent from the first unwritten one on, itself included, and none behind one that has failed for good.
    /// So less than `reach` records are written beyond those that count.
    pub async fn write_prefix(
        &self,
        records: Vec<UserRecord>,
        reach: NonZeroUsize,
        deadline: Deadline,
    ) -> WrittenPrefix {
        WrittenPrefix::of(self.write_reaching(records, Some(reach.get()), &self.settings, deadline).await)
    }

    async fn write_reaching(
        &self,
        records: Vec<UserRecord>,
        reach: Option<usize>,
        settings: &WriterSettings,
        deadline: Deadline,
    ) -> Vec<Result<Receipt, WriteError>> {
        if records.is_empty() {
            return Vec::new();
        }
        let expires = deadline.min(Deadline::after(self.clock.now().monotonic, self.settings.record_time_to_live));
        let (map, map_is_fresh) = match timeout_at(expires.instant(), self.shard_map()).await {
            Ok(Ok(map)) => map,
            Ok(Err(error)) => return self.unsent(&records, &WriteError::ShardMapUnavailable(error)),
            Err(_) => return self.unsent(&records, &WriteError::Expired),
        };
        let call = Call {
            expires,
            reach,
            map_is_fresh,
            stream_accepts: self.stream_accepts.load(Ordering::Relaxed),
            keys_do_not_decide: self.keys_do_not_decide.load(Ordering::Relaxed),
        };
        let mut schedule = Schedule::new(records, map, settings, call);
        // Whether it was finished or cut off, the schedule knows every record's fate.
        let _finished_or_expired = timeout_at(expires.instant(), self.drive(&mut schedule, expires)).await;
        self.stream_accepts.store(schedule.stream_accepts(), Ordering::Relaxed);
        if schedule.map_is_stale() {
            self.shards.distrust(schedule.map_version());
        }
        if schedule.has_seen_other_shards() && !self.keys_do_not_decide.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "records are in other shards than their partition keys say, and are no longer aggregated; is the stream's \
                 RecordDistributionStrategy AUTO? Allow kinesis:DescribeStreamSummary, so that it can be asked"
            );
        }
        schedule.into_results()
    }

    /// The shard map, and whether it is fresh. It has to be where it decides what shares an aggregate: a stream can be deleted and
    /// created again, with the same shard ids and other ranges, and no result need show it. Else it is refreshed if a call before,
    /// which did not have to wait for that, has found it stale.
    async fn shard_map(&self) -> Result<(Arc<ShardMap>, bool), ListShardsError> {
        if self.settings.aggregation != Aggregation::SameShard && !self.shards.is_distrusted() {
            return Ok((self.shards.current().await?, false));
        }
        let Some(known) = self.shards.known() else { return Ok((self.shards.fresh().await?, true)) };
        match timeout(FRESH_MAP_TIME, self.shards.fresh()).await {
            Ok(Ok(fresh)) => Ok((fresh, true)),
            Ok(Err(_)) | Err(_) => Ok((known, false)),
        }
    }

    fn unsent(&self, records: &[UserRecord], error: &WriteError) -> Vec<Result<Receipt, WriteError>> {
        let limit = self.settings.max_record_bytes;
        let reason = |record: &UserRecord| match record.check(limit) {
            Ok(()) => error.clone(),
            Err(unwritable) => WriteError::Unwritable(unwritable),
        };
        records.iter().map(|record| Err(reason(record))).collect()
    }

    async fn drive(&self, schedule: &mut Schedule<'_>, expires: Deadline) {
        let mut requests = FuturesUnordered::new();
        let mut refresh: Option<Refresh<'_>> = None;
        let mut permit = None;
        while !schedule.is_finished() {
            let now = self.clock.now().monotonic;
            if expires.has_passed(now) {
                return;
            }
            if schedule.map_is_stale() && refresh.is_none() {
                refresh = Some(Box::pin(self.shards.newer_than(schedule.map_version())));
            }
            // A permit that was waited for is used, not given back: others may queue for it behind this call.
            permit = permit.or_else(|| self.in_flight.try_acquire().ok());
            let wait = match permit.take() {
                None => Wait::Permit,
                Some(free) => match schedule.next(now) {
                    Step::Send(entries, sent) => {
                        requests.push(self.send(entries, sent, free));
                        continue;
                    }
                    Step::WaitUntil(at) => Wait::Until(at),
                    Step::WaitForAnswer => Wait::Answer,
                    Step::Finished => return,
                },
            };
            tokio::select! {
                biased; // answers first, since they tell most; and not by chance, so that a test always takes the same course
                Some((sent, answer)) = requests.next() => self.take_in(schedule, &sent, answer),
                map = landed(&mut refresh) => {
                    refresh = None;
                    match map {
                        Ok(map) => schedule.on_map(map),
                        Err(_) => schedule.on_map_unavailable(),
                    }
                }
                () = sleep_until(wait.until().unwrap_or(now)), if wait.until().is_some() => {}
                free = self.in_flight.acquire(), if matches!(wait, Wait::Permit) => permit = free.ok(),
            }
        }
    }

    async fn send(
        &self,
        entries: Vec<UserRecord>,
        sent: SentRequest,
        _permit: SemaphorePermit<'_>,
    ) -> (SentRequest, Answer) {
        let attempt_timeout = self.settings.retry.attempt_timeout;
        let answer = match timeout(attempt_timeout, self.put.put_records(entries, &sent.departure)).await {
            Ok(Ok(results)) => Answer::Results(results),
            Ok(Err(error)) => Answer::Failed(error),
            Err(_) if sent.departure.give_up() => {
                Answer::Failed(PutRecordsError::NotSent(Arc::new(StillConnecting { attempt_timeout })))
            }
            Err(_) => Answer::TimedOut,
        };
        (sent, answer)
    }

    fn take_in(&self, schedule: &mut Schedule<'_>, sent: &SentRequest, answer: Answer) {
        let (now, jitter) = (self.clock.now().monotonic, self.settings.retry.jitter.draw());
        match answer {
            Answer::Results(results) => schedule.on_results(sent, results, now, jitter),
            Answer::Failed(error) => {
                // The records' own failures, if it comes to that, do not tell the cause.
                if matches!(error, PutRecordsError::NotSent(_)) {
                    tracing::warn!(
                        reason = describe(&error),
                        "a request to Kinesis could not be sent: its records are sent again while there is time; if this goes on, look \
                         at the function's network and credentials"
                    );
                } else if matches!(error, PutRecordsError::Caller(_)) {
                    tracing::warn!(
                        reason = describe(&error),
                        "Kinesis did not accept the function's own request, whatever records it holds: they are sent again while there is \
                         time; if this goes on, look at the function's credentials, clock and account"
                    );
                }
                schedule.on_error(sent, error, now, jitter);
            }
            Answer::TimedOut => schedule.on_unknown(sent, &UnknownCause::TimedOut, now, jitter),
        }
    }
}

/// The most time that a call waits for a newer shard map before it goes on with the one it has, and packs more cautiously.
const FRESH_MAP_TIME: Duration = Duration::from_secs(1);

/// Why a request was not sent within its time.
#[derive(Debug, thiserror::Error)]
#[error("there was no connection to send it on within {attempt_timeout:?}")]
struct StillConnecting {
    attempt_timeout: Duration,
}

/// What the service said to one request.
enum Answer {
    Results(Vec<EntryResult>),
    Failed(PutRecordsError),
    TimedOut,
}

/// What a call without anything to send waits for, besides the answers to its requests.
enum Wait {
    Until(Instant),
    Permit,
    Answer,
}

impl Wait {
    fn until(&self) -> Option<Instant> {
        match self {
            Self::Until(at) => Some(*at),
            Self::Permit | Self::Answer => None,
        }
    }
}

type Refresh<'a> = Pin<Box<dyn Future<Output = Result<Arc<ShardMap>, ListShardsError>> + Send + 'a>>;

/// The refreshed map, if a refresh is under way; else nothing, ever.
async fn landed(refresh: &mut Option<Refresh<'_>>) -> Result<Arc<ShardMap>, ListShardsError> {
    match refresh {
        Some(refresh) => refresh.await,
        None => std::future::pending().await,
    }
}
