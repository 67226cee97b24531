//! What is seen of every invocation: whether it is the sandbox's first, how long it took, and what its metrics are.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::clock::Clock;
use crate::failure::FailureClass;
use crate::logging::LogSettings;
use crate::materials_cache::CacheStatistics;
use crate::metrics::definitions::{
    CACHE_BYPASSES, CACHE_ENTRIES, CACHE_EVICTIONS, CACHE_EXHAUSTIONS, CACHE_EXPIRATIONS, CACHE_FAILURE_HITS,
    CACHE_HITS, CACHE_JOINS, CACHE_MISSES, CACHE_REFRESH_FAILURES, CACHE_REFRESHES, CACHE_REJOINS, COLD_STARTS,
    FUNCTION_NAME, INVOKE_DURATION, KMS_ATTEMPT_DURATION, KMS_ATTEMPTS, KMS_CALLS, KMS_CALLS_SAVED,
    KMS_CONCURRENCY_LIMIT, KMS_ERRORS, KMS_THROTTLES, KMS_WAIT, STREAM_NAME, TIME_LEFT,
};
use crate::metrics::{Document, Emitter, MetricsSettings};
use crate::retry::{CallStatistics, Deadline};
use crate::text::bounded;

/// Sees all invocations of a sandbox. One for each sandbox.
#[derive(Debug)]
pub struct Observer {
    clock: Arc<dyn Clock>,
    has_begun: AtomicBool,
    metrics: Option<FunctionMetrics>,
}

/// An invocation that has begun.
#[derive(Clone, Debug)]
pub struct Observed {
    request_id: String,
    is_cold_start: bool,
    began: Instant,
    deadline: Deadline,
}

/// The metrics of a function: where they are written, and what was told already.
pub struct FunctionMetrics {
    emitter: Emitter,
    function_name: String,
    /// Guards what earlier documents told, so that each call is told once. Held for one comparison.
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    calls: CallStatistics,
    cache: CacheStatistics,
}

impl Observer {
    /// Sees invocations, and tells nobody.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, has_begun: AtomicBool::new(false), metrics: None }
    }

    /// Writes a document of metrics for each invocation, if there are any.
    #[must_use]
    pub fn with_metrics(self, metrics: Option<FunctionMetrics>) -> Self {
        Self { metrics, ..self }
    }

    /// An invocation begins.
    pub fn begin(&self, request_id: &str, deadline: Deadline) -> Observed {
        Observed {
            request_id: request_id.to_owned(),
            is_cold_start: !self.has_begun.swap(true, Ordering::Relaxed),
            began: self.clock.now().monotonic,
            deadline,
        }
    }

    /// It is answered. If metrics are written, `measure` adds to them what was measured.
    pub fn end(&self, observed: &Observed, measure: impl FnOnce(&FunctionMetrics, &mut Document)) {
        let Some(metrics) = &self.metrics else { return };
        let now = self.clock.now().monotonic;
        let mut document = Document::default();
        document.dimension(FUNCTION_NAME, &metrics.function_name);
        document.property("requestId", &observed.request_id);
        document.property("version", env!("CARGO_PKG_VERSION"));
        document.count(&COLD_STARTS, observed.is_cold_start.into());
        document.duration(&INVOKE_DURATION, now.saturating_duration_since(observed.began));
        document.duration(&TIME_LEFT, observed.deadline.remaining(now));
        measure(metrics, &mut document);
        metrics.emitter.emit(&document);
    }
}

impl FunctionMetrics {
    /// Metrics on standard output, as the settings say; `None` if they want none.
    #[must_use]
    pub fn new(settings: &MetricsSettings, logs: LogSettings, clock: Arc<dyn Clock>) -> Option<Self> {
        let emitter = Emitter::new(settings, logs.level.of_metrics(), clock)?;
        Some(Self::written_by(emitter, settings.function_name.clone()))
    }

    /// Metrics of the function `function_name`, written by `emitter`.
    #[must_use]
    pub fn written_by(emitter: Emitter, function_name: String) -> Self {
        Self { emitter, function_name, told: Mutex::default() }
    }

    /// The stream that `document` is about.
    pub fn stream(document: &mut Document, name: &str) {
        if !name.is_empty() {
            document.dimension(STREAM_NAME, &bounded(name, MAX_STREAM_NAME_LEN));
        }
    }

    /// Adds to `document` what was counted since the last one: of the calls to KMS, and of the cache. `records` were opened or sealed with
    /// the data keys.
    pub fn data_keys(
        &self,
        document: &mut Document,
        calls: Option<CallStatistics>,
        cache: Option<CacheStatistics>,
        records: u64,
    ) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = calls {
            let new = calls.since(&told.calls);
            told.calls = calls;
            kms(document, &new, records);
        }
        if let Some(cache) = cache {
            let new = cache.since(&told.cache);
            told.cache = cache;
            cached(document, &new);
        }
    }
}

/// The longest name that a stream has is 128 characters: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
const MAX_STREAM_NAME_LEN: usize = 128;

fn kms(document: &mut Document, calls: &CallStatistics, records: u64) {
    document.count(&KMS_CALLS, calls.calls);
    document.count(&KMS_ATTEMPTS, calls.attempts);
    document.count(&KMS_THROTTLES, calls.failures.of(FailureClass::Throttled));
    for class in FailureClass::ALL {
        document.count_of(&KMS_ERRORS, class.name(), calls.failures.of(class));
    }
    document.duration(&KMS_WAIT, calls.waited);
    document.distribution(&KMS_ATTEMPT_DURATION, &calls.attempt_durations);
    document.len(&KMS_CONCURRENCY_LIMIT, calls.concurrency_limit);
    document.count(&KMS_CALLS_SAVED, records.saturating_sub(calls.calls));
}

fn cached(document: &mut Document, cache: &CacheStatistics) {
    document.count(&CACHE_HITS, cache.hits);
    document.count(&CACHE_MISSES, cache.loads);
    document.count(&CACHE_JOINS, cache.coalesced);
    document.count(&CACHE_FAILURE_HITS, cache.failure_hits);
    document.count(&CACHE_BYPASSES, cache.bypasses);
    document.count(&CACHE_REJOINS, cache.rejoined);
    document.count(&CACHE_REFRESHES, cache.refreshes);
    document.count(&CACHE_REFRESH_FAILURES, cache.failed_refreshes);
    document.count(&CACHE_EXPIRATIONS, cache.expirations);
    document.count(&CACHE_EVICTIONS, cache.evictions);
    document.count(&CACHE_EXHAUSTIONS, cache.used_up);
    document.len(&CACHE_ENTRIES, cache.entries);
}

impl fmt::Debug for FunctionMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionMetrics").field("function_name", &self.function_name).finish_non_exhaustive()
    }
}
