//! The one table of metrics: names, units and meanings.
//!
//! OpenTelemetry's names, where it has one for the same thing: `faas.*` and `messaging.*` are of its semantic conventions. The others follow
//! its rules: lower case, dots between what contains and what is contained, no unit in the name, seconds for durations.
//! <https://opentelemetry.io/docs/specs/semconv/general/naming/>

use super::metric::{Family, Metric, Unit};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Warmkeys";

/// The dimension that all metrics have.
pub const FUNCTION_NAME: &str = "FunctionName";

/// The dimension that metrics about a stream have: that which is read, or (`record-encryptor`) written.
pub const STREAM_NAME: &str = "StreamName";

/// Cold starts.
pub const COLD_STARTS: Metric = Metric::always(
    "faas.coldstarts",
    Unit::Count,
    "1 for the first invocation of a sandbox (Lambda's execution environment), else 0",
);

/// Invocations that failed.
pub const ERRORS: Metric = Metric::if_not_zero(
    "faas.errors",
    Unit::Count,
    "1 for an invocation that failed as a whole. The log says why; Lambda delivers the whole batch again",
);

/// The duration of an invocation.
pub const INVOKE_DURATION: Metric =
    Metric::always("faas.invoke_duration", Unit::Seconds, "From the event's arrival to the answer");

/// The time that was left.
pub const TIME_LEFT: Metric = Metric::always(
    "invocation.time_left",
    Unit::Seconds,
    "What was left at the answer until the invocation's deadline. Near `RESPONSE_RESERVE_MILLISECONDS`, time is what ends the batches",
);

/// Records received.
pub const RECEIVED: Metric = Metric::always(
    "messaging.client.consumed.messages",
    Unit::Count,
    "Records received: user records, once KPL aggregates are taken apart. `record-encryptor`: records it was asked to write",
);

/// Records decrypted.
pub const DECRYPTED: Metric = Metric::always(
    "records.decrypted",
    Unit::Count,
    "Records that were opened, whether they could be delivered or not",
);

/// Records delivered.
pub const DELIVERED: Metric = Metric::always(
    "records.delivered",
    Unit::Count,
    "Records that the sink has taken. `record-encryptor`: records written to the stream",
);

/// Records quarantined.
pub const QUARANTINED: Metric =
    Metric::always("records.quarantined", Unit::Count, "Records that the quarantine has taken");

/// Records quarantined, by reason.
pub const QUARANTINED_BY_REASON: Family = Family {
    prefix: "records.quarantined",
    meaning: "Records that the quarantine has taken for this reason. The record",
};

/// Records that come again.
pub const CHECKPOINTED: Metric =
    Metric::always("records.checkpointed", Unit::Count, "Records from the checkpoint on: Lambda delivers them again");

/// Records that failed and may succeed.
pub const FAILED_RETRYABLE: Metric = Metric::if_not_zero(
    "records.failed.retryable",
    Unit::Count,
    "`record-encryptor`: records that were not written, as far as is known, and may be if they are sent again",
);

/// Records that can never be written.
pub const FAILED_PERMANENT: Metric = Metric::if_not_zero(
    "records.failed.permanent",
    Unit::Count,
    "`record-encryptor`: records that can never be written as they are",
);

/// Batches with a checkpoint.
pub const BATCHES_CHECKPOINTED: Metric =
    Metric::always("batches.checkpointed", Unit::Count, "1 if the batch ended at a checkpoint, else 0");

/// Batches with a checkpoint, by the class of its cause.
pub const BATCHES_CHECKPOINTED_BY_CLASS: Family = Family {
    prefix: "batches.checkpointed",
    meaning: "1 if the batch ended at a checkpoint for a failure of this class:",
};

/// Batches held back.
pub const BATCHES_HELD: Metric = Metric::if_not_zero(
    "batches.held",
    Unit::Count,
    "1 if the whole batch is held because none of it can be read, as if a setting were wrong (`SUSPICIOUS_BATCH_HOLD_SECONDS`). It counts \
     as a checkpoint of the class `unavailable` too",
);

