//! The handler of a function that decrypts a stream: everything that surrounds one batch.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::streams::KinesisEventResponse;
use bytes::Bytes;
use serde::Serialize;

use super::runtime_api::{self, Invocation, InvocationError};
use super::{Error, FunctionMetrics, Observer, batch_metrics};
use crate::batch::{BatchError, BatchProcessor, BatchReport, RedriveAnswer, ShardBatch};
use crate::data_keys::DecryptDataKey;
use crate::decryptor::Stopwatch;
use crate::failure::describe;
use crate::invocation::{HandlerPanicked, InvocationDeadlines, catch_panic};
use crate::logging;
use crate::metrics::Document;
use crate::metrics::definitions::ERRORS;
use crate::quarantine::Quarantine;
use crate::records::ShardOrigin;
use crate::retry::Deadline;
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
    observer: Observer,
}

/// What became of an invocation's event.
struct Answered {
    origin: Option<ShardOrigin>,
    is_redrive: bool,
    report: BatchReport,
    event_reading: Duration,
}

impl<K: DecryptDataKey, S: RecordSink, Q: Quarantine> StreamFunction<K, S, Q> {
    /// `function_timeout` is the function's configured time-out: no invocation has more time, whatever its deadline says.
    #[must_use]
    pub fn new(processor: BatchProcessor<K, S, Q>, function_timeout: Duration) -> Self {
        let deadlines = InvocationDeadlines::new(function_timeout, Arc::clone(&processor.clock));
        let observer = Observer::new(Arc::clone(&processor.clock));
        Self { processor, deadlines, observer }
    }

    /// Writes metrics of each invocation, if there are any.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Option<FunctionMetrics>) -> Self {
        self.observer = self.observer.with_metrics(metrics);
        self
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
        let Invocation { request_id, deadline_epoch_millis, event } = invocation;
        let deadline = self.deadlines.of_invocation(deadline_epoch_millis);
        let observed = self.observer.begin(&request_id, deadline);
        let answered = catch_panic(self.answer(event, deadline)).await.unwrap_or_else(|panicked| Err(panicked.into()));
        self.observer.end(&observed, |metrics, document| self.measure(answered.as_ref().ok(), metrics, document));
        let Answered { report, is_redrive, .. } = answered?;
        let redrive = is_redrive.then(|| RedriveAnswer::from(&report));
        Ok(StreamResponse { response: KinesisEventResponse::from(&report), redrive })
    }

    async fn answer(&self, event: Bytes, deadline: Deadline) -> Result<Answered, HandlerError> {
        let mut stopwatch = Stopwatch::start(&*self.processor.clock);
        let batch = ShardBatch::read(event).map_err(BatchError::from)?;
        let is_redrive = batch.is_redrive;
        let (origin, event_reading) = (batch.origin.clone(), stopwatch.lap());
        if let Some(origin) = &origin {
            logging::note_stream(origin.stream_name(), Some(&origin.shard_id));
        }
        let report = self.processor.process(batch, deadline).await?;
        report.log();
        Ok(Answered { origin, is_redrive, report, event_reading })
    }

    fn measure(&self, answered: Option<&Answered>, metrics: &FunctionMetrics, document: &mut Document) {
        match answered {
            Some(Answered { origin, report, event_reading, .. }) => {
                batch_metrics::measure(document, origin.as_ref(), report, *event_reading);
            }
            None => document.count(&ERRORS, 1),
        }
        let data_keys = &self.processor.decryptor.data_keys;
        let records = answered.map_or(0, |answered| u64::try_from(answered.report.decrypted).unwrap_or(u64::MAX));
        metrics.data_keys(document, data_keys.call_statistics(), data_keys.cache_statistics(), records);
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
