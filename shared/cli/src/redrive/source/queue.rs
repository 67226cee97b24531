//! A queue with given-up batches or quarantined records, whose messages are held while a redrive works.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry};
use tokio::task::JoinHandle;

use super::QueueName;
use crate::redrive::aws_failure::{AwsFailure, Fault};
use crate::redrive::screen;

/// "a maximum of 10 messages" in a request, whatever it does.
const MAX_BATCH: usize = 10;

/// Long polling asks all servers that keep messages, so an empty answer nearly always means that nothing is visible.
const WAIT_SECONDS: i32 = 1;
const EMPTY_ANSWERS: u32 = 2;

/// A queue of which messages are held: hidden from other consumers, for as long as this lives and is not released.
#[derive(Debug)]
pub(crate) struct Queue {
    client: Client,
    url: String,
    visibility_seconds: i32,
    /// The receipt of each message that is held, by its id. Guarded for a look-up or a change, never across an await.
    held: Arc<Mutex<BTreeMap<String, String>>>,
    renewing: JoinHandle<()>,
}

/// A message that is held.
#[derive(Clone, Debug)]
pub(crate) struct HeldMessage {
    pub(crate) id: String,
    pub(crate) body: String,
}

/// What was received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) messages: Vec<HeldMessage>,
    /// The queue has more, but not more may be held at once.
    pub(crate) is_part: bool,
}

impl Queue {
    /// Finds the queue, and begins to renew what will be held of it.
    pub(crate) async fn open(sdk: &SdkConfig, name: &QueueName, visibility_seconds: i32) -> Result<Self, AwsFailure> {
        let region = match name {
            QueueName::Arn { region, .. } => Some(aws_types::region::Region::new(region.clone())),
            QueueName::Url(_) => sdk.region().cloned(),
        };
        let client = Client::from_conf(aws_sdk_sqs::config::Builder::from(sdk).region(region).build());
        let url = match name {
            QueueName::Url(url) => url.clone(),
            QueueName::Arn { account, name, .. } => {
                let request = client.get_queue_url().queue_name(name).queue_owner_aws_account_id(account);
                let answer = request.send().await;
                let answer = answer.map_err(|error| AwsFailure::of(format!("cannot find the queue {name}"), &error))?;
                answer.queue_url.unwrap_or_default()
            }
        };
        let held = Arc::new(Mutex::new(BTreeMap::new()));
        let renewing = tokio::spawn(renew(client.clone(), url.clone(), visibility_seconds, Arc::clone(&held)));
        Ok(Self { client, url, visibility_seconds, held, renewing })
    }

    /// Receives and holds every message that is visible.
    pub(crate) async fn receive(&self) -> Result<Received, AwsFailure> {
        let mut received = Received::default();
        let mut empty = 0;
        while empty < EMPTY_ANSWERS {
            let answer = self
                .client
                .receive_message()
                .queue_url(&self.url)
                .max_number_of_messages(i32::try_from(MAX_BATCH).unwrap_or(1))
                .visibility_timeout(self.visibility_seconds)
                .wait_time_seconds(WAIT_SECONDS)
                .send()
                .await;
            let messages = match answer {
                Ok(answer) => answer.messages.unwrap_or_default(),
                // "returned if you reach the maximum number of in flight messages"
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(aws_sdk_sqs::operation::receive_message::ReceiveMessageError::is_over_limit) =>
                {
                    received.is_part = true;
                    break;
                }
                Err(error) => return Err(AwsFailure::of(format!("cannot receive from {}", self.url), &error)),
            };
            empty = if messages.is_empty() { empty + 1 } else { 0 };
            for message in messages {
                let (Some(id), Some(receipt), Some(body)) = (message.message_id, message.receipt_handle, message.body)
                else {
                    continue;
                };
                // A standard queue may give a message twice; the last receipt is the one that counts.
                if self.held().insert(id.clone(), receipt).is_none() {
                    received.messages.push(HeldMessage { id, body });
                }
            }
        }
        Ok(received)
    }

