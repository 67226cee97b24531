//! One record of the call, and what is known of its fate.

use std::error::Error;
use std::sync::Arc;

use crate::kinesis::departure::Departure;
use crate::kinesis::error::{UnknownCause, WriteError};
use crate::kinesis::record::{Receipt, RecordError};
use crate::records::{HashKey, UserRecord};

/// One record of the call.
pub(super) struct Slot {
    pub(super) record: UserRecord,
    pub(super) hash_key: HashKey,
    /// The shard it is bound for, by its index in the shard map.
    pub(super) shard: usize,
    /// The record that may be sent once this one is acknowledged.
    pub(super) next_in_lane: Option<usize>,
    pub(super) attempts: u32,
    /// Whether the last attempt failed for want of throughput.
    pub(super) throttled: bool,
    /// Why the record may be in the stream although it is not acknowledged; once known it stays.
    pub(super) perhaps_written: Option<UnknownCause>,
    /// How often an aggregate with the record landed where its consumers would discard it.
    pub(super) misplacements: u32,
    /// The most records that may share a request with this one, itself included. Halved whenever such a request was refused whole.
    pub(super) company: usize,
    pub(super) state: State,
}

pub(super) enum State {
    /// In a queue, delayed, or behind another record of its lane.
    Waiting,
    /// Under way, if it has left.
    Sent(Departure),
    /// Written in an aggregate, of which it has to be seen whether consumers will read it where it is.
    Held,
    /// Refused in a request of its own; what the stream thinks of other records decides what that means.
    RefusedAlone(Arc<dyn Error + Send + Sync>),
    Finished(Result<Receipt, WriteError>),
}

impl Slot {
    pub(super) fn waiting(record: UserRecord, hash_key: HashKey, shard: usize) -> Self {
        Self {
            record,
            hash_key,
            shard,
            next_in_lane: None,
            attempts: 0,
            throttled: false,
            perhaps_written: None,
            misplacements: 0,
            company: usize::MAX,
            state: State::Waiting,
        }
    }

    pub(super) fn unwritable(record: UserRecord, error: RecordError) -> Self {
        let state = State::Finished(Err(WriteError::Unwritable(error)));
        Self { state, ..Self::waiting(record, HashKey(0), 0) }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    /// Whether it is neither under way nor finished.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Waiting | State::RefusedAlone(_))
    }

    pub(super) fn is_acknowledged(&self) -> bool {
        matches!(self.state, State::Finished(Ok(_)))
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished(_))
    }

    /// Whether the record shares aggregates only with records of its own hash key: an aggregate of several was misplaced once, and the one
    /// packed by the newer shard map, too.
    pub(super) fn keeps_to_its_hash_key(&self) -> bool {
        self.misplacements > 1
    }

    pub(super) fn size(&self) -> u64 {
        self.record.size() as u64
    }

    /// What to report where `error` ended the trying: an earlier attempt of unknown outcome outweighs it.
    pub(super) fn final_error(&mut self, error: WriteError) -> WriteError {
        self.perhaps_written.take().map_or(error, WriteError::OutcomeUnknown)
    }

    /// What became of the record now that its time is up.
    pub(super) fn into_result(mut self) -> Result<Receipt, WriteError> {
        let error = match self.state {
            State::Finished(result) => return result,
            State::Sent(departure) if !departure.give_up() => WriteError::OutcomeUnknown(UnknownCause::ExpiredInFlight),
            State::Held => WriteError::OutcomeUnknown(UnknownCause::Misplaced),
            State::RefusedAlone(source) => WriteError::Refused(source),
            State::Waiting | State::Sent(_) if self.throttled => WriteError::Throttled,
            State::Waiting | State::Sent(_) => WriteError::Expired,
        };
        Err(self.perhaps_written.take().map_or(error, WriteError::OutcomeUnknown))
    }
}
