//! An opened record as a message.

use std::borrow::Cow;

use crate::records::OpenedRecord;
use crate::sqs::{Attribute, AttributeValue, Body, Message};
use crate::sqs::{FifoIds, deduplication_id, group_id};
use crate::text::{rfc3339, sqs_allows};

/// The message for `record`, with the ids of a FIFO queue if it goes to one.
pub(super) fn message(record: &OpenedRecord, fifo: bool) -> Message<'_> {
    let (body, content_encoding) = match std::str::from_utf8(&record.plaintext) {
        Ok("") => (Body::Text(Cow::Borrowed(EMPTY)), "empty"),
        Ok(text) if sqs_allows(text) => (Body::Text(Cow::Borrowed(text)), "text"),
        _ => (Body::Base64(&record.plaintext), "base64"),
    };
    let record = &record.record;
    let mut attributes = vec![
        Attribute::text("contentEncoding", content_encoding),
        Attribute::text("sequenceNumber", record.sequence_number.as_str()),
    ];
    if let Some(arrival) = record.approximate_arrival_timestamp {
        attributes.push(Attribute::text("approximateArrivalTimestamp", rfc3339(arrival)));
    }
    if let Some(sub_sequence_number) = record.sub_sequence_number {
        attributes.push(Attribute::text("subSequenceNumber", sub_sequence_number.to_string()));
    }
    attributes.extend(partition_key(&record.partition_key));
    let fifo =
        fifo.then(|| FifoIds { group: group_id(&record.partition_key), deduplication: deduplication_id(record) });
    Message::new(body, attributes, fifo)
}

/// What the message for `record` has at most, in bytes, whatever its plaintext's characters.
pub(super) fn max_len(record: &OpenedRecord) -> usize {
    /// The attributes but for the partition key's value: 5 names and data types (115 bytes), `contentEncoding` (6), a sequence
    /// number (128), a time stamp (24, more after the year 9999) and a sub-sequence number (10). And the body of an empty plaintext.
    const MAX_ATTRIBUTES_LEN: usize = 300;
    let body_len = base64_simd::STANDARD.encoded_length(record.plaintext.len());
    body_len + record.record.partition_key.len() + MAX_ATTRIBUTES_LEN
}

/// The body for an empty plaintext: "The minimum size is one character."
const EMPTY: &str = "-";

/// None for a record without a partition key: SQS takes no empty attribute.
fn partition_key(key: &str) -> Option<Attribute> {
    let value = match key {
        "" => return None,
        _ if sqs_allows(key) => AttributeValue::Text(key.to_owned()),
        _ => AttributeValue::Binary(key.as_bytes().to_vec()),
    };
    Some(Attribute { name: "partitionKey", value })
}