/// Empty aggregates.
pub const AGGREGATES_EMPTY: Metric =
    Metric::if_not_zero("aggregates.empty", Unit::Count, "KPL aggregates without any user record");

/// The size of payloads.
pub const PAYLOADS_SIZE: Metric =
    Metric::always("payloads.size", Unit::Bytes, "All records' data, as they came on the stream");

/// The size of plaintexts.
pub const PLAINTEXTS_SIZE: Metric = Metric::always("plaintexts.size", Unit::Bytes, "All decrypted records' plaintext");

/// The age of the last delivered record.
pub const DELIVERY_LAG: Metric = Metric::always(
    "delivery.lag",
    Unit::Seconds,
    "From the arrival of the last delivered record on the stream to its delivery. Missing if nothing was delivered",
);

/// Reading.
pub const READ_DURATION: Metric =
    Metric::always("phase.read.duration", Unit::Seconds, "Reading the event and the records' headers");

/// Obtaining data keys.
pub const DATA_KEYS_DURATION: Metric =
    Metric::always("phase.data_keys.duration", Unit::Seconds, "Obtaining data keys: from the cache, and from KMS");

/// Opening.
pub const OPEN_DURATION: Metric = Metric::always("phase.open.duration", Unit::Seconds, "Opening the records");

/// Delivering.
pub const DELIVER_DURATION: Metric = Metric::always("phase.deliver.duration", Unit::Seconds, "Delivery to the sink");

/// Quarantining.
pub const QUARANTINE_DURATION: Metric =
    Metric::if_not_zero("phase.quarantine.duration", Unit::Seconds, "Putting rejected records into the quarantine");

/// Distinct data keys.
pub const DISTINCT_DATA_KEYS: Metric = Metric::always(
    "data_keys.distinct",
    Unit::Count,
    "Different data keys that the batch needs. As many as records: the producer makes one per record, and no cache can help",
);

/// KMS calls.
pub const KMS_CALLS: Metric =
    Metric::always("kms.calls", Unit::Count, "Calls asked of KMS, each counted once however often it was tried");

/// KMS requests.
pub const KMS_ATTEMPTS: Metric = Metric::always(
    "kms.attempts",
    Unit::Count,
    "Requests sent to KMS, retries included. This is what counts against KMS's quota",
);

/// Throttled KMS requests.
pub const KMS_THROTTLES: Metric = Metric::always(
    "kms.throttles",
    Unit::Count,
    "Requests that KMS throttled, also where a retry succeeded. KMS itself publishes no such metric",
);

/// KMS requests that failed, by class.
pub const KMS_ERRORS: Family = Family { prefix: "kms.errors", meaning: "Requests to KMS that failed with this class:" };

/// Time waited for KMS.
pub const KMS_WAIT: Metric = Metric::always(
    "kms.wait.duration",
    Unit::Seconds,
    "What all calls together waited for their turn at the pace that KMS grants, and between attempts. Calls that wait at the same time all \
     count",
);

/// The latency of KMS.
pub const KMS_ATTEMPT_DURATION: Metric = Metric::if_not_zero(
    "kms.attempt.duration",
    Unit::Seconds,
    "A distribution: how long each request to KMS took, to within 10 %. Any percentile can be asked for",
);

/// The concurrency limit.
pub const KMS_CONCURRENCY_LIMIT: Metric = Metric::always(
    "kms.concurrency_limit",
    Unit::Count,
    "How many requests to KMS may be under way at once now in this sandbox; lowered while KMS throttles",
);

/// KMS calls saved.
pub const KMS_CALLS_SAVED: Metric = Metric::always(
    "kms.calls.saved",
    Unit::Count,
    "Records decrypted (or written, by `record-encryptor`) less `kms.calls`, at least 0: the calls that one call per record would have cost \
     on top",
);

/// Cache hits.
pub const CACHE_HITS: Metric =
    Metric::always("cache.hits", Unit::Count, "Requests for a data key that the cache answered");

