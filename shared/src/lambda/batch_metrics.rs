//! The metrics of a batch.

use std::time::Duration;

use super::observer::FunctionMetrics;
use crate::batch::BatchReport;
use crate::metrics::Document;
use crate::metrics::definitions::{
    AGGREGATES_EMPTY, BATCHES_CHECKPOINTED, BATCHES_CHECKPOINTED_BY_CLASS, BATCHES_HELD, CHECKPOINTED,
    DATA_KEYS_DURATION, DECRYPTED, DELIVER_DURATION, DELIVERED, DELIVERY_LAG, DISTINCT_DATA_KEYS, OPEN_DURATION,
    PAYLOADS_SIZE, PLAINTEXTS_SIZE, QUARANTINE_DURATION, QUARANTINED, QUARANTINED_BY_REASON, READ_DURATION, RECEIVED,
};
use crate::records::ShardOrigin;

/// Adds to `document` what became of a batch. Its event took `event_reading` to be read.
pub(super) fn measure(
    document: &mut Document,
    origin: Option<&ShardOrigin>,
    report: &BatchReport,
    event_reading: Duration,
) {
    if let Some(origin) = origin {
        FunctionMetrics::stream(document, origin.stream_name());
        document.property("shardId", &origin.shard_id);
    }
    document.len(&RECEIVED, report.received);
    document.len(&DECRYPTED, report.decrypted);
    document.len(&DELIVERED, report.delivered);
    document.len(&QUARANTINED, report.quarantined);
    for (code, records) in &report.quarantined_by_code {
        document.count_of(&QUARANTINED_BY_REASON, code.name(), u64::try_from(*records).unwrap_or(u64::MAX));
    }
    document.len(&CHECKPOINTED, report.checkpointed());
    document.count(&BATCHES_CHECKPOINTED, report.checkpoint.is_some().into());
    if let Some(checkpoint) = &report.checkpoint {
        document.count_of(&BATCHES_CHECKPOINTED_BY_CLASS, checkpoint.class.name(), 1);
    }
    document.count(&BATCHES_HELD, report.is_held.into());
    document.len(&AGGREGATES_EMPTY, report.empty_aggregates);
    document.len(&PAYLOADS_SIZE, report.payload_bytes);
    document.len(&PLAINTEXTS_SIZE, report.plaintext_bytes);
    if let Some(lag) = report.delivery_lag {
        document.duration(&DELIVERY_LAG, lag);
    }
    let durations = &report.durations;
    document.duration(&READ_DURATION, event_reading + durations.decrypting.reading);
    document.duration(&DATA_KEYS_DURATION, durations.decrypting.data_keys);
    document.duration(&OPEN_DURATION, durations.decrypting.opening);
    document.duration(&DELIVER_DURATION, durations.delivering);
    document.duration(&QUARANTINE_DURATION, durations.quarantining);
    document.len(&DISTINCT_DATA_KEYS, report.distinct_data_keys);
}
