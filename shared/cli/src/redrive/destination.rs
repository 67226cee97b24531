//! Where records go: through a function, or onto a stream again.

mod function;
mod lambda;
mod stream;

use std::sync::Arc;

use aws_config::SdkConfig;

use super::aws_failure::AwsFailure;
use super::record::{Kind, Record};
use function::ThroughFunction;
use stream::OntoStream;

/// A record that is being sent, with its text.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) record: Arc<Record>,
    /// By this, the state knows it.
    pub(crate) key: String,
    pub(crate) text: Arc<str>,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrived.
    Delivered,
    /// The function has put it into quarantine, with this reason.
    Quarantined(String),
    /// It can never be sent.
    Refused(String),
    /// It is to be sent again.
    NotYet,
}

/// What became of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Of each record, in the order of the batch.
    pub(crate) fates: Vec<Fate>,
    /// Why some are not done yet.
    pub(crate) why: Option<String>,
    /// Whether it would be the same with every other record: nothing more can be sent.
    pub(crate) is_final: bool,
}

impl Outcome {
    /// Nothing of a batch of `len` records was done.
    pub(crate) fn nothing(len: usize, why: String) -> Self {
        Self { fates: vec![Fate::NotYet; len], why: Some(why), is_final: false }
    }
}

/// Why nothing more can be sent at all: it would be the same for every record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DestinationError {
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// What was named is not what it must be.
    #[error("{0}")]
    Unfit(String),
}

/// Where records go.
#[derive(Debug)]
pub(crate) enum Destination {
    Function(Box<ThroughFunction>),
    Stream(Box<OntoStream>),
}

impl Destination {
    pub(crate) fn through(sdk: &SdkConfig, function: &str) -> Result<Self, DestinationError> {
        Ok(Self::Function(Box::new(ThroughFunction::new(sdk, function)?)))
    }

    pub(crate) fn onto(sdk: &SdkConfig, stream: &str) -> Result<Self, DestinationError> {
        Ok(Self::Stream(Box::new(OntoStream::new(sdk, stream)?)))
    }
}

/// Sends batches. A trait, so that what is done about its answers can be tested without AWS.
pub(crate) trait SendBatch {
    /// Sends `batch`, which is of one shard and one kind, in its order.
    ///
    /// # Errors
    /// [`DestinationError`]: nothing of the batch is known to be done, and nothing else can be sent either.
    async fn send(&self, kind: Kind, batch: &[Sent]) -> Result<Outcome, DestinationError>;
}

impl SendBatch for Destination {
    async fn send(&self, kind: Kind, batch: &[Sent]) -> Result<Outcome, DestinationError> {
        match self {
            Self::Function(function) => function.send(kind, batch).await,
            Self::Stream(stream) => stream.send(kind, batch).await,
        }
    }
}
