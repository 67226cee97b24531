//! The cached decryptor: payloads in, and for each its plaintext, or why it has none. On Lambda or anywhere else.
//!
//! Payloads -> plan (headers read, the distinct data keys) -> resolve (as few KMS calls as can matter) -> opening (on every core,
//! off the async runtime). Where its data keys come from decides what is cached and how often KMS is called:
//! [`CachingDecryption`](crate::data_keys::CachingDecryption) is the decorator that remembers them.

mod opening;
mod order;
mod outcome;
mod plan;
mod rejection_code;
mod resolve;
mod stopwatch;
mod suspect_setting;
#[cfg(test)]
mod tests;
mod variables;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::Instrument as _;

use self::opening::Opening;
use self::plan::Plan;
use self::resolve::resolve;
use crate::clock::Clock;
use crate::data_keys::DecryptDataKey;
use crate::invocation::{PhaseDeadlines, TimeReserves};
use crate::record_format::RecordFormat;
use crate::retry::Deadline;

pub use order::{Order, UnavailableKeys};
pub use outcome::{NotOpened, Opened};
pub(crate) use stopwatch::Stopwatch;
pub use suspect_setting::SuspectSetting;
pub use variables::VARIABLES;

/// Decrypts payloads of one format. Lives as long as the process: its data keys are the warm state.
#[derive(Debug)]
pub struct Decryptor<K> {
    /// Where data keys are obtained.
    pub data_keys: K,
    /// What the payloads are.
    pub format: Arc<RecordFormat>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How payloads are decrypted.
    pub settings: DecryptorSettings,
}

/// How payloads are decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecryptorSettings {
    /// The most requests for data keys under way at a time. What they may ask of KMS is limited further down.
    pub max_concurrent_requests: NonZeroUsize,
    /// How many KMS calls may be made in vain before no further data keys are asked for at a time: calls for data keys that nobody can
    /// decrypt, or that are refused. Those under way then come on top. What was not asked for comes again.
    pub max_calls_in_vain: NonZeroU64,
    /// The most threads that open payloads, the calling one included.
    pub opening_threads: NonZeroUsize,
}

impl DecryptorSettings {
    /// The default of [`max_concurrent_requests`](Self::max_concurrent_requests): hides KMS's latency of some 10 ms for
    /// batches of dozens of keys, and is a small part of the smallest account's quota.
    pub const DEFAULT_MAX_CONCURRENT_REQUESTS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

    /// The default of [`max_calls_in_vain`](Self::max_calls_in_vain): 2 % of what the smallest account's quota allows in a second, and
    /// so many records for quarantine in one invocation that a flood of them is through before long.
    pub const DEFAULT_MAX_CALLS_IN_VAIN: NonZeroU64 = NonZeroU64::new(200).unwrap();
}

