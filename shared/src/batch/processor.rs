//! One batch's way, from its records to its checkpoint.

use std::sync::Arc;

use super::finishing::{Finished, Finishing};
use super::report::{BatchReport, Checkpoint};
use super::suspicion::SuspiciousBatches;
use super::units::{unit_start, unit_starts};
use super::{EventError, ShardBatch};
use crate::clock::Clock;
use crate::data_keys::DecryptDataKey;
use crate::decryptor::{Decryptor, NotOpened, Opened, OpeningPanicked, Order, UnavailableKeys};
use crate::failure::{FailureClass, describe};
use crate::invocation::{PhaseDeadlines, TimeReserves};
use crate::quarantine::Quarantine;
use crate::record_format::RecordFormat;
use crate::records::{OpenedRecord, RejectedRecord, ShardRecord};
use crate::retry::Deadline;
use crate::sinks::RecordSink;
use crate::text::bounded;

/// Opens batches and passes on what is finished. Lives as long as the sandbox; its parts hold the warm state.
#[derive(Debug)]
pub struct BatchProcessor<K, S, Q> {
    /// Opens the records.
    pub decryptor: Decryptor<K>,
    /// Where opened records go.
    pub sink: S,
    /// Where records go that can never be read.
    pub quarantine: Q,
    /// Batches that are held back, because it may be a setting that is wrong.
    pub suspicious_batches: SuspiciousBatches,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How batches are processed.
    pub settings: BatchSettings,
}

/// How batches are processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSettings {
    /// What becomes of records whose data key is unavailable.
    pub unavailable_keys: UnavailableKeys,
    /// What is kept back of an invocation's time.
    pub reserves: TimeReserves,
}

/// Why a batch has no checkpoint of its own: the invocation fails, and the whole batch comes again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The event is not a batch of one shard.
    #[error("the event is not a batch of one shard's records")]
    Event(#[from] EventError),
    /// The sink is the stream that the batch is from: each record would come again, in clear, on the stream of encrypted records.
    #[error("the sink is {stream_arn}, the stream that the records are from; set SINK_ARN to another destination")]
    SinkIsSource {
        /// The stream's ARN.
        stream_arn: String,
    },
    /// A thread that opened records panicked: a mistake in this program.
    #[error(transparent)]
    OpeningPanicked(#[from] OpeningPanicked),
}

impl<K: DecryptDataKey, S: RecordSink, Q: Quarantine> BatchProcessor<K, S, Q> {
    /// Processes `batch` and answers before `invocation`'s deadline, whatever hangs.
    ///
    /// What the report's checkpoint does not bring back is delivered or in quarantine. What it brings back was not delivered,
    /// but for what the sink took although it failed: the first part of a unit, or records that were under way beside
    /// the one that it did not take. With a sink that hung, what it took is not known.
    ///
    /// # Errors
    /// [`BatchError::OpeningPanicked`], [`BatchError::SinkIsSource`]; nothing was passed on then.
    pub async fn process(&self, batch: ShardBatch, invocation: Deadline) -> Result<BatchReport, BatchError> {
        let Some(origin) = batch.origin else { return Ok(BatchReport::default()) };
        if self.sink.writes_to(origin.stream()) {
            return Err(BatchError::SinkIsSource { stream_arn: bounded(origin.stream(), MAX_ARN_LEN) });
        }
        let empty_aggregates = batch.empty_aggregates.len();
        if let Some(first) = batch.empty_aggregates.first() {
            tracing::warn!(
                empty_aggregates,
                first_sequence_number = first.as_str(),
                "the batch has aggregates without user records: there is nothing in them to deliver or to quarantine; look at their producer"
            );
        }
        let records = batch.records;
        let deadlines = PhaseDeadlines::new(invocation, self.settings.reserves, self.clock.now());
        let unavailable_keys = self.settings.unavailable_keys;
        let order = Order::Kept { group_starts: unit_starts(&records), unavailable_keys };

        let payloads = records.iter().map(|record| record.data.clone()).collect();
        let payload_bytes = records.iter().map(|record| record.data.len()).sum();
        let decrypted = self.decryptor.decrypt_in(payloads, &order, deadlines).await?;
        let (results, format) = (&decrypted.results, &self.decryptor.format);
        let mut report = BatchReport {
            received: records.len(),
            decrypted: results.iter().filter(|result| result.is_ok()).count(),
            plaintext_bytes: results.iter().flatten().map(|opened| opened.plaintext.len()).sum(),
            payload_bytes,
            empty_aggregates,
            distinct_data_keys: decrypted.distinct_data_keys,
            ..BatchReport::default()
        };
        report.durations.decrypting = decrypted.durations;
        let held = self.suspicious_batches.reason_to_hold(results, unavailable_keys, format, self.clock.now());
        if let Some(reason) = held {
            let checkpoint = Checkpoint::new(&records, 0, FailureClass::Unavailable, reason);
            return Ok(BatchReport { is_held: true, checkpoint, ..report });
        }
        let (finished, stopped_by) = finished(&records, decrypted.results, unavailable_keys, &self.decryptor.format);
        let end = unit_start(&records, finished.len());
        let finishing = Finishing {
            sink: &self.sink,
            quarantine: &self.quarantine,
            origin: &origin,
            records: &records,
            deadlines,
            clock: &*self.clock,
        };
        let progress = finishing.pass_on(finished, end).await;
        report.delivered = progress.delivered;
        report.quarantined = progress.quarantined.values().sum();
        report.quarantined_records = progress.quarantined_records;
        report.quarantined_by_code = progress.quarantined;
        report.delivery_lag = progress.delivery_lag;
        report.durations.delivering = progress.delivering;
        report.durations.quarantining = progress.quarantining;
        report.checkpoint = progress.checkpoint.or_else(|| {
            let error = stopped_by?;
            tracing::debug!(
                index = end,
                class = %error.class(),
                "chose the checkpoint: the first record of the unit that could not be decrypted now"
            );
            Checkpoint::new(&records, end, error.class(), describe(&error))
        });
        Ok(report)
    }
}

/// An error's text is bounded, whatever the event says.
const MAX_ARN_LEN: usize = 300;

/// The records that need nothing more but to be passed on: up to the first that is not finished now, and why it is not.
fn finished(
    records: &[ShardRecord],
    results: Vec<Result<Opened, NotOpened>>,
    unavailable_keys: UnavailableKeys,
    format: &RecordFormat,
) -> (Vec<Finished>, Option<NotOpened>) {
    let mut finished = Vec::with_capacity(records.len());
    for (record, result) in std::iter::zip(records, results) {
        finished.push(match result {
            Ok(Opened { plaintext, encryption_context }) => {
                Ok(OpenedRecord { record: record.clone(), encryption_context, plaintext })
            }
            Err(error) if unavailable_keys.is_final(error.class()) => {
                let (class, code) = (error.class(), error.rejection_code());
                let reason = reason(&error, format, &record.data);
                Err(RejectedRecord { record: record.clone(), class, code, reason })
            }
            Err(error) => return (finished, Some(error)),
        });
    }
    (finished, None)
}

/// Why a record is rejected, with what its payload looks like if it can never be opened as what it should be.
fn reason(error: &NotOpened, format: &RecordFormat, payload: &[u8]) -> String {
    let reason = describe(error);
    match format.hint(payload).filter(|_| error.class() == FailureClass::Permanent) {
        Some(hint) => format!("{reason}. The payload looks like {hint}"),
        None => reason,
    }
}
