//! Why a data key could not be decrypted or generated.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::record_fault::{KeyNotAllowed, RecordFault};
use crate::failure::{FailureClass, RequestError};
use crate::message::MessageError;

/// Why a data key could not be decrypted or generated. `Clone`, because all who wait for one key share its failure.
///
/// No variant's text holds a key, a ciphertext or a credential.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DataKeyError {
    /// KMS answered `ThrottlingException` or `LimitExceededException` until the deadline or the last attempt.
    #[error("KMS throttled the request until the time or the attempts were used up")]
    Throttled(#[source] Arc<dyn Error + Send + Sync>),
    /// A time-out, a connection error or a failure inside KMS, until the deadline or the last attempt.
    #[error("KMS could not be reached, or failed")]
    Transient(#[source] Arc<dyn Error + Send + Sync>),
    /// KMS did not accept what this sandbox brings into every request, until the deadline or the last attempt: its credentials, its
    /// signature, its clock, its account. It says nothing about the key or the record.
    #[error("KMS did not accept the function's own request, whatever key or record it is for")]
    Caller(#[source] Arc<dyn Error + Send + Sync>),
    /// The deadline passed before KMS answered (or before it could be asked).
    #[error("the deadline passed before KMS gave the data key")]
    DeadlinePassed,
    /// The key is disabled, pending deletion or otherwise in a state in which it is of no use, or it answered a request to
    /// generate or wrap a data key with something else.
    #[error("the KMS key cannot be used; check its state")]
    KeyUnavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// KMS does not know the key, or it is not one to encrypt with. A configured key is an operator's to fix.
    #[error("KMS knows no such key, or it is not one to encrypt with; check the key's ARN")]
    NoSuchKey(#[source] Arc<dyn Error + Send + Sync>),
    /// KMS denied access to the key.
    #[error("KMS refused access; check the policies of the role and of the KMS key")]
    AccessDenied(#[source] Arc<dyn Error + Send + Sync>),
    /// KMS answered `ValidationException`: a mistake in the configuration, or in a part of the request that came from a record. Of a
    /// record to be read, the keyring finds out which.
    #[error("KMS found the request invalid")]
    InvalidRequest(#[source] Arc<dyn Error + Send + Sync>),
    /// KMS says the ciphertext is not one of its own, is damaged, or belongs to another key or context.
    #[error("KMS cannot decrypt this data key: wrong key, wrong encryption context or damaged ciphertext")]
    Undecryptable(#[source] Arc<dyn Error + Send + Sync>),
    /// None of the record's encrypted data keys is wrapped by a key that the configuration allows.
    #[error("the data key is not wrapped by a KMS key that is allowed: {0}")]
    NoAllowedKey(Arc<KeyNotAllowed>),
    /// The record asks for what can never be had.
    #[error("the record itself is to blame")]
    RecordFault(#[source] Arc<RecordFault>),
    /// Enough calls were spent within this invocation on data keys that cannot be decrypted: the rest comes again with the next.
    #[error("enough KMS calls were spent on data keys that cannot be decrypted; the next invocation goes on from here")]
    EnoughCallsInVain,
    /// KMS answered with another key than the one asked for.
    #[error("KMS decrypted with another key than the one asked for")]
    WrongKey,
    /// The decrypted bytes or the context's public key do not fit the message's algorithm suite.
    #[error("the decryption materials do not fit the message")]
    Materials(#[source] MessageError),
}

impl DataKeyError {
    /// What the failure means for the record.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Throttled(_) => FailureClass::Throttled,
            Self::Transient(_) | Self::DeadlinePassed | Self::EnoughCallsInVain => FailureClass::Transient,
            Self::Caller(_) => FailureClass::Caller,
            Self::KeyUnavailable(_) | Self::NoSuchKey(_) | Self::AccessDenied(_) | Self::InvalidRequest(_) => {
                FailureClass::Unavailable
            }
            Self::Undecryptable(_)
            | Self::NoAllowedKey(_)
            | Self::RecordFault(_)
            | Self::WrongKey
            | Self::Materials(_) => FailureClass::Permanent,
        }
    }
}

impl From<RecordFault> for DataKeyError {
    fn from(fault: RecordFault) -> Self {
        Self::RecordFault(Arc::new(fault))
    }
}

impl RequestError for DataKeyError {
    fn class(&self) -> FailureClass {
        self.class()
    }

    fn deadline_passed() -> Self {
        Self::DeadlinePassed
    }

    fn attempt_timed_out(time_limit: Duration) -> Self {
        Self::Transient(Arc::new(AttemptTimedOut(time_limit)))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct AttemptTimedOut(Duration);