impl Default for DecryptorSettings {
    /// Default concurrency, and a thread for each core.
    fn default() -> Self {
        Self {
            max_concurrent_requests: Self::DEFAULT_MAX_CONCURRENT_REQUESTS,
            max_calls_in_vain: Self::DEFAULT_MAX_CALLS_IN_VAIN,
            opening_threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// What became of payloads, and what it took.
#[derive(Debug)]
pub(crate) struct Decrypted {
    /// One for each payload, in order.
    pub(crate) results: Vec<Result<Opened, NotOpened>>,
    /// The distinct data keys that the payloads need.
    pub(crate) distinct_data_keys: usize,
    pub(crate) durations: DecryptDurations,
}

/// How long the parts of decrypting took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecryptDurations {
    /// Reading the headers.
    pub reading: Duration,
    /// Obtaining the data keys.
    pub data_keys: Duration,
    /// Opening the payloads.
    pub opening: Duration,
}

/// A thread that opened payloads panicked: a mistake in this program. Its message is not repeated here, for it might show
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening the records panicked")]
pub struct OpeningPanicked;

impl<K: DecryptDataKey> Decryptor<K> {
    /// Decrypts `payloads`, each for itself, and answers at `deadline` at the latest with one result for each, in their order.
    ///
    /// Payloads that share a data key cost one request for it, and none if it is cached.
    ///
    /// # Errors
    /// [`OpeningPanicked`]. What is wrong with a payload or its data key is in its result.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use warmkeys::clock::Clock;
    /// use warmkeys::data_keys::DecryptDataKey;
    /// use warmkeys::decryptor::{Decryptor, NotOpened};
    /// use warmkeys::retry::Deadline;
    ///
    /// async fn count<K: DecryptDataKey>(decryptor: &Decryptor<K>, records: Vec<bytes::Bytes>, clock: &dyn Clock) -> usize {
    ///     let deadline = Deadline::after(clock.now().monotonic, Duration::from_secs(10));
    ///     let results = decryptor.decrypt(records, deadline).await.unwrap_or_default();
    ///     results.iter().filter(|result| matches!(result, Err(NotOpened::Content(_)))).count()
    /// }
    /// ```
    pub async fn decrypt(
        &self,
        payloads: Vec<Bytes>,
        deadline: Deadline,
    ) -> Result<Vec<Result<Opened, NotOpened>>, OpeningPanicked> {
        let deadlines = PhaseDeadlines::until_delivery(deadline, TimeReserves::default(), self.clock.now());
        Ok(self.decrypt_in(payloads, &Order::Independent, deadlines).await?.results)
    }

    /// Decrypts `payloads` in `order`: data keys until one deadline, opening until another.
    pub(crate) async fn decrypt_in(
        &self,
        payloads: Vec<Bytes>,
        order: &Order,
        deadlines: PhaseDeadlines,
    ) -> Result<Decrypted, OpeningPanicked> {
        let mut stopwatch = Stopwatch::start(&*self.clock);
        let count = payloads.len();
        let plan = Plan::new(&payloads, &self.format, order);
        let distinct_data_keys = plan.data_keys.len();
        let reading = stopwatch.lap();

        let counted = self.data_keys.cache_statistics();
        let (wanted, deadline) = (&plan.data_keys, deadlines.data_keys);
        let resolved = resolve(wanted, &self.data_keys, order, &self.settings, deadline, &*self.clock)
            .instrument(tracing::info_span!("data_keys"))
            .await;
        let data_keys = stopwatch.lap();
        if let (Some(now), Some(before)) = (self.data_keys.cache_statistics(), counted) {
            now.log_since(&before);
        }

        let end = resolved.blocked.as_ref().map_or(count, |blocked| blocked.at);
        let format = Arc::clone(&self.format);
        let mut results = self
            .open(Opening { payloads, end, plan, data_keys: resolved.outcomes, format }, deadlines)
            .instrument(tracing::info_span!("open"))
            .await?;
        results.resize_with(end, || Err(NotOpened::DeadlinePassed));
        results.extend(resolved.blocked.map(|blocked| Err(NotOpened::DataKey(blocked.error))));
        results.resize_with(count, || Err(NotOpened::Skipped));
        let opening = stopwatch.lap();
        Ok(Decrypted { results, distinct_data_keys, durations: DecryptDurations { reading, data_keys, opening } })
    }

    /// Opens off the async runtime's threads.
    async fn open(
        &self,
        opening: Opening,
        deadlines: PhaseDeadlines,
    ) -> Result<Vec<Result<Opened, NotOpened>>, OpeningPanicked> {
        let threads = self.settings.opening_threads;
        let deadline = deadlines.half_way_to_delivery(self.clock.now());
        let clock = Arc::clone(&self.clock);
        let opened = tokio::task::spawn_blocking(move || opening.run(threads, deadline, &*clock));
        match tokio::time::timeout_at(deadlines.delivery.instant(), opened).await {
            Ok(finished) => finished.map_err(|_panic| OpeningPanicked),
            // One payload alone took longer than the deadline: none is known to be open.
            Err(_elapsed) => Ok(Vec::new()),
        }
    }
}