/// Cache misses.
pub const CACHE_MISSES: Metric =
    Metric::always("cache.misses", Unit::Count, "Requests for a data key that was not cached, and was asked of KMS");

/// Joined flights.
pub const CACHE_JOINS: Metric = Metric::if_not_zero(
    "cache.joins",
    Unit::Count,
    "Requests for a data key that waited for another one's call, which was under way",
);

/// Remembered failures.
pub const CACHE_FAILURE_HITS: Metric = Metric::if_not_zero(
    "cache.failure_hits",
    Unit::Count,
    "Requests for a data key that the cache answered with a remembered permanent failure, without a call",
);

/// Bypasses.
pub const CACHE_BYPASSES: Metric =
    Metric::if_not_zero("cache.bypasses", Unit::Count, "Requests for a data key that may not be cached");

/// Rejoins.
pub const CACHE_REJOINS: Metric = Metric::if_not_zero(
    "cache.rejoins",
    Unit::Count,
    "Requests that began once more, because the call that they had waited for gave up before their own time was up, or its data key was \
     used up",
);

/// Refreshes.
pub const CACHE_REFRESHES: Metric =
    Metric::if_not_zero("cache.refreshes", Unit::Count, "Data keys that were begun to be renewed before they expire");

/// Failed refreshes.
pub const CACHE_REFRESH_FAILURES: Metric = Metric::if_not_zero(
    "cache.refresh_failures",
    Unit::Count,
    "Renewals that failed. The data key serves on until it expires",
);

/// Expired entries.
pub const CACHE_EXPIRATIONS: Metric =
    Metric::if_not_zero("cache.expirations", Unit::Count, "Data keys dropped because of their age");

/// Evicted entries.
pub const CACHE_EVICTIONS: Metric = Metric::if_not_zero(
    "cache.evictions",
    Unit::Count,
    "Data keys dropped to make room. If it goes on, `DATA_KEY_CACHE_CAPACITY` is too small",
);

/// Used-up entries.
pub const CACHE_EXHAUSTIONS: Metric = Metric::if_not_zero(
    "cache.exhaustions",
    Unit::Count,
    "`record-encryptor`: data keys dropped because one more record would have exceeded a limit",
);

/// Entries.
pub const CACHE_ENTRIES: Metric = Metric::always("cache.entries", Unit::Count, "Data keys in the cache now");

/// All metrics but the families'.
pub const ALL: &[&Metric] = &[
    &COLD_STARTS,
    &ERRORS,
    &INVOKE_DURATION,
    &TIME_LEFT,
    &RECEIVED,
    &DECRYPTED,
    &DELIVERED,
    &QUARANTINED,
    &CHECKPOINTED,
    &FAILED_RETRYABLE,
    &FAILED_PERMANENT,
    &BATCHES_CHECKPOINTED,
    &BATCHES_HELD,
    &AGGREGATES_EMPTY,
    &PAYLOADS_SIZE,
    &PLAINTEXTS_SIZE,
    &DELIVERY_LAG,
    &READ_DURATION,
    &DATA_KEYS_DURATION,
    &OPEN_DURATION,
    &DELIVER_DURATION,
    &QUARANTINE_DURATION,
    &DISTINCT_DATA_KEYS,
    &KMS_CALLS,
    &KMS_ATTEMPTS,
    &KMS_THROTTLES,
    &KMS_WAIT,
    &KMS_ATTEMPT_DURATION,
    &KMS_CONCURRENCY_LIMIT,
    &KMS_CALLS_SAVED,
    &CACHE_HITS,
    &CACHE_MISSES,
    &CACHE_JOINS,
    &CACHE_FAILURE_HITS,
    &CACHE_BYPASSES,
    &CACHE_REJOINS,
    &CACHE_REFRESHES,
    &CACHE_REFRESH_FAILURES,
    &CACHE_EXPIRATIONS,
    &CACHE_EVICTIONS,
    &CACHE_EXHAUSTIONS,
    &CACHE_ENTRIES,
];
