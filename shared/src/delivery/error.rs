//! Why a record could not be delivered.

use std::error::Error;
use std::sync::Arc;

use crate::failure::FailureClass;
use crate::text::one_line;

/// A sink's own words go to the log: 300 bytes hold every reason that is worth reading.
const MAX_REASON_LEN: usize = 300;

/// Why a record could not be delivered, to a sink or to the quarantine. No variant's text holds a record's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The deadline passed first.
    #[error("the deadline passed before the record was delivered")]
    DeadlinePassed,
    /// The service throttled until the deadline or the last attempt.
    #[error("the destination throttled the request until the time or the attempts were used up")]
    Throttled(#[source] Arc<dyn Error + Send + Sync>),
    /// The service or the network failed until the deadline or the last attempt.
    #[error("the destination could not be reached, or failed")]
    Transient(#[source] Arc<dyn Error + Send + Sync>),
    /// The destination did not accept what this sandbox brings into every request, until the deadline or the last attempt: its
    /// credentials, its signature, its clock, its account.
    #[error("the destination did not accept the function's own request, whatever it holds")]
    Caller(#[source] Arc<dyn Error + Send + Sync>),
    /// The destination refused: access, a wrong name, a wrong state. An operator can fix it.
    #[error("the destination refused the request; check its name and state, and the role's policies")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
    /// The record is larger than the destination takes.
    #[error("the record would be sent as {len} bytes, and the destination takes at most {limit}")]
    TooLarge {
        /// The bytes as they would be sent.
        len: usize,
        /// The most that the destination takes, inclusive.
        limit: usize,
    },
    /// The sink itself says that the record cannot be taken now: the record is the checkpoint, and comes again.
    #[error("the record cannot be taken now: {reason}")]
    NotNow {
        /// Why, in words without content. It goes to the log.
        reason: String,
    },
    /// The sink itself says that the record can never be taken: the record goes to quarantine.
    #[error("the record can never be taken: {reason}")]
    Never {
        /// Why, in words without content. It goes to the log and to the quarantine.
        reason: String,
    },
    /// Writing to the local output failed.
    #[error("writing to the output failed")]
    Output(#[source] Arc<std::io::Error>),
}

impl DeliveryError {
    /// [`NotNow`](Self::NotNow), with a `reason` of which at most 300 bytes are kept.
    #[must_use]
    pub fn not_now(reason: &str) -> Self {
        Self::NotNow { reason: one_line(reason, MAX_REASON_LEN) }
    }

    /// [`Never`](Self::Never), with a `reason` of which at most 300 bytes are kept.
    #[must_use]
    pub fn never(reason: &str) -> Self {
        Self::Never { reason: one_line(reason, MAX_REASON_LEN) }
    }

    /// The failure's class. Only [`Never`](Self::Never) is permanent: all others are the destination's, not the record's.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Throttled(_) => FailureClass::Throttled,
            Self::Transient(_) | Self::DeadlinePassed | Self::NotNow { .. } => FailureClass::Transient,
            Self::Caller(_) => FailureClass::Caller,
            Self::Never { .. } => FailureClass::Permanent,
            Self::Refused(_) | Self::TooLarge { .. } | Self::Output(_) => FailureClass::Unavailable,
        }
    }
}
