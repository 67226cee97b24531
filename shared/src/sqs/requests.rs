//! `SendMessageBatch` as the SDK sends it.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use futures_util::FutureExt as _;

use super::QueueUrl;
use super::message::{Attribute, AttributeValue, Message};
use crate::delivery::service_failure::{entry_failure, request_failure};
use crate::delivery::{DeliveryError, SendRequest};

const SERVICE: &str = "SQS";

/// Sends messages to one queue.
pub(super) struct SendMessageBatch<'a> {
    pub(super) client: &'a Client,
    pub(super) queue_url: &'a QueueUrl,
}

impl<'m> SendRequest<Message<'m>> for SendMessageBatch<'_> {
    async fn send(&self, messages: &[&Message<'m>]) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let entries = messages
            .iter()
            .enumerate()
            .map(|(id, message)| request_entry(id, message))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| DeliveryError::Refused(Arc::new(error)))?;
        let answer = self
            .client
            .send_message_batch()
            .queue_url(self.queue_url.as_str())
            .set_entries(Some(entries))
            .send()
            .boxed()
            .await
            .map_err(|error| request_failure(SERVICE, &error))?;
        let mut results: HashMap<&str, Result<(), DeliveryError>> =
            answer.successful().iter().map(|entry| (entry.id(), Ok(()))).collect();
        for entry in answer.failed() {
            results.insert(entry.id(), Err(entry_failure(SERVICE, entry.code(), entry.sender_fault())));
        }
        Ok((0..messages.len()).map(|id| results.remove(id.to_string().as_str()).unwrap_or_else(unanswered)).collect())
    }
}

/// The answer names entries by id, so that one may be missing between two others.
fn unanswered() -> Result<(), DeliveryError> {
    Err(entry_failure(SERVICE, "no result", false))
}

fn request_entry(id: usize, message: &Message<'_>) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let mut entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(message.body().text());
    for Attribute { name, value } in message.attributes() {
        let attribute = MessageAttributeValue::builder().data_type(value.data_type());
        let attribute = match value {
            AttributeValue::Text(text) => attribute.string_value(text),
            AttributeValue::Binary(bytes) => attribute.binary_value(Blob::new(bytes.as_slice())),
        };
        entry = entry.message_attributes(*name, attribute.build()?);
    }
    if let Some(ids) = message.fifo() {
        entry = entry.message_group_id(&ids.group).message_deduplication_id(&ids.deduplication);
    }
    entry.build()
}
