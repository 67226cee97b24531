//! Why a record could not be delivered.

use std::error::Error;
use std::sync::Arc;

use crate::failure::FailureClass;

/// Why a record could not be delivered, to a sink or to the quarantine. No variant's text holds a record's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SinkError {
    /// The deadline passed first.
    #[error("the deadline passed before the record was delivered")]
    DeadlinePassed,
    /// The service throttled until the deadline or the last attempt.
    #[error("the destination throttled the request")]
    Throttled(#[source] Arc<dyn Error + Send + Sync>),
    /// The service or the network failed until the deadline or the last attempt.
    #[error("the destination could not be reached or failed")]
    Transient(#[source] Arc<dyn Error + Send + Sync>),
    /// The destination refused: access, a wrong name, a wrong state. An operator can mend it.
    #[error("the destination refused the request")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// The record is larger than the destination takes.
    #[error("the record has {len} bytes as it would be sent, the destination takes {limit}")]
    TooLarge {
        /// The bytes as they would be sent.
        len: usize,
        /// The most that the destination takes, inclusive.
        limit: usize,
    },
    /// Writing to the local output failed.
    #[error("writing to the output failed")]
    Output(#[source] Arc<std::io::Error>),
}

impl SinkError {
    /// The failure's class. None is permanent: the record can be read, it only cannot be delivered there.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Throttled(_) => FailureClass::Throttled,
            Self::Transient(_) | Self::DeadlinePassed => FailureClass::Transient,
            Self::Refused(_) | Self::TooLarge { .. } | Self::Output(_) => FailureClass::Unavailable,
        }
    }
}
