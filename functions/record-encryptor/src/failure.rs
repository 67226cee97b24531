//! Why a record failed, in the words that callers get.

use serde::Serialize;
use warmkeys::data_keys::DataKeyError;
use warmkeys::encrypting_writer::EncryptError;
use warmkeys::failure::FailureClass;
use warmkeys::kinesis::{ListShardsError, Outcome, WriteError};

use crate::request::InvalidRecord;

/// Why one record was not encrypted and written. No variant's text holds the record's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordFailure {
    /// It is not a record.
    #[error(transparent)]
    Invalid(#[from] InvalidRecord),
    /// It is one, but did not get into the stream.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
}

/// What callers match on: stable, unlike the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ErrorCode {
    /// The record has the wrong form; the message says which member.
    InvalidRecord,
    /// The encryption context has a reserved key, contradicts a configured pair, or is too long; or KMS refuses it, as it may if it
    /// is large or has an empty key or value.
    InvalidEncryptionContext,
    /// Encrypted, and with its partition key, the record is larger than the stream takes.
    RecordTooLarge,
    /// KMS throttled the request for a data key until the invocation's time was up.
    KmsThrottled,
    /// KMS could not be reached, or failed, or did not accept the function's own credentials, signature or clock.
    KmsFailed,
    /// A wrapping key is disabled, or gone, or access to it is denied. An operator can fix it.
    KeyUnavailable,
    /// The invocation's time was up before the record was sent.
    DeadlineExceeded,
    /// The shard is full.
    KinesisThrottled,
    /// Kinesis could not be reached, or failed, or did not accept the function's own credentials, signature or clock. The record was
    /// not written.
    KinesisFailed,
    /// Kinesis refuses all writing: access, the stream's name or state. An operator can fix it.
    KinesisRefused,
    /// Kinesis refuses this record, and takes others: perhaps it is larger than the stream's own limit.
    RecordRefused,
    /// An earlier record of the same partition key failed; writing this one would break their order.
    EarlierRecordFailed,
    /// The record was sent, and nobody knows whether it was written: sent again, it may be in the stream twice.
    OutcomeUnknown,
    /// A mistake in the function.
    InternalFailure,
}

impl RecordFailure {
    /// What the failure means and what to do, for the log.
    pub(crate) fn meaning(&self) -> &'static str {
        match self.is_retryable() {
            true => "it may be written when it is sent again; if this goes on, the reason names the service to look at",
            false => {
                "it can never be written as it is, and its sender has to change it; from a queue it goes to the dead-letter queue"
            }
        }
    }

    /// What callers match on.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(InvalidRecord::ReservedContextKey) => ErrorCode::InvalidEncryptionContext,
            Self::Invalid(_) => ErrorCode::InvalidRecord,
            Self::Encrypt(error) => code_of(error),
        }
    }

    /// Whether the same record, sent again, may be written: `false` only if the record itself is at fault.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Invalid(_) => false,
            Self::Encrypt(error) => error.class() != FailureClass::Permanent,
        }
    }

    /// Whether the record may be in the stream all the same.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Invalid(_) => Outcome::NotWritten,
            Self::Encrypt(error) => error.outcome(),
        }
    }
}

fn code_of(error: &EncryptError) -> ErrorCode {
    match error {
        EncryptError::Context(_) | EncryptError::ContradictsConfiguredPair | EncryptError::ContextRefused(_) => {
            ErrorCode::InvalidEncryptionContext
        }
        // The keys were checked when the record was parsed: what is left is the size.
        EncryptError::Unwritable(_) | EncryptError::Write(WriteError::Unwritable(_)) => ErrorCode::RecordTooLarge,
        EncryptError::DataKey(error) => match error {
            DataKeyError::Throttled(_) => ErrorCode::KmsThrottled,
            DataKeyError::Transient(_) | DataKeyError::Caller(_) => ErrorCode::KmsFailed,
            DataKeyError::DeadlinePassed | DataKeyError::EnoughCallsInVain => ErrorCode::DeadlineExceeded,
            DataKeyError::KeyUnavailable(_)
            | DataKeyError::NoSuchKey(_)
            | DataKeyError::AccessDenied(_)
            | DataKeyError::InvalidRequest(_)
            | DataKeyError::Undecryptable(_)
            | DataKeyError::NoAllowedKey(_)
            | DataKeyError::RecordFault(_)
            | DataKeyError::WrongKey
            | DataKeyError::Materials(_) => ErrorCode::KeyUnavailable,
        },
        EncryptError::Sealing(_) | EncryptError::SealingPanicked => ErrorCode::InternalFailure,
        EncryptError::DeadlinePassed | EncryptError::Write(WriteError::Expired) => ErrorCode::DeadlineExceeded,
        EncryptError::EarlierRecordFailed { .. } | EncryptError::Write(WriteError::EarlierRecordFailed { .. }) => {
            ErrorCode::EarlierRecordFailed
        }
        EncryptError::Write(WriteError::Throttled) => ErrorCode::KinesisThrottled,
        EncryptError::Write(WriteError::Failed) => ErrorCode::KinesisFailed,
        EncryptError::Write(WriteError::Refused(_)) => ErrorCode::KinesisRefused,
        EncryptError::Write(WriteError::Rejected(_)) => ErrorCode::RecordRefused,
        EncryptError::Write(WriteError::ShardMapUnavailable(error)) => match error {
            ListShardsError::Throttled(_) => ErrorCode::KinesisThrottled,
            ListShardsError::Refused(_) => ErrorCode::KinesisRefused,
            ListShardsError::Transient(_)
            | ListShardsError::Caller(_)
            | ListShardsError::TimedOut
            | ListShardsError::Malformed => ErrorCode::KinesisFailed,
        },
        EncryptError::Write(WriteError::OutcomeUnknown(_)) => ErrorCode::OutcomeUnknown,
    }
}
