//! SQS event source mappings: the messages that have failed come again, or go to the dead-letter queue.

mod received_message;

use std::collections::{HashMap, HashSet, VecDeque};

use aws_lambda_events::sqs::SqsBatchResponse;
use warmkeys::data_keys::GenerateDataKey;
use warmkeys::failure::describe;
use warmkeys::kinesis::{ListShards, OnUnknownOutcome, PutRecords};
use warmkeys::retry::Deadline;

use crate::RecordEncryptor;
use crate::event::EventError;
use crate::failure::RecordFailure;
use crate::request::{InvalidRecord, RecordRequest};
use crate::tally::Tally;
use received_message::ReceivedMessage;

/// The messages of one invocation: each body is one record of the form that direct invocations have.
#[derive(Debug)]
pub enum QueueBatch {
    /// Of a standard queue: every message on its own.
    Standard(Vec<Message>),
    /// Of a FIFO queue: by message group, each in its order.
    Fifo(Vec<VecDeque<Message>>),
}

/// One message of a batch.
#[derive(Debug)]
pub struct Message {
    id: String,
    record: Result<RecordRequest, InvalidRecord>,
}

impl QueueBatch {
    /// Reads a batch. A message that is there twice is taken once.
    ///
    /// # Errors
    /// [`EventError::Unknown`], [`EventError::MissingMessageId`].
    pub(crate) fn parse(event: &[u8]) -> Result<Self, EventError> {
        let received = ReceivedMessage::all_of(event)?;
        let is_fifo = received.iter().any(ReceivedMessage::is_of_fifo_queue);
        let mut known = HashSet::new();
        let mut messages = Vec::with_capacity(received.len());
        for (index, message) in received.into_iter().enumerate() {
            // > Lambda treats a batch as a complete failure if [...] an empty string itemIdentifier
            // So a message without an id could not be named alone.
            let id = message.id.filter(|id| !id.is_empty()).ok_or(EventError::MissingMessageId { index })?;
            if known.insert(id.clone()) {
                let record = RecordRequest::parse(message.body.as_deref().unwrap_or_default());
                messages.push((message.group, Message { id, record }));
            }
        }
        if is_fifo {
            Ok(Self::Fifo(by_group(messages)))
        } else {
            Ok(Self::Standard(messages.into_iter().map(|(_, message)| message).collect()))
        }
    }

    /// The number of messages.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Standard(messages) => messages.len(),
            Self::Fifo(groups) => groups.iter().map(VecDeque::len).sum(),
        }
    }
}

/// Groups in the order of their first messages. Messages without a group, which a FIFO queue does not have, share one.
fn by_group(messages: Vec<(Option<String>, Message)>) -> Vec<VecDeque<Message>> {
    let mut groups: Vec<VecDeque<Message>> = Vec::new();
    let mut places = HashMap::new();
    for (group, message) in messages {
        let place = *places.entry(group).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push_back(message),
            None => groups.push(VecDeque::from([message])),
        }
    }
    groups
}

impl<G: GenerateDataKey, P: PutRecords, L: ListShards> RecordEncryptor<G, P, L> {
    pub(crate) async fn answer_queue(
        &self,
        batch: QueueBatch,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> SqsBatchResponse {
        let failed = match batch {
            QueueBatch::Standard(messages) => self.write_standard(messages, deadline, tally).await,
            QueueBatch::Fifo(groups) => self.write_fifo(groups, deadline, tally).await,
        };
        let mut response = SqsBatchResponse::default();
        failed.into_iter().for_each(|id| response.add_failure(id));
        response
    }

    /// Writes everything at once. Returns the failed messages' ids.
    async fn write_standard(&self, messages: Vec<Message>, deadline: Deadline, tally: &mut Tally) -> Vec<String> {
        let (ids, records): (Vec<_>, Vec<_>) = messages.into_iter().map(|message| (message.id, message.record)).unzip();
        let results = self.write(records, deadline, ON_UNKNOWN_OUTCOME, tally).await;
        let failed = std::iter::zip(ids, results).filter_map(|(id, result)| {
            log(&id, &result.err()?);
            Some(id)
        });
        failed.collect()
    }

    /// Writes the first messages of all groups at once, then the second ones, and so on: at most ten rounds, since a batch of a FIFO
    /// queue has at most ten messages. A group ends at its first failure that may pass, and all at `deadline`, from which no round
    /// begins.
    ///
    /// > If you're using this feature with a FIFO queue, your function should stop processing messages after the first failure and
    /// > return all failed and unprocessed messages in `batchItemFailures`. This helps preserve the ordering of messages in your queue.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
    ///
    /// A message that can never be encrypted has no place in that order. Its group goes on behind it, and it alone is returned. If the
    /// others were returned with it, each redelivery would count as theirs, too, and they would go to the dead-letter queue with it.
    async fn write_fifo(
        &self,
        mut groups: Vec<VecDeque<Message>>,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        loop {
            groups.retain(|group| !group.is_empty());
            if groups.is_empty() {
                return failed;
            }
            if deadline.has_passed(self.clock.now().monotonic) {
                let unwritten: Vec<_> = groups.into_iter().flatten().map(|message| message.id).collect();
                tracing::warn!(
                    messages = unwritten.len(),
                    "the time was up before {} messages were written: the queue delivers them again; if this goes on, give the function \
                     more time or the mapping smaller batches",
                    unwritten.len()
                );
                failed.extend(unwritten);
                return failed;
            }
            let heads = groups.iter_mut().filter_map(VecDeque::pop_front);
            let (ids, records): (Vec<_>, Vec<_>) = heads.map(|head| (head.id, head.record)).unzip();
            let results = self.write(records, deadline, ON_UNKNOWN_OUTCOME, tally).await;
            let ended = std::iter::zip(std::mem::take(&mut groups), std::iter::zip(ids, results));
            groups = ended
                .filter_map(|(rest, (id, result))| {
                    let Err(failure) = result else { return Some(rest) };
                    log(&id, &failure);
                    failed.push(id);
                    if !failure.is_retryable() {
                        return Some(rest);
                    }
                    failed.extend(rest.into_iter().map(|message| message.id));
                    None
                })
                .collect();
        }
    }
}

/// A message that may be in the stream is sent again at once: the queue would deliver it again anyway, and after a few of these to the
/// dead-letter queue.
const ON_UNKNOWN_OUTCOME: OnUnknownOutcome = OnUnknownOutcome::SendAgain;

fn log(message_id: &str, failure: &RecordFailure) {
    let retryable = failure.is_retryable();
    let (code, reason, meaning) = (failure.code(), describe(failure), failure.meaning());
    tracing::warn!(message_id, code = ?code, retryable, reason, "message {message_id} failed with {code:?} ({reason}): {meaning}");
}
