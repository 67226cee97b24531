//! Rejected records as messages in an SQS queue, with S3 for those that are too large for one.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::parts::{QuarantinePart, in_parts};
use super::place::place;
use super::{Quarantine, QuarantineEnvelope};
use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
use crate::s3::{NewObject, ObjectStore, S3Settings};
use crate::sqs::{FifoIds, FifoOrder, Message, SqsQueue, SqsSettings, deduplication_id, group_id};

/// Sends each rejected record as one message, a [`QuarantineEnvelope`].
///
/// A record whose message would exceed the queue's limit is written to S3 if a bucket is configured, and a message without data that
/// names the object is sent in its place: so the queue tells of every rejected record, and an alarm on it misses none. Without a bucket such
/// a record cannot be quarantined ([`DeliveryError::TooLarge`](crate::delivery::DeliveryError::TooLarge)) and holds up its shard.
///
/// In a FIFO queue the shard is the message group. Whatever order the settings ask for, up to ten messages of it share a request
/// ([`FifoOrder::WithinRequests`]): one message a round trip is too few for an aggregate of thousands of records, which
/// an invocation must get through as a whole.
#[derive(Debug)]
pub struct SqsQuarantine {
    queue: SqsQueue,
    oversized: Option<ObjectStore>,
    clock: Arc<dyn Clock>,
}

impl SqsQuarantine {
    /// A quarantine with its own clients made from `sdk`, whose own retrying is off.
    #[must_use]
    pub fn new(sdk: &SdkConfig, queue: SqsSettings, oversized: Option<S3Settings>, clock: Arc<dyn Clock>) -> Self {
        let oversized = oversized.map(|settings| ObjectStore::new(sdk, settings, Arc::clone(&clock)));
        Self { queue: SqsQueue::new(sdk, sharing_requests(queue), Arc::clone(&clock)), oversized, clock }
    }

    /// The message for `rejected`, and the object that has to be stored before it is sent.
    fn prepare(&self, origin: &ShardOrigin, rejected: &RejectedRecord) -> (Message<'static>, Option<NewObject>) {
        let fifo =
            self.queue.settings().queue_url.is_fifo().then(|| FifoIds {
                group: group_id(&origin.shard_id),
                deduplication: deduplication_id(&rejected.record),
            });
        let envelope = QuarantineEnvelope::new(origin, rejected);
        let json = envelope.to_json();
        match &self.oversized {
            Some(store) if json.len() > self.queue.settings().message_limit.get() => {
                let place = place(store.settings(), origin, rejected);
                let pointer = envelope.pointing_to(place.clone()).to_json();
                (Message::json(pointer, fifo), Some(NewObject::json(place.key, json.into())))
            }
            _ => (Message::json(json, fifo), None),
        }
    }
}

fn sharing_requests(queue: SqsSettings) -> SqsSettings {
    SqsSettings { fifo_order: FifoOrder::WithinRequests, ..queue }
}

impl Quarantine for SqsQuarantine {
    fn destination(&self) -> String {
        self.queue.destination()
    }

    async fn quarantine(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        in_parts(self, origin, records, deadline).await
    }
}

impl QuarantinePart for SqsQuarantine {
    async fn quarantine_part(&self, origin: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        let mut messages = Vec::with_capacity(records.len());
        let mut objects = Vec::new();
        let mut with_object = Vec::new();
        for (index, rejected) in records.iter().enumerate() {
            let (message, object) = self.prepare(origin, rejected);
            messages.push(message);
            if let Some(object) = object {
                objects.push(object);
                with_object.push(index);
            }
        }
        // What needs no object does not wait for the bucket, as far as the order allows.
        let mut after = messages.split_off(with_object.first().copied().unwrap_or(messages.len()));
        let before = self.queue.send(&messages, deadline).await;
        let (None, Some(store)) = (&before.failure, &self.oversized) else { return before };
        let now = self.clock.now().monotonic;
        // Half of the time at most: a slow bucket must leave some to tell of what it has stored.
        let stored = store.put(objects.into_iter(), deadline.less(deadline.remaining(now) / 2, now)).await;
        // No message may name an object that is not there. Objects beyond are overwritten when their records come again.
        if let Some(index) = with_object.get(stored.delivered) {
            after.truncate(index - messages.len());
        }
        let sent = self.queue.send(&after, deadline).await;
        let delivered = before.delivered + sent.delivered;
        Delivery { delivered, failure: sent.failure.or(stored.failure) }
    }
}

#[cfg(test)]
mod tests;
