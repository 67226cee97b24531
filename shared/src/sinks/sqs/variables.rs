//! The variables of the SQS sink.

use crate::config::{Environment, Integer};
use crate::sqs::{MessageLimit, QueueUrl, SqsSettings};

pub(in crate::sinks) fn settings(queue_url: QueueUrl, message_limit: MessageLimit) -> SqsSettings {
    SqsSettings { message_limit, ..SqsSettings::new(queue_url) }
}

pub(in crate::sinks) fn read_message_limit(environment: &mut Environment) -> Option<MessageLimit> {
    MessageLimit::read(environment, &MESSAGE_LIMIT)
}

pub(in crate::sinks) const MESSAGE_LIMIT: Integer = MessageLimit::variable(
    "SINK_QUEUE_MESSAGE_LIMIT_BYTES",
    "The MaximumMessageSize of a queue as sink. A larger record goes to quarantine, since it can never be delivered.",
);
