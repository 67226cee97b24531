//! What a failure means for the record it happened to.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The class of a failure: decided once, where the failure enters the program, and all that later code looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// Too many requests. Retried within the deadline; then the record is the checkpoint and no further KMS calls are made.
    Throttled,
    /// The service, the network or the time failed. Retried within the deadline; then the record is the checkpoint.
    Transient,
    /// What this sandbox itself brings into every request was not accepted, whatever the request is about: its credentials, its
    /// signature, its clock, its account. It says nothing about a record. Retried within the deadline, signed anew each time; then the
    /// record is the checkpoint, and never goes to quarantine.
    Caller,
    /// The key is disabled, or access to it is denied: an operator can fix it. Not retried within the
    /// invocation. The record is the checkpoint, or goes to quarantine where so configured.
    Unavailable,
    /// This record can never be read. It goes to quarantine.
    Permanent,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Throttled, Self::Transient, Self::Caller, Self::Unavailable, Self::Permanent];

    /// Whether trying again within the same invocation may succeed.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Transient | Self::Caller)
    }

    /// The name used in logs, metrics and quarantine messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Caller => "caller",
            Self::Unavailable => "unavailable",
            Self::Permanent => "permanent",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a request failed that had to be answered before a deadline: what retry loops and caches have to know of an error.
pub trait RequestError: Clone + Send + Sync + 'static {
    /// What the failure means for whoever asked.
    fn class(&self) -> FailureClass;

    /// The deadline passed before there was an answer, or before the request could be sent.
    fn deadline_passed() -> Self;

    /// One attempt was abandoned after `time_limit`, unanswered; another one may be answered.
    fn attempt_timed_out(time_limit: Duration) -> Self;
}

/// An error in words, with the chain of its causes: `outermost: its cause: the root`.
///
/// Unlike `Debug`, this shows neither request nor response of the errors of the AWS SDKs.
#[must_use]
pub fn describe(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |error| Error::source(*error))
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
