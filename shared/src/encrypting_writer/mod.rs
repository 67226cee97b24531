//! Encrypts records in bulk and writes them to a Kinesis stream: the producing side's counterpart of
//! [`BatchProcessor`](crate::batch::BatchProcessor).
//!
//! [`PlainRecord`]s -> checked, each on its own -> materials, one data key for all of an encryption context ->
//! sealed on every core -> later records of a failed one's partition key held back -> one
//! [`KinesisWriter::write`] -> a [`Receipt`] or an [`EncryptError`] for each, by index.

mod error;
mod materials;
mod order;
mod plain_record;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tracing::Instrument as _;

use self::order::hold_back;
use crate::clock::Clock;
use crate::data_keys::GenerateDataKey;
use crate::invocation::PhaseDeadlines;
use crate::kinesis::{KinesisWriter, ListShards, OnUnknownOutcome, Ordering, PutRecords, Receipt, WriteError};
use crate::message::{MessageError, SealingMaterials, seal};
use crate::records::UserRecord;
use crate::retry::Deadline;
use crate::worker_threads::longest_prefix;

pub use error::EncryptError;
pub use plain_record::PlainRecord;
pub use settings::EncryptingSettings;

/// Encrypts records and writes them to one stream. Lives as long as the process; its parts hold the warm state.
pub struct EncryptingWriter<G, P, L> {
    data_keys: G,
    writer: KinesisWriter<P, L>,
    settings: EncryptingSettings,
    clock: Arc<dyn Clock>,
}

/// By record of a call, in its order.
type ByRecord<T> = Vec<Result<T, EncryptError>>;

impl<G: GenerateDataKey, P: PutRecords, L: ListShards> EncryptingWriter<G, P, L> {
    /// Data keys come from `data_keys`, sealed records go to `writer`.
    #[must_use]
    pub fn new(data_keys: G, writer: KinesisWriter<P, L>, settings: EncryptingSettings, clock: Arc<dyn Clock>) -> Self {
        Self { data_keys, writer, settings, clock }
    }

    /// Where data keys come from, with what they have counted.
    #[must_use]
    pub fn data_keys(&self) -> &G {
        &self.data_keys
    }

    /// The deadline of every [`write`](Self::write) call of an `invocation` that has just begun: the invocation's, less the
    /// response's reserve.
    #[must_use]
    pub fn write_deadline(&self, invocation: Deadline) -> Deadline {
        self.settings.reserves.end_of_delivery(invocation, self.clock.now())
    }

    /// Encrypts and writes `records`, and returns what became of each, by index, at `deadline` at the latest, whatever hangs.
    ///
    /// A record that fails fails alone, but for later records of its partition key: where the writer keeps their order, they are
    /// not written before one that may come again. One that can never be written holds nothing back.
    ///
    /// # Errors
    /// By record: an [`EncryptError`], whose [`outcome`](EncryptError::outcome) says whether the record may be in the stream all the
    /// same. Dropping the future is like an unknown outcome for every record.
    pub async fn write(&self, records: Vec<PlainRecord>, deadline: Deadline) -> ByRecord<Receipt> {
        self.write_with(records, deadline, self.writer.settings().on_unknown_outcome).await
    }

    /// As [`write`](Self::write), with `on_unknown_outcome` in place of the writer's setting.
    ///
    /// # Errors
    /// As those of [`write`](Self::write).
    pub async fn write_with(
        &self,
        records: Vec<PlainRecord>,
        deadline: Deadline,
        on_unknown_outcome: OnUnknownOutcome,
    ) -> ByRecord<Receipt> {
        let deadlines = PhaseDeadlines::until_delivery(deadline, self.settings.reserves, self.clock.now());
        let counted = self.data_keys.cache_statistics();
        let materials = self.materials(&records, deadlines.data_keys);
        let materials = materials.instrument(tracing::info_span!("data_keys")).await;
        if let (Some(now), Some(before)) = (self.data_keys.cache_statistics(), counted) {
            now.log_since(&before);
        }
        let mut sealed = self.seal(&records, materials, deadlines).instrument(tracing::info_span!("seal")).await;
        if self.writer.settings().ordering == Ordering::PerPartitionKey {
            hold_back(&records, &mut sealed);
        }
        let delivery = self.put(sealed, deadlines.delivery, on_unknown_outcome);
        delivery.instrument(tracing::info_span!("deliver")).await
    }

