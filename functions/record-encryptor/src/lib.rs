//! Lambda function: encrypts records in bulk under reused data keys and writes them to a Kinesis stream.
//!
//! It is invoked with `{"records": [...]}` and answers for each record ([`direct`]), or by an SQS event source mapping and answers
//! with the messages that have failed ([`queue`]).

mod config;
pub mod direct;
mod event;
mod failure;
pub mod queue;
mod request;
mod tally;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use serde::Serialize;
use warmkeys::clock::Clock;
use warmkeys::data_keys::GenerateDataKey;
use warmkeys::encrypting_writer::{EncryptError, EncryptingWriter};
use warmkeys::invocation::{HandlerPanicked, InvocationDeadlines, catch_panic};
use warmkeys::kinesis::{ListShards, OnUnknownOutcome, PutRecords, Receipt};
use warmkeys::lambda::runtime_api::{Invocation, InvocationError};
use warmkeys::lambda::{FunctionMetrics, Observer};
use warmkeys::logging;
use warmkeys::metrics::Document;
use warmkeys::metrics::definitions::{DELIVERED, ERRORS, FAILED_PERMANENT, FAILED_RETRYABLE, RECEIVED};
use warmkeys::retry::Deadline;

use self::direct::DirectResponse;
use self::event::Event;
use self::tally::Tally;

pub use config::Config;
pub use event::EventError;
pub use failure::{ErrorCode, RecordFailure};
pub use request::{InvalidRecord, RecordRequest};

/// The function: one for each sandbox, with its warm state.
#[derive(Debug)]
pub struct RecordEncryptor<G, P, L> {
    writer: EncryptingWriter<G, P, L>,
    deadlines: InvocationDeadlines,
    observer: Observer,
    stream_name: String,
    clock: Arc<dyn Clock>,
}

/// What an invocation answers, by the kind of event.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// To whoever invoked the function: what became of each record.
    Direct(DirectResponse),
    /// To the event source mapping: the messages that have failed.
    Queue(SqsBatchResponse),
}

impl<G: GenerateDataKey, P: PutRecords, L: ListShards> RecordEncryptor<G, P, L> {
    /// `function_timeout` is the function's configured time-out: no invocation has more time, whatever its deadline says.
    #[must_use]
    pub fn new(writer: EncryptingWriter<G, P, L>, function_timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        let deadlines = InvocationDeadlines::new(function_timeout, Arc::clone(&clock));
        Self { writer, deadlines, observer: Observer::new(Arc::clone(&clock)), stream_name: String::new(), clock }
    }

    /// Writes metrics of each invocation, if there are any, under the name of the stream that is written to.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Option<FunctionMetrics>, stream_name: &str) -> Self {
        self.observer = self.observer.with_metrics(metrics);
        // Also of its log lines.
        stream_name.clone_into(&mut self.stream_name);
        self
    }

    /// Handles one invocation. The event is taken as it came, so that what is wrong with it is said without repeating it.
    ///
    /// # Errors
    /// [`HandlerError`].
    pub async fn handle(&self, invocation: Invocation) -> Result<Response, HandlerError> {
        logging::note_stream(&self.stream_name, None);
        let deadline = self.deadlines.of_invocation(invocation.deadline_epoch_millis);
        let observed = self.observer.begin(&invocation.request_id, deadline);
        let answered = catch_panic(self.answer(&invocation.event, deadline)).await;
        let answered = answered.map_err(HandlerError::from).and_then(|answered| Ok(answered?));
        let tally = answered.as_ref().ok().map(|(_, tally)| tally);
        self.observer.end(&observed, |metrics, document| self.measure(tally, metrics, document));
        Ok(answered?.0)
    }

    async fn answer(&self, event: &[u8], invocation: Deadline) -> Result<(Response, Tally), EventError> {
        // Once, so that an event that is written in several calls uses up no more than one that is written in one.
        let deadline = self.writer.write_deadline(invocation);
        match Event::parse(event)? {
            Event::Direct(records) => {
                let mut tally = Tally::of(records.len());
                let response = Response::Direct(self.answer_direct(records, deadline, &mut tally).await);
                tally.log();
                Ok((response, tally))
            }
            Event::Queue(batch) => {
                let mut tally = Tally::of(batch.len());
                let response = Response::Queue(self.answer_queue(batch, deadline, &mut tally).await);
                tally.log();
                Ok((response, tally))
            }
        }
    }

    fn measure(&self, tally: Option<&Tally>, metrics: &FunctionMetrics, document: &mut Document) {
        FunctionMetrics::stream(document, &self.stream_name);
        match tally {
            Some(tally) => {
                document.len(&RECEIVED, tally.received);
                document.len(&DELIVERED, tally.written);
                document.len(&FAILED_RETRYABLE, tally.retryable());
                document.len(&FAILED_PERMANENT, tally.permanent);
            }
            None => document.count(&ERRORS, 1),
        }
        let data_keys = self.writer.data_keys();
        let written = tally.map_or(0, |tally| u64::try_from(tally.written).unwrap_or(u64::MAX));
        metrics.data_keys(document, data_keys.call_statistics(), data_keys.cache_statistics(), written);
    }

    /// Encrypts and writes what could be read, in order, and says by index what became of each.
    async fn write(
        &self,
        requests: Vec<Result<RecordRequest, InvalidRecord>>,
        deadline: Deadline,
        on_unknown_outcome: OnUnknownOutcome,
        tally: &mut Tally,
    ) -> Vec<Result<Receipt, RecordFailure>> {
        let mut valid = Vec::with_capacity(requests.len());
        let mut places = Vec::with_capacity(requests.len());
        let mut results: Vec<Result<Receipt, RecordFailure>> = Vec::with_capacity(requests.len());
        for (index, request) in requests.into_iter().enumerate() {
            results.push(match request {
                Ok(request) => {
                    valid.push(request.into());
                    places.push(index);
                    // Stands until the writer has its say.
                    Err(RecordFailure::Encrypt(EncryptError::DeadlinePassed))
                }
                Err(invalid) => Err(RecordFailure::Invalid(invalid)),
            });
        }
        let written = self.writer.write_with(valid, deadline, on_unknown_outcome).await;
        for (place, written) in std::iter::zip(&places, written) {
            if let Some(result) = results.get_mut(*place) {
                *result = written.map_err(|error| RecordFailure::Encrypt(with_index_among(&places, error)));
            }
        }
        tally.note(&results);
        results
    }
}

/// Why an invocation failed. No variant's text holds a record's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The event is not one that the function knows; nothing was written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The handler panicked; nobody knows what was written.
    #[error(transparent)]
    Panicked(#[from] HandlerPanicked),
}

impl From<HandlerError> for InvocationError {
    /// A type by which alarms and filters can tell the failures apart.
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::Event(EventError::Unknown) => "Event.Unknown",
            HandlerError::Event(EventError::TooManyRecords { .. }) => "Event.TooManyRecords",
            HandlerError::Event(EventError::MissingMessageId { .. }) => "Event.MissingMessageId",
            HandlerError::Panicked(HandlerPanicked) => "HandlerPanicked",
        };
        Self { error_type, error_message: error.to_string() }
    }
}

/// The writer counts the records it was given; the caller counts all.
fn with_index_among(places: &[usize], error: EncryptError) -> EncryptError {
    match error {
        EncryptError::EarlierRecordFailed { index } => {
            EncryptError::EarlierRecordFailed { index: places.get(index).copied().unwrap_or(index) }
        }
        error => error,
    }
}
