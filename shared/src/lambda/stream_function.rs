//! The handler of a function that decrypts a stream: everything that surrounds one batch.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::streams::KinesisEventResponse;
use serde::Serialize;

use super::Error;
use super::runtime_api::{self, Invocation, InvocationError};
use crate::batch::{BatchError, BatchProcessor, BatchReport, RedriveAnswer, ShardBatch};
use crate::data_keys::DecryptDataKey;
use crate::failure::describe;
use crate::invocation::{HandlerPanicked, InvocationDeadlines, catch_panic};
use crate::quarantine::Quarantine;
use crate::sinks::RecordSink;

/// A function that decrypts a stream: one for each sandbox, with its warm state.
///
/// Around each batch it does what a function of your own easily forgets: the deadline is the invocation's (or, where that cannot be
/// right, the configured time-out), a panic fails one invocation and is logged without its words, each batch is logged in one line, and the
/// answer is the one that `ReportBatchItemFailures` asks for.
#[derive(Debug)]
pub struct StreamFunction<K, S, Q> {
    processor: BatchProcessor<K, S, Q>,
    deadlines: InvocationDeadlines,
}

impl<K: DecryptDataKey, S: RecordSink, Q: Quarantine> StreamFunction<K, S, Q> {
    /// `function_timeout` is the function's configured time-out: no invocation has more time, whatever its deadline says.
    #[must_use]
    pub fn new(processor: BatchProcessor<K, S, Q>, function_timeout: Duration) -> Self {
        let deadlines = InvocationDeadlines::new(function_timeout, Arc::clone(&processor.clock));
        Self { processor, deadlines }
    }

    /// Takes one invocation after the other from Lambda, until the process ends.
    ///
    /// # Errors
    /// [`Error::RuntimeApi`]; there is no other end.
    pub async fn run(self) -> Result<(), Error> {
        Ok(runtime_api::serve(|invocation| self.handle(invocation)).await?)
    }

    /// Handles one invocation: answers with nothing, or with the one checkpoint.
    ///
    /// # Errors
    /// [`HandlerError`]; Lambda then delivers the whole batch again.
    pub async fn handle(&self, invocation: Invocation) -> Result<StreamResponse, HandlerError> {
        catch_panic(self.answer(invocation)).await?
    }

    async fn answer(&self, invocation: Invocation) -> Result<StreamResponse, HandlerError> {
        let deadline = self.deadlines.of_invocation(invocation.deadline_epoch_millis);
        let batch = ShardBatch::read(invocation.event).map_err(BatchError::from)?;
        let is_redrive = batch.is_redrive;
        let report = self.processor.process(batch, deadline).await?;
        report.log();
        let redrive = is_redrive.then(|| RedriveAnswer::from(&report));
        Ok(StreamResponse { response: KinesisEventResponse::from(&report), redrive })
    }
}

/// The answer to an invocation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StreamResponse {
    /// What an event source mapping reads.
    #[serde(flatten)]
    pub response: KinesisEventResponse,
    /// What a redrive wants to know besides. An event source mapping gets only what it knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive: Option<RedriveAnswer>,
}

/// At most one failure. Lambda takes the lowest sequence number of several anyway, and everything after it comes again.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
impl From<&BatchReport> for KinesisEventResponse {
    fn from(report: &BatchReport) -> Self {
        let mut response = Self::default();
        if let Some(checkpoint) = &report.checkpoint {
            response.add_failure(checkpoint.sequence_number.as_str());
        }
        response
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
            HandlerError::Batch(BatchError::Event(error)) => error.name(),
            HandlerError::Batch(BatchError::SinkIsSource { .. }) => "SinkIsSource",
            HandlerError::Batch(BatchError::OpeningPanicked(_)) => "OpeningPanicked",
            HandlerError::Panicked(HandlerPanicked) => "HandlerPanicked",
        };
        Self { error_type, error_message: describe(&error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::data_keys::{DataKeyError, DecryptionMaterials, DecryptionRequest};
    use crate::decryptor::{Decryptor, DecryptorSettings};
    use crate::quarantine::StderrQuarantine;
    use crate::record_format::{EncryptionSdkFormat, RecordFormat};
    use crate::retry::Deadline;
    use crate::sinks::StdoutSink;

    /// Panics, with words that nobody is to read.
    struct PanickingDataKeys;

    impl DecryptDataKey for PanickingDataKeys {
        async fn decrypt_data_key(
            &self,
            _: &DecryptionRequest,
            _: Deadline,
        ) -> Result<DecryptionMaterials, DataKeyError> {
            panic!("secret")
        }
    }

    #[test]
    fn an_event_source_mapping_is_answered_as_ever_and_a_redrive_is_told_more() {
        let mut response = StreamResponse { response: KinesisEventResponse::default(), redrive: None };
        assert_eq!(serde_json::to_string(&response).unwrap(), r#"{"batchItemFailures":[]}"#);
        response.redrive = Some(RedriveAnswer { delivered: 3, ..RedriveAnswer::default() });
        let told = r#"{"batchItemFailures":[],"redrive":{"delivered":3,"quarantined":[]}}"#;
        assert_eq!(serde_json::to_string(&response).unwrap(), told);
    }

    #[tokio::test]
    async fn a_panic_fails_the_invocation_without_its_words() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let processor = BatchProcessor {
            decryptor: Decryptor {
                data_keys: PanickingDataKeys,
                format: Arc::new(RecordFormat::EncryptionSdk(EncryptionSdkFormat::default())),
                clock: Arc::clone(&clock),
                settings: DecryptorSettings::default(),
            },
            sink: StdoutSink::new(Arc::clone(&clock)),
            quarantine: StderrQuarantine::new(Arc::clone(&clock)),
            suspicious_batches: crate::batch::SuspiciousBatches::default(),
            settings: crate::batch::BatchSettings::default(),
            clock,
        };
        let function = StreamFunction::new(processor, Duration::from_secs(20));
        for _invocation in 0..2 {
            let event = include_str!("../../../events/poison-record.json").into();
            let invocation = Invocation { request_id: "1".to_owned(), deadline_epoch_millis: 0, event };
            let error = function.handle(invocation).await.unwrap_err();
            assert_eq!(error, HandlerError::Panicked(HandlerPanicked));
            let told = format!("{error} {error:?} {:?}", InvocationError::from(error.clone()));
            assert!(told.contains("HandlerPanicked") && !told.contains("secret"), "{told}");
        }
    }
}
