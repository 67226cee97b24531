//! A message as SQS takes it: characters, attributes, size.

use std::borrow::Cow;

use super::FifoIds;
use crate::delivery::RequestEntry;

/// A message that is to be sent. Its size is known before its body is made, which happens once an attempt.
pub(crate) struct Message<'a> {
    body: Body<'a>,
    attributes: Vec<Attribute>,
    fifo: Option<FifoIds>,
    len: usize,
}

impl<'a> Message<'a> {
    /// `body` must not be empty.
    pub(crate) fn new(body: Body<'a>, attributes: Vec<Attribute>, fifo: Option<FifoIds>) -> Self {
        let len = body.len() + attributes.iter().map(Attribute::len).sum::<usize>();
        Self { body, attributes, fifo, len }
    }

    /// A message that is `text` and no more. `text` must have been made fit with [`escape_for_sqs`](crate::text::escape_for_sqs).
    pub(crate) fn json(text: String, fifo: Option<FifoIds>) -> Self {
        Self::new(Body::Text(Cow::Owned(text)), Vec::new(), fifo)
    }

    pub(crate) fn body(&self) -> &Body<'a> {
        &self.body
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    pub(crate) fn fifo(&self) -> Option<&FifoIds> {
        self.fifo.as_ref()
    }
}

impl RequestEntry for Message<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn group(&self) -> Option<&str> {
        self.fifo.as_ref().map(|ids| ids.group.as_str())
    }
}

/// What becomes the message's body.
pub(crate) enum Body<'a> {
    /// Text of characters that SQS allows.
    Text(Cow<'a, str>),
    /// Bytes that are sent as base64.
    Base64(&'a [u8]),
}

impl Body<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Base64(bytes) => base64_simd::STANDARD.encoded_length(bytes.len()),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone().into_owned(),
            Self::Base64(bytes) => base64_simd::STANDARD.encode_to_string(bytes),
        }
    }
}

/// A message attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) value: AttributeValue,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AttributeValue {
    /// Not empty, of characters that SQS allows.
    Text(String),
    /// Not empty.
    Binary(Vec<u8>),
}

impl Attribute {
    pub(crate) fn text(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: AttributeValue::Text(value.into()) }
    }

    /// "Name, type, value and the message body … are all part of the message size restriction".
    fn len(&self) -> usize {
        let value_len = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        self.name.len() + self.value.data_type().len() + value_len
    }
}

impl AttributeValue {
    pub(crate) fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Binary(_) => "Binary",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_count_with_name_type_and_value() {
        let message = Message::new(Body::Base64(&[0; 4]), vec![Attribute::text("name", "value")], None);
        assert_eq!(message.len(), 8 + "name".len() + "String".len() + "value".len());
    }
}
