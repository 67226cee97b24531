//! A message as SQS takes it: characters, attributes, size.

use std::borrow::Cow;

use super::FifoIds;
use crate::sinks::batching::RequestEntry;

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

    /// A message that is `text` and no more. `text` must have been made fit with [`escape_for_sqs`].
    pub(crate) fn json(text: String, fifo: Option<FifoIds>) -> Self {
        Self::new(Body::Text(Cow::Owned(text)), Vec::new(), fifo)
    }

    pub(super) fn body(&self) -> &Body<'a> {
        &self.body
    }

    pub(super) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    pub(super) fn fifo(&self) -> Option<&FifoIds> {
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

    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone().into_owned(),
            Self::Base64(bytes) => base64_simd::STANDARD.encode_to_string(bytes),
        }
    }
}

/// A message attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(super) name: &'static str,
    pub(super) value: AttributeValue,
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
    pub(super) fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Binary(_) => "Binary",
        }
    }
}

/// Whether SQS allows every character of `text`.
///
/// "A message can include only … the following Unicode characters: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub(super) fn sqs_allows(text: &str) -> bool {
    text.chars().all(is_allowed)
}

fn is_allowed(character: char) -> bool {
    // A `char` is never a surrogate, so that only the control characters and two noncharacters are left to forbid.
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The same JSON, with the characters escaped that JSON allows and SQS does not.
///
/// They can only stand within strings: JSON itself demands that control characters are escaped there.
pub(crate) fn escape_for_sqs(json: String) -> String {
    if sqs_allows(&json) { json } else { json.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqs_allows_the_characters_of_xml_1_0() {
        for allowed in ["\t", "\n", "\r", " ", "\u{7F}", "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{10000}", "\u{10FFFF}"]
        {
            assert!(sqs_allows(allowed), "{allowed:?}");
        }
        for forbidden in ["\0", "\u{8}", "\u{B}", "\u{C}", "\u{E}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
            assert!(!sqs_allows(forbidden), "{forbidden:?}");
        }
    }

    #[test]
    fn json_is_escaped_where_sqs_is_stricter() {
        let text = "a\u{FFFE}\u{1}\u{FFFF}é";
        let escaped = escape_for_sqs(serde_json::to_string(text).unwrap());
        assert!(sqs_allows(&escaped));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
    }

    #[test]
    fn attributes_count_with_name_type_and_value() {
        let message = Message::new(Body::Base64(&[0; 4]), vec![Attribute::text("name", "value")], None);
        assert_eq!(message.len(), 8 + "name".len() + "String".len() + "value".len());
    }
}
