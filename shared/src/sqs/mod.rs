//! SQS queues that messages are sent to: the only module that names `aws_sdk_sqs`. The sink and the quarantine share it.

mod fifo;
mod message;
mod queue;
mod requests;
mod settings;

pub(crate) use fifo::{FifoIds, deduplication_id, group_id};
pub(crate) use message::{Attribute, AttributeValue, Body, Message};
pub(crate) use queue::{SqsQueue, request_plan};
pub use settings::{FifoOrder, MessageLimit, QueueUrl, SqsSettings};
