//! What became of one invocation.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;

/// One invocation, ended.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The request id.
    pub request_id: String,
    /// How long the sandbox took that was started for it, from the start of its process until it asked for an event. `None` if it
    /// was a warm one.
    pub initialisation: Option<Duration>,
    /// How long it took, start of the sandbox included.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Invocation {
    /// Whether a sandbox was started for it.
    #[must_use]
    pub fn is_cold_start(&self) -> bool {
        self.initialisation.is_some()
    }

    /// The response's bytes, if the function responded.
    #[must_use]
    pub fn response(&self) -> Option<&Bytes> {
        match &self.outcome {
            Outcome::Responded(body) => Some(body),
            _ => None,
        }
    }
}

/// How an invocation ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The function responded with these bytes.
    Responded(Bytes),
    /// The function reported an error of its own: a JSON object with `errorType` and `errorMessage`. The sandbox lives on.
    Failed(Bytes),
    /// The time was up, and the sandbox was killed.
    TimedOut,
    /// The process ended, or was killed, in mid-invocation. No status if it was killed from here.
    Crashed(Option<ExitStatus>),
    /// No sandbox could be started.
    NotStarted(StartFailure),
}

impl Outcome {
    /// Whether this is a function error, which fails a batch as a whole.
    #[must_use]
    pub fn is_function_error(&self) -> bool {
        !matches!(self, Self::Responded(_))
    }
}

/// Why a sandbox did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartFailure {
    /// The operating system could not start the process.
    #[error("the process could not be started: {0}")]
    Spawn(String),
    /// The function reported an error of its initialisation.
    #[error("the function reported an error while initialising: {0}")]
    Reported(String),
    /// The process ended before it asked for an invocation.
    #[error("the process ended while initialising: {0}")]
    Exited(ExitStatus),
    /// The process did not ask for an invocation in time.
    #[error("the function took longer than {0:?} to initialise")]
    TimedOut(Duration),
}
