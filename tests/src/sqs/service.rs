//! From an HTTP request to its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, StatusCode};
use md5::{Digest as _, Md5};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;
use warmkeys::clock::Clock;

use super::queue::{Message, Queue};
use super::request::{GetQueueUrl, OfReceipts, ReceiveMessage, SendMessageBatch};
use crate::json_protocol;
use crate::loopback_server::{AnswerRequest, Reply};
use crate::unpoisoned::lock;

pub(super) const REGION: &str = "us-east-1";
pub(super) const ACCOUNT: &str = "000000000000";

/// Answers the SQS protocol for some queues.
#[derive(Debug)]
pub(super) struct SqsService {
    /// Guards the queues, by name; never held across an await.
    queues: Mutex<BTreeMap<String, Queue>>,
    clock: Arc<dyn Clock>,
    address: OnceLock<SocketAddr>,
}

struct Failure {
    code: &'static str,
    message: String,
}

impl SqsService {
    pub(super) fn new(queues: &[&str], clock: Arc<dyn Clock>) -> Self {
        let queues = queues.iter().map(|name| ((*name).to_owned(), Queue::default())).collect();
        Self { queues: Mutex::new(queues), clock, address: OnceLock::new() }
    }

    pub(super) fn serve_at(&self, address: SocketAddr) {
        // It is told once, right after its start.
        let _ = self.address.set(address);
    }

    pub(super) fn url(&self, queue: &str) -> String {
        let address = self.address.get().map(ToString::to_string).unwrap_or_default();
        format!("http://{address}/{ACCOUNT}/{queue}")
    }

    pub(super) fn send(&self, queue: &str, body: &str) {
        if let Some(queue) = lock(&self.queues).get_mut(queue) {
            queue.send(body.to_owned(), None);
        }
    }

    pub(super) fn bodies(&self, queue: &str) -> Vec<String> {
        lock(&self.queues).get(queue).map(Queue::bodies).unwrap_or_default()
    }

    pub(super) fn hidden(&self, queue: &str) -> usize {
        let now = self.now();
        lock(&self.queues).get(queue).map(|queue| queue.hidden(now)).unwrap_or_default()
    }

    pub(super) fn renewals(&self, queue: &str) -> u64 {
        lock(&self.queues).get(queue).map(|queue| queue.renewals).unwrap_or_default()
    }

    pub(super) fn end_visibility_timeouts(&self, queue: &str) {
        if let Some(queue) = lock(&self.queues).get_mut(queue) {
            queue.end_visibility_timeouts();
        }
    }

    fn now(&self) -> Instant {
        self.clock.now().monotonic
    }

    fn carry_out(&self, operation: &str, body: &[u8]) -> Result<Value, Failure> {
        match operation {
            "GetQueueUrl" => {
                let GetQueueUrl { queue_name } = read(body)?;
                self.in_queue(&queue_name, |_, _| Ok(json!({"QueueUrl": self.url(&queue_name)})))
            }
            "SendMessageBatch" => self.send_batch(read(body)?),
            "ReceiveMessage" => self.receive(&read(body)?),
            "DeleteMessageBatch" => self.of_receipts(read(body)?, |queue, receipt, _, _| queue.delete(receipt)),
            "ChangeMessageVisibilityBatch" => self.of_receipts(read(body)?, |queue, receipt, hidden_for, now| {
                queue.change_visibility(receipt, hidden_for, now)
            }),
            other => Err(Failure { code: "InvalidAction", message: format!("{other} is not embedded") }),
        }
    }

    fn in_queue(
        &self,
        name: &str,
        act: impl FnOnce(&mut Queue, Instant) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let now = self.now();
        match lock(&self.queues).get_mut(name) {
            Some(queue) => act(queue, now),
            None => Err(Failure {
                code: "com.amazonaws.sqs#QueueDoesNotExist",
                message: "The specified queue does not exist.".to_owned(),
            }),
        }
    }

    fn send_batch(&self, request: SendMessageBatch) -> Result<Value, Failure> {
        check_entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
        self.in_queue(name_of(&request.queue_url), |queue, _| {
            let successful: Vec<Value> = request
                .entries
                .into_iter()
                .map(|entry| {
                    let md5 = md5_of(&entry.message_body);
                    let id = queue.send(entry.message_body, entry.message_group_id);
                    json!({"Id": entry.id, "MessageId": id, "MD5OfMessageBody": md5})
                })
                .collect();
            Ok(json!({"Successful": successful, "Failed": []}))
        })
    }

    fn receive(&self, request: &ReceiveMessage) -> Result<Value, Failure> {
        let most = request.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&most) {
            return Err(invalid("MaxNumberOfMessages must be from 1 to 10"));
        }
        let hidden_for = visibility(request.visibility_timeout.unwrap_or(30))?;
        self.in_queue(name_of(&request.queue_url), |queue, now| {
            let received = queue.receive(most, hidden_for, now);
            let messages: Vec<Value> = received.iter().map(described).collect();
            // "If the request is successful": without messages the member is missing.
            Ok(if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) })
        })
    }

    fn of_receipts(
        &self,
        request: OfReceipts,
        act: impl Fn(&mut Queue, &str, Duration, Instant) -> bool,
    ) -> Result<Value, Failure> {
        check_entries(request.entries.iter().map(|entry| entry.id.as_str()))?;
        self.in_queue(name_of(&request.queue_url), |queue, now| {
            let (mut successful, mut failed) = (Vec::new(), Vec::new());
            for entry in &request.entries {
                let hidden_for = visibility(entry.visibility_timeout.unwrap_or_default())?;
                if act(queue, &entry.receipt_handle, hidden_for, now) {
                    successful.push(json!({"Id": entry.id}));
                } else {
                    failed.push(json!({"Id": entry.id, "Code": "ReceiptHandleIsInvalid", "SenderFault": true}));
                }
            }
            Ok(json!({"Successful": successful, "Failed": failed}))
        })
    }
}

impl AnswerRequest for SqsService {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        let Some(operation) = json_protocol::operation(&request, "AmazonSQS") else {
            return json_protocol::error(StatusCode::BAD_REQUEST, "InvalidAction", "");
        };
        match self.carry_out(operation, request.body()) {
            Ok(body) => json_protocol::answer(&body),
            Err(Failure { code, message }) => json_protocol::error(StatusCode::BAD_REQUEST, code, &message),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| invalid(&error.to_string()))
}

fn invalid(message: &str) -> Failure {
    Failure { code: "InvalidParameterValue", message: message.to_owned() }
}

/// "The list … from 1 to 10", "each … must be unique within the batch".
fn check_entries<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Failure> {
    let len = ids.len();
    match len {
        0 | 11.. => Err(invalid("a batch has 1 to 10 entries")),
        _ if ids.collect::<BTreeSet<_>>().len() < len => Err(invalid("the ids of the entries are not distinct")),
        _ => Ok(()),
    }
}

/// "Valid values: 0 to 43200", which is 12 hours.
fn visibility(seconds: u64) -> Result<Duration, Failure> {
    if seconds > 43_200 {
        Err(invalid("VisibilityTimeout must be from 0 to 43200"))
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn described(message: &Message) -> Value {
    json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": md5_of(&message.body),
    })
}

fn md5_of(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