    /// Seals off the async runtime's threads. What is not sealed in time has failed.
    async fn seal(
        &self,
        records: &[PlainRecord],
        materials: ByRecord<Arc<SealingMaterials>>,
        deadlines: PhaseDeadlines,
    ) -> ByRecord<UserRecord> {
        let mut work = Vec::with_capacity(records.len());
        let unsealed: ByRecord<()> = std::iter::zip(records, materials)
            .map(|(record, materials)| materials.map(|materials| work.push((record.plaintext.clone(), materials))))
            .collect();
        let (mut sealed, missing) = match self.seal_all(work, deadlines).await {
            Ok(sealed) => (sealed.into_iter(), EncryptError::DeadlinePassed),
            Err(panicked) => (Vec::new().into_iter(), panicked),
        };
        let limit = self.writer.settings().max_record_bytes;
        let finish = |(record, unsealed): (&PlainRecord, Result<(), EncryptError>)| {
            unsealed?;
            let data = sealed.next().ok_or_else(|| missing.clone())?.map_err(EncryptError::Sealing)?;
            let outgoing = record.with_data(data.into());
            outgoing.check(limit).map_err(EncryptError::Unwritable)?;
            Ok(outgoing)
        };
        std::iter::zip(records, unsealed).map(finish).collect()
    }

    /// The longest prefix of `work` that was sealed in time.
    async fn seal_all(
        &self,
        work: Vec<(Bytes, Arc<SealingMaterials>)>,
        deadlines: PhaseDeadlines,
    ) -> Result<Vec<Result<Vec<u8>, MessageError>>, EncryptError> {
        let (threads, frame_len) = (self.settings.sealing_threads, self.settings.frame_len);
        let deadline = deadlines.half_way_to_delivery(self.clock.now());
        let clock = Arc::clone(&self.clock);
        let sealed = tokio::task::spawn_blocking(move || {
            longest_prefix(work.len(), threads, |index| {
                let (plaintext, materials) = work.get(index)?;
                (!deadline.has_passed(clock.now().monotonic)).then(|| seal(plaintext, materials, frame_len))
            })
        });
        match tokio::time::timeout_at(deadlines.delivery.instant(), sealed).await {
            Ok(sealed) => sealed.map_err(|_panic| EncryptError::SealingPanicked),
            // One record alone took longer than the deadline: none is known to be sealed.
            Err(_elapsed) => Ok(Vec::new()),
        }
    }

    /// Writes what is sealed in one call, so that the writer keeps its order.
    async fn put(
        &self,
        sealed: ByRecord<UserRecord>,
        deadline: Deadline,
        on_unknown_outcome: OnUnknownOutcome,
    ) -> ByRecord<Receipt> {
        let mut outgoing = Vec::with_capacity(sealed.len());
        let mut places = Vec::with_capacity(sealed.len());
        let unsent: ByRecord<()> = sealed
            .into_iter()
            .enumerate()
            .map(|(index, record)| {
                outgoing.push(record?);
                places.push(index);
                Ok(())
            })
            .collect();
        let mut written = self.writer.write_with(outgoing, deadline, on_unknown_outcome).await.into_iter();
        let in_this_call = |error| match error {
            WriteError::EarlierRecordFailed { index } => {
                EncryptError::EarlierRecordFailed { index: places.get(index).copied().unwrap_or(index) }
            }
            error => EncryptError::Write(error),
        };
        // The writer answers for every record.
        let mut next = || written.next().unwrap_or(Err(WriteError::Expired)).map_err(in_this_call);
        unsent.into_iter().map(|unsent| unsent.and_then(|()| next())).collect()
    }
}

impl<G, P, L> fmt::Debug for EncryptingWriter<G, P, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptingWriter").field("settings", &self.settings).finish_non_exhaustive()
    }
}