    /// Deletes messages, and tells of how many that was not possible.
    pub(crate) async fn delete(&self, ids: &[String]) -> Result<usize, AwsFailure> {
        let mut failed = 0;
        for (ids, receipts) in self.held_of(ids) {
            let entries = numbered(&receipts, |number, receipt| {
                DeleteMessageBatchRequestEntry::builder().id(number).receipt_handle(receipt).build()
            });
            let entries = entries.map_err(|error| unbuilt("delete from", &self.url, &error))?;
            let answer =
                self.client.delete_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| AwsFailure::of(format!("cannot delete from {}", self.url), &error))?;
            let undeleted: Vec<_> = answer.failed().iter().map(|entry| entry.id().to_owned()).collect();
            failed += undeleted.len();
            let mut held = self.held();
            for (number, id) in ids.iter().enumerate() {
                if !undeleted.contains(&number.to_string()) {
                    held.remove(id);
                }
            }
        }
        Ok(failed)
    }

    /// Makes everything visible again that is still held.
    pub(crate) async fn release(&self) -> Result<usize, AwsFailure> {
        self.renewing.abort();
        let ids: Vec<String> = self.held().keys().cloned().collect();
        for (_, receipts) in self.held_of(&ids) {
            change_visibility(&self.client, &self.url, &receipts, 0).await?;
        }
        self.held().clear();
        Ok(ids.len())
    }

    /// What is held of `ids`, in parts of a request's size: ids and receipts.
    fn held_of(&self, ids: &[String]) -> Vec<(Vec<String>, Vec<String>)> {
        let held = self.held();
        let known: Vec<_> = ids.iter().filter_map(|id| Some((id.clone(), held.get(id)?.clone()))).collect();
        known.chunks(MAX_BATCH).map(|part| part.iter().cloned().unzip()).collect()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        // A change is one step, so that a panic elsewhere leaves nothing half changed.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Keeps what is held hidden, until it is aborted: long before the time is up, so that one failed request does no harm.
async fn renew(client: Client, url: String, visibility_seconds: i32, held: Arc<Mutex<BTreeMap<String, String>>>) {
    let seconds = u64::try_from(visibility_seconds).unwrap_or_default();
    let mut ticks = tokio::time::interval(Duration::from_secs(seconds / 3).max(Duration::from_secs(1)));
    ticks.tick().await; // the first is now
    loop {
        ticks.tick().await;
        let receipts: Vec<String> = held.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for part in receipts.chunks(MAX_BATCH) {
            if let Err(failure) = change_visibility(&client, &url, part, visibility_seconds).await {
                screen::warn(&format!("messages could not be kept hidden: {failure}"));
                break;
            }
        }
    }
}

async fn change_visibility(client: &Client, url: &str, receipts: &[String], seconds: i32) -> Result<(), AwsFailure> {
    let entries = numbered(receipts, |number, receipt| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number).receipt_handle(receipt);
        entry.visibility_timeout(seconds).build()
    });
    let entries = entries.map_err(|error| unbuilt("change the visibility of", url, &error))?;
    let answer = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries)).send().await;
    // Single entries fail where a message is gone or visible already: then there is nothing to hold or to release.
    answer
        .map(drop)
        .map_err(|error| AwsFailure::of(format!("cannot change the visibility of messages in {url}"), &error))
}

fn numbered<T>(
    receipts: &[String],
    entry: impl Fn(String, &str) -> Result<T, BuildError>,
) -> Result<Vec<T>, BuildError> {
    receipts.iter().enumerate().map(|(number, receipt)| entry(number.to_string(), receipt)).collect()
}

fn unbuilt(what: &str, url: &str, error: &BuildError) -> AwsFailure {
    AwsFailure { action: format!("cannot {what} {url}"), fault: Fault::Refused, detail: error.to_string() }
}

#[cfg(test)]
mod tests;
