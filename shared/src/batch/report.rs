//! What became of a batch.

use std::collections::BTreeMap;
use std::time::Duration;

use super::quarantined_record::QuarantinedRecord;
use crate::decryptor::DecryptDurations;
use crate::failure::FailureClass;
use crate::records::{RejectionCode, SequenceNumber, ShardRecord};

/// What became of a batch: the answer to Lambda, and what is worth counting. Holds no content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// The user records of the batch.
    pub received: usize,
    /// The records that were opened, delivered or not.
    pub decrypted: usize,
    /// The records that the sink has taken.
    pub delivered: usize,
    /// The records that the quarantine has taken.
    pub quarantined: usize,
    /// The same, one by one.
    pub quarantined_records: Vec<QuarantinedRecord>,
    /// How many of these for which reason.
    pub quarantined_by_code: BTreeMap<RejectionCode, usize>,
    /// Whether the whole batch is held back, as if a setting were wrong.
    pub is_held: bool,
    /// The aggregates without user records: none of the other numbers counts them.
    pub empty_aggregates: usize,
    /// The distinct data keys that the batch needs.
    pub distinct_data_keys: usize,
    /// The bytes of all payloads, as they came.
    pub payload_bytes: usize,
    /// The bytes of all plaintexts.
    pub plaintext_bytes: usize,
    /// The time between the arrival of the last delivered record on the stream and its delivery, where the event told the former.
    pub delivery_lag: Option<Duration>,
    /// From where on everything comes again; `None` if everything was finished.
    pub checkpoint: Option<Checkpoint>,
    /// How long the parts took.
    pub durations: PhaseDurations,
}

/// How long the parts of a batch took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseDurations {
    /// Decrypting, by its parts.
    pub decrypting: DecryptDurations,
    /// Delivery to the sink.
    pub delivering: Duration,
    /// Quarantine.
    pub quarantining: Duration,
}

/// The first record that was not finished. It and everything after it is delivered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The place in the batch, counted in user records from 0.
    pub index: usize,
    /// The place in the shard.
    pub sequence_number: SequenceNumber,
    /// The class of the failure.
    pub class: FailureClass,
    /// Why, in words, with the chain of causes.
    pub reason: String,
}

impl Checkpoint {
    /// The checkpoint at `index` of `records`; `None` past their end, where there is nothing to come again.
    pub(super) fn new(records: &[ShardRecord], index: usize, class: FailureClass, reason: String) -> Option<Self> {
        let sequence_number = records.get(index)?.sequence_number.clone();
        Some(Self { index, sequence_number, class, reason })
    }
}

impl BatchReport {
    /// The records that come again.
    #[must_use]
    pub fn checkpointed(&self) -> usize {
        self.checkpoint.as_ref().map_or(0, |checkpoint| self.received.saturating_sub(checkpoint.index))
    }
}
