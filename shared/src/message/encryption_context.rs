//! The encryption context: authenticated, unencrypted pairs bound to a data key and a message.

use std::collections::BTreeMap;

use crate::message::MessageError;

/// Key-value pairs that are authenticated but not secret (KMS writes them to CloudTrail in clear).
///
/// Kept sorted by the keys' UTF-8 bytes, which is the order of the serialised form.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/structures.md#encryption-context>
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncryptionContext {
    pairs: BTreeMap<String, String>,
}

impl EncryptionContext {
    /// A context without pairs.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The value of `key`, if the context has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// Adds a pair; the value that `key` had before is returned.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.pairs.insert(key.into(), value.into())
    }

    /// Removes a pair; its value is returned.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.pairs.remove(key)
    }

    /// The pairs, sorted by the keys' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The context as it is authenticated: nothing if it is empty, else the number of pairs and every key and value after
    /// its length, each number two bytes (big-endian), sorted by the keys' bytes.
    ///
    /// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/structures.md#serialization>
    ///
    /// # Errors
    /// [`MessageError::ContextTooLong`] if there are more than 65,535 pairs, or a key, a value or the whole is longer than
    /// 65,535 bytes (a header could not carry it).
    pub fn serialise(&self) -> Result<Vec<u8>, MessageError> {
        //= framework/structures.md#serialization
        //# If the encryption context is empty, its serialization MUST be an empty byte sequence.
        if self.pairs.is_empty() {
            return Ok(Vec::new());
        }
        let mut serialised = to_u16(self.pairs.len())?.to_be_bytes().to_vec();
        for text in self.pairs.iter().flat_map(|(key, value)| [key, value]) {
            serialised.extend_from_slice(&to_u16(text.len())?.to_be_bytes());
            serialised.extend_from_slice(text.as_bytes());
        }
        to_u16(serialised.len())?;
        Ok(serialised)
    }
}

fn to_u16(len: usize) -> Result<u16, MessageError> {
    u16::try_from(len).map_err(|_| MessageError::ContextTooLong)
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect() }
    }
}

#[cfg(test)]
mod tests {
    use crate::message::*;

    #[test]
    fn pairs_are_serialised_in_the_order_of_the_keys_bytes() {
        let context = EncryptionContext::from_iter([("é", "2"), ("z", ""), ("", "1")]);
        assert_eq!(context.serialise().unwrap(), b"\0\x03\0\0\0\x011\0\x01z\0\0\0\x02\xC3\xA9\0\x012");
    }

    #[test]
    fn an_empty_context_is_serialised_to_nothing() {
        assert_eq!(EncryptionContext::empty().serialise(), Ok(Vec::new()));
    }

    #[test]
    fn the_serialised_form_ends_at_65535_bytes() {
        // Two bytes for the count, two for each of the lengths.
        for (value_len, fits) in [(65_528, true), (65_529, true), (65_530, false), (65_536, false)] {
            let context = EncryptionContext::from_iter([(String::new(), "v".repeat(value_len))]);
            assert_eq!(context.serialise().is_ok(), fits, "{value_len}");
        }
    }
}
