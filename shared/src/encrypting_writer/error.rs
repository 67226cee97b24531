//! Why a record was not encrypted and written.

use crate::data_keys::{DataKeyError, GenerationRequestError};
use crate::failure::FailureClass;
use crate::kinesis::{Outcome, RecordError, WriteError};
use crate::message::MessageError;

/// Why a record was not encrypted and written. No variant's text holds a record's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EncryptError {
    /// No message can have the record's encryption context.
    #[error(transparent)]
    Context(#[from] GenerationRequestError),
    /// One of the record's pairs has another value in the settings.
    #[error("the record's encryption context has another value for a key of the configured one (ENCRYPTION_CONTEXT)")]
    ContradictsConfiguredPair,
    /// KMS found the request for a data key invalid, and the record's encryption context is one that it may refuse: it is large, or
    /// has an empty key or value.
    #[error("KMS refuses the record's encryption context, perhaps for its size or an empty key or value")]
    ContextRefused(#[source] DataKeyError),
    /// No stream takes the record: its size, sealed, or its keys.
    #[error(transparent)]
    Unwritable(RecordError),
    /// There is no data key for its encryption context.
    #[error(transparent)]
    DataKey(DataKeyError),
    /// The cryptographic library failed.
    #[error("the record could not be sealed")]
    Sealing(#[source] MessageError),
    /// A thread that sealed records panicked: a mistake in this program. Its message is not repeated here, for it might show
    /// content.
    #[error("sealing the records panicked")]
    SealingPanicked,
    /// The deadline passed before the record was sealed.
    #[error("the deadline passed before the record was sealed")]
    DeadlinePassed,
    /// An earlier record of the same partition key was not written, so that writing this one would break their order.
    #[error("record {index}, which has the same partition key and comes first, was not written")]
    EarlierRecordFailed {
        /// The 0-based place of that record in the call.
        index: usize,
    },
    /// The record was sealed, and not acknowledged.
    #[error(transparent)]
    Write(WriteError),
}

impl EncryptError {
    /// Whether the record may be in the stream all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Write(error) => error.outcome(),
            _ => Outcome::NotWritten,
        }
    }

    /// What the failure means for the record: permanent only if the record itself is at fault.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Context(_) | Self::ContradictsConfiguredPair | Self::ContextRefused(_) | Self::Unwritable(_) => {
                FailureClass::Permanent
            }
            // Nobody has looked at the record yet: whatever else KMS answers is for an operator to fix.
            Self::DataKey(error) if error.class() == FailureClass::Permanent => FailureClass::Unavailable,
            Self::DataKey(error) => error.class(),
            Self::Sealing(_) | Self::SealingPanicked | Self::DeadlinePassed | Self::EarlierRecordFailed { .. } => {
                FailureClass::Transient
            }
            Self::Write(error) => error.class(),
        }
    }
}
