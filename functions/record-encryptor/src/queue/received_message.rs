//! A message as the event source mapping hands it over.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::event::EventError;

/// What is wanted of a message. Everything else in it may be whatever it likes: an attribute that a type of our own refused would fail
/// the whole batch, again at every redelivery.
#[derive(Debug, Default)]
pub(super) struct ReceivedMessage {
    pub(super) id: Option<String>,
    pub(super) body: Option<String>,
    pub(super) group: Option<String>,
    queue_arn: Option<String>,
    has_sequence_number: bool,
}

/// `{"Records": [...]}`, and nothing that a direct invocation has.
#[derive(Deserialize)]
struct QueueEvent<'a> {
    #[serde(borrow, rename = "Records")]
    messages: Vec<&'a RawValue>,
    records: Option<IgnoredAny>,
}

/// The members of a message, as they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    event_source: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventSourceARN")]
    event_source_arn: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    message_group_id: Option<&'a RawValue>,
    sequence_number: Option<IgnoredAny>,
}

impl ReceivedMessage {
    /// The messages of a batch, in its order.
    ///
    /// # Errors
    /// [`EventError::Unknown`] if it is not one of SQS.
    pub(super) fn all_of(event: &[u8]) -> Result<Vec<Self>, EventError> {
        match serde_json::from_slice(event) {
            Ok(QueueEvent { messages, records: None }) => messages.into_iter().map(Self::read).collect(),
            // The parser's own error might repeat content.
            Ok(_) | Err(_) => Err(EventError::Unknown),
        }
    }

    fn read(message: &RawValue) -> Result<Self, EventError> {
        let members: Members<'_> = serde_json::from_str(message.get()).map_err(|_| EventError::Unknown)?;
        if text(members.event_source).is_some_and(|source| source != "aws:sqs") {
            return Err(EventError::Unknown);
        }
        let attributes = members.attributes.and_then(|attributes| serde_json::from_str(attributes.get()).ok());
        let Attributes { message_group_id, sequence_number } = attributes.unwrap_or_default();
        Ok(Self {
            id: text(members.message_id),
            body: text(members.body),
            group: text(message_group_id),
            queue_arn: text(members.event_source_arn),
            has_sequence_number: sequence_number.is_some(),
        })
    }

    /// A message group alone does not make a queue FIFO: standard queues have them too (fair queues), without an order.
    pub(super) fn is_of_fifo_queue(&self) -> bool {
        match &self.queue_arn {
            Some(arn) => arn.ends_with(".fifo"),
            None => self.has_sequence_number,
        }
    }
}

/// The text, if it is one.
fn text(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(json?.get()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_wanted_of_a_message_is_not_read() {
        let odd = json!({
            "messageId": "1", "body": "{}", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:1:q",
            "receiptHandle": null, "md5OfBody": 7, "awsRegion": [],
            "messageAttributes": {"a": {"binaryValue": 7, "stringListValues": null, "dataType": null}, "b": 9},
            "attributes": {"MessageGroupId": "g", "ApproximateReceiveCount": 1, "SenderId": null, "AWSTraceHeader": {}},
        });
        let messages = ReceivedMessage::all_of(json!({"Records": [odd], "more": 1}).to_string().as_bytes()).unwrap();
        let ReceivedMessage { id, body, group, .. } = &messages[0];
        assert_eq!([id, body, group].map(Option::as_deref), [Some("1"), Some("{}"), Some("g")]);
    }

    #[test]
    fn odd_values_of_what_is_wanted_are_as_good_as_none() {
        let odd = json!({"messageId": 7, "body": {"a": 1}, "attributes": [], "eventSource": 7, "eventSourceARN": {}});
        for message in [odd, json!({}), json!({"messageId": null, "attributes": null})] {
            let event = json!({"Records": [message]}).to_string();
            let ReceivedMessage { id, body, group, .. } = &ReceivedMessage::all_of(event.as_bytes()).unwrap()[0];
            assert_eq!([id, body, group], [&None, &None, &None]);
        }
    }

    #[test]
    fn a_queue_is_fifo_by_its_name_and_where_that_is_unknown_by_its_sequence_numbers() {
        for (message, is_fifo) in [
            (json!({"eventSourceARN": "arn:aws:sqs:r:1:q.fifo"}), true),
            (json!({"eventSourceARN": "arn:aws:sqs:r:1:q", "attributes": {"SequenceNumber": "1"}}), false),
            (json!({"attributes": {"SequenceNumber": "1"}}), true),
            (json!({"attributes": {"MessageGroupId": "g"}}), false),
        ] {
            let event = json!({"Records": [message]}).to_string();
            assert_eq!(ReceivedMessage::all_of(event.as_bytes()).unwrap()[0].is_of_fifo_queue(), is_fifo, "{event}");
        }
    }
}
