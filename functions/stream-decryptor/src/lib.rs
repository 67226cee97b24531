//! Lambda function: decrypts Kinesis batches and delivers them to a sink.

mod config;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::streams::KinesisEventResponse;
use warmkeys::batch::{BatchError, BatchProcessor, ShardBatch};
use warmkeys::data_keys::DecryptDataKey;
use warmkeys::failure::describe;
use warmkeys::invocation::{HandlerPanicked, InvocationDeadlines, catch_panic};
use warmkeys::quarantine::Quarantine;
use warmkeys::runtime_api::{Invocation, InvocationError};
use warmkeys::sinks::RecordSink;

pub use config::Config;

/// The function: one for each sandbox, with its warm state.
#[derive(Debug)]
pub struct StreamDecryptor<K, S, Q> {
    processor: BatchProcessor<K, S, Q>,
    deadlines: InvocationDeadlines,
}

impl<K: DecryptDataKey, S: RecordSink, Q: Quarantine> StreamDecryptor<K, S, Q> {
    /// `function_timeout` is the function's configured time-out: it stands in for a deadline that cannot be right.
    #[must_use]
    pub fn new(processor: BatchProcessor<K, S, Q>, function_timeout: Duration) -> Self {
        let deadlines = InvocationDeadlines::new(function_timeout, Arc::clone(&processor.clock));
        Self { processor, deadlines }
    }

    /// Handles one invocation: answers with nothing, or with the one checkpoint.
    ///
    /// # Errors
    /// [`HandlerError`]; Lambda then delivers the whole batch again.
    pub async fn handle(&self, invocation: Invocation) -> Result<KinesisEventResponse, HandlerError> {
        catch_panic(self.answer(invocation)).await?
    }

    async fn answer(&self, invocation: Invocation) -> Result<KinesisEventResponse, HandlerError> {
        let deadline = self.deadlines.of_invocation(invocation.deadline_epoch_millis);
        let batch = ShardBatch::read(invocation.event).map_err(BatchError::from)?;
        let report = self.processor.process(batch, deadline).await?;
        report.log();
        Ok(KinesisEventResponse::from(&report))
    }
}

/// Why an invocation failed. No variant's text holds a record's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The batch has no checkpoint of its own.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The handler panicked.
    #[error(transparent)]
    Panicked(#[from] HandlerPanicked),
}

impl From<HandlerError> for InvocationError {
    /// A type by which alarms and filters can tell the failures apart, and the whole chain of causes as the message.
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Batch(BatchError::SinkIsSource { .. }) => "SinkIsSource",
            HandlerError::Batch(BatchError::Event(error)) => error.name(),
            HandlerError::Batch(BatchError::OpeningPanicked(_)) => "OpeningPanicked",
            HandlerError::Panicked(HandlerPanicked) => "HandlerPanicked",
        };
        Self { error_type, error_message: describe(&error) }
    }
}

#[cfg(test)]
mod tests;
