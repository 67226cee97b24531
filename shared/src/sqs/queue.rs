//! A queue, and how messages are sent to it.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;

use super::requests::SendMessageBatch;
use super::{Message, SqsSettings};
use crate::aws::{client_config, timeouts};
use crate::clock::Clock;
use crate::delivery::{Delivery, RequestLimits, RequestPlan, deliver_in_requests};
use crate::retry::Deadline;

/// A queue and how messages are sent to it. The sink and the quarantine share it.
#[derive(Debug)]
pub(crate) struct SqsQueue {
    client: Client,
    settings: SqsSettings,
    clock: Arc<dyn Clock>,
}

impl SqsQueue {
    pub(crate) fn new(sdk: &SdkConfig, settings: SqsSettings, clock: Arc<dyn Clock>) -> Self {
        let config = client_config!(aws_sdk_sqs, sdk, timeouts(settings.retry.attempt_timeout));
        Self { client: Client::from_conf(config.build()), settings, clock }
    }

    #[cfg(test)]
    pub(crate) fn with_client(client: Client, settings: SqsSettings, clock: Arc<dyn Clock>) -> Self {
        Self { client, settings, clock }
    }

    pub(crate) fn settings(&self) -> &SqsSettings {
        &self.settings
    }

    /// What the log calls the queue.
    pub(crate) fn destination(&self) -> String {
        let url = self.settings.queue_url.as_str();
        format!("the SQS queue {}", url.rsplit_once('/').map_or(url, |(_, name)| name))
    }

    /// Sends `messages`, and tells how long a prefix has arrived.
    pub(crate) async fn send(&self, messages: &[Message<'_>], deadline: Deadline) -> Delivery {
        let sender = SendMessageBatch { client: &self.client, queue_url: &self.settings.queue_url };
        let plan = request_plan(&self.settings);
        deliver_in_requests(&sender, messages, &plan, &self.settings.retry, deadline, &*self.clock).await
    }
}

/// What one request takes, and how order is kept.
pub(crate) fn request_plan(settings: &SqsSettings) -> RequestPlan {
    /// "A single message batch request can include a maximum of 10 messages."
    const MAX_MESSAGES: usize = 10;
    /// What queues took of a request before August 2025, whatever the limit of a single message was set to. Whether a lower limit
    /// for messages lowers that of requests is not documented; a request that is refused as too long would tell.
    const LEAST_REQUEST_BYTES: usize = 256 * 1024;
    let entry_bytes = settings.message_limit.get();
    RequestPlan {
        limits: RequestLimits { entries: MAX_MESSAGES, bytes: entry_bytes.max(LEAST_REQUEST_BYTES), entry_bytes },
        order: settings.fifo_order.group_order(),
        concurrency: settings.concurrency,
    }
}
