//! The encryption context: authenticated, unencrypted pairs bound to a data key and a message.

use std::collections::BTreeMap;

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
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for EncryptionContext {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect() }
    }
}
