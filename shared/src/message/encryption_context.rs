//! The encryption context: authenticated, unencrypted pairs bound to a data key and a message.

use std::fmt;
use std::sync::Arc;

use crate::message::MessageError;

/// Key-value pairs that are authenticated but not secret (KMS writes them to CloudTrail in clear).
///
/// Kept sorted by the keys' UTF-8 bytes, which is the order of the serialised form. Clones share the pairs, which take little more
/// memory than their text: a message that nobody has authenticated yet may carry thousands of them.
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/structures.md#encryption-context>
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct EncryptionContext {
    pairs: Arc<Pairs>,
}

/// All keys and values in one text.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Pairs {
    /// Key, value, key, value, in the order of the keys.
    text: String,
    /// Where each key and the value after it end in the text.
    ends: Vec<(usize, usize)>,
}

impl Pairs {
    fn push(&mut self, key: &str, value: &str) {
        self.text.push_str(key);
        let key_end = self.text.len();
        self.text.push_str(value);
        self.ends.push((key_end, self.text.len()));
    }

    fn get(&self, index: usize) -> Option<(&str, &str)> {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end);
        let (key_end, end) = *self.ends.get(index)?;
        Some((self.text.get(start..key_end)?, self.text.get(key_end..end)?))
    }

    fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        // Every index below the number of ends has a pair.
        (0..self.ends.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// Where `key` is, or would have to be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.get(middle).map_or("", |(key, _)| key).cmp(key) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Err(from)
    }
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
        let (_, value) = self.pairs.get(self.pairs.find(key).ok()?)?;
        Some(value)
    }

    /// Adds a pair; the value that `key` had before is returned. Takes as long as the context is: many pairs are collected.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> Option<String> {
        let (key, value) = (key.into(), value.into());
        let before = self.get(&key).map(str::to_owned);
        *self = self.iter().chain([(&*key, &*value)]).collect();
        before
    }

    /// Removes a pair; its value is returned.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let removed = self.get(key)?.to_owned();
        *self = self.iter().filter(|(other, _)| *other != key).collect();
        Some(removed)
    }

    /// The pairs, sorted by the keys' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter()
    }

    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.ends.len()
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.ends.is_empty()
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
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let mut serialised = to_u16(self.len())?.to_be_bytes().to_vec();
        for text in self.iter().flat_map(|(key, value)| [key, value]) {
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

impl fmt::Debug for EncryptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialOrd for EncryptionContext {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EncryptionContext {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.iter().cmp(other.iter())
    }
}

/// Of several values for one key the last is kept.
impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut sorted: Vec<(String, String)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        // Stable, so that the last of equal keys stays the last.
        sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
        let text_len = sorted.iter().map(|(key, value)| key.len() + value.len()).sum();
        let mut pairs = Pairs { text: String::with_capacity(text_len), ends: Vec::with_capacity(sorted.len()) };
        let mut sorted = sorted.into_iter().peekable();
        while let Some((key, value)) = sorted.next() {
            if sorted.peek().is_none_or(|(next, _)| *next != key) {
                pairs.push(&key, &value);
            }
        }
        Self { pairs: Arc::new(pairs) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Pairs;
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

    #[test]
    fn nine_thousand_pairs_take_little_more_memory_than_their_text_and_clones_none() {
        let context: EncryptionContext = (0..9_200).map(|number| (number.to_string(), "")).collect();
        let Pairs { text, ends } = &*context.pairs;
        let bytes = text.capacity() + ends.capacity() * size_of_val(&ends[0]);
        assert!(bytes <= 200_000, "{bytes} bytes");
        assert!(std::ptr::eq(&raw const *context.clone().pairs, &raw const *context.pairs));
    }

    proptest! {
        #[test]
        fn it_is_a_map(
            first in proptest::collection::vec(("[a-c]{0,2}", "[a-c]{0,2}"), 0..12),
            inserted in proptest::collection::vec(("[a-c]{0,2}", "[a-c]{0,2}"), 0..4),
            key in "[a-c]{0,2}",
        ) {
            let mut map: BTreeMap<String, String> = first.iter().cloned().collect();
            let mut context: EncryptionContext = first.into_iter().collect();
            for (key, value) in inserted {
                prop_assert_eq!(context.insert(key.clone(), value.clone()), map.insert(key, value));
            }
            prop_assert_eq!(context.get(&key), map.get(&key).map(String::as_str));
            prop_assert!(context.iter().eq(map.iter().map(|(key, value)| (&**key, &**value))));
            prop_assert_eq!(context.remove(&key), map.remove(&key));
            prop_assert_eq!((context.len(), context.is_empty()), (map.len(), map.is_empty()));
            let other: EncryptionContext = map.clone().into_iter().collect();
            prop_assert_eq!((context.cmp(&other), &context), (std::cmp::Ordering::Equal, &other));
        }
    }
}
