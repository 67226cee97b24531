//! What is configured of a Firehose sink.

use crate::delivery::delivery_retry_policy;
use crate::retry::RetryPolicy;

/// What is configured of a [`FirehoseSink`](super::FirehoseSink).
#[derive(Clone, Debug)]
pub struct FirehoseSettings {
    /// The stream that takes the records.
    pub stream_name: DeliveryStreamName,
    /// Whether each record ends with a newline; counts towards its size.
    pub append_newline: bool,
    /// How failed requests and entries are tried again.
    pub retry: RetryPolicy,
}

impl FirehoseSettings {
    /// The default of [`append_newline`](Self::append_newline): Firehose concatenates records into objects, and nothing else
    /// would tell where one ends.
    pub const DEFAULT_APPEND_NEWLINE: bool = true;

    /// The defaults for the stream `stream_name`.
    #[must_use]
    pub fn new(stream_name: DeliveryStreamName) -> Self {
        Self { stream_name, append_newline: Self::DEFAULT_APPEND_NEWLINE, retry: delivery_retry_policy() }
    }
}

/// A Firehose stream's name: 1 to 64 letters, digits, `_`, `.` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStreamName(String);

impl DeliveryStreamName {
    /// The most characters of a name.
    pub const MAX_LEN: usize = 64;

    /// `None` if `name` is not a stream's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let valid = (1..=Self::MAX_LEN).contains(&name.len()) && name.bytes().all(allowed);
        valid.then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_name_has_1_to_64_of_the_allowed_characters() {
        assert!(DeliveryStreamName::parse("").is_none());
        assert!(DeliveryStreamName::parse("a.B-c_1").is_some());
        assert!(DeliveryStreamName::parse(&"a".repeat(64)).is_some());
        assert!(DeliveryStreamName::parse(&"a".repeat(65)).is_none());
        assert!(DeliveryStreamName::parse("arn:aws:firehose").is_none());
    }
}
