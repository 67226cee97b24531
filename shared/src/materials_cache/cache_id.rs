//! What identifies an entry: a hash over everything that decides its materials.

use std::fmt;

use aws_lc_rs::digest;

use crate::message::EncryptionContext;

/// Identifies an entry of a materials cache. Equal ids mean equal requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CacheId([u8; digest::SHA256_OUTPUT_LEN]);

/// Builds a [`CacheId`] from fields, in order.
///
/// Each field is preceded by its length, so that no two different sequences of fields are hashed as the same bytes. A list is
/// preceded by its [`count`](Self::count).
#[derive(Clone)]
pub(crate) struct CacheIdBuilder {
    digest: digest::Context,
}

impl CacheIdBuilder {
    /// Begins an id in `partition` for a request of `kind`; kinds are the decorators' names for their sorts of requests.
    pub(crate) fn new(partition: &str, kind: &str) -> Self {
        Self { digest: digest::Context::new(&digest::SHA256) }.bytes(partition.as_bytes()).bytes(kind.as_bytes())
    }

    /// Adds one field.
    pub(crate) fn bytes(mut self, field: &[u8]) -> Self {
        self = self.count(field.len());
        self.digest.update(field);
        self
    }

    /// Adds the number of fields that follow.
    pub(crate) fn count(mut self, number: usize) -> Self {
        // A `usize` has at most 64 bits on every platform of Rust.
        self.digest.update(&(number as u64).to_be_bytes());
        self
    }

    /// Adds the pairs of an encryption context.
    pub(crate) fn encryption_context(self, context: &EncryptionContext) -> Self {
        context
            .iter()
            .fold(self.count(context.len()), |id, (key, value)| id.bytes(key.as_bytes()).bytes(value.as_bytes()))
    }

    /// The id.
    pub(crate) fn finish(self) -> CacheId {
        let mut id = [0; digest::SHA256_OUTPUT_LEN];
        for (byte, hashed) in id.iter_mut().zip(self.digest.finish().as_ref()) {
            *byte = *hashed;
        }
        CacheId(id)
    }
}

impl fmt::Debug for CacheIdBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheIdBuilder(..)")
    }
}

impl fmt::Debug for CacheId {
    /// The first eight bytes: enough to tell entries apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheId(")?;
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(partition: &str, kind: &str, fields: &[&[u8]]) -> CacheId {
        fields.iter().fold(CacheIdBuilder::new(partition, kind), |id, field| id.bytes(field)).finish()
    }

    #[test]
    fn moving_the_border_between_fields_changes_the_id() {
        assert_ne!(id("p", "k", &[b"ab", b"c"]), id("p", "k", &[b"a", b"bc"]));
        assert_ne!(id("p", "k", &[b"abc"]), id("p", "k", &[b"abc", b""]));
        assert_ne!(id("pk", "", &[]), id("p", "k", &[]));
    }

    #[test]
    fn another_partition_or_kind_is_another_id() {
        assert_eq!(id("p", "k", &[b"a"]), id("p", "k", &[b"a"]));
        assert_ne!(id("p", "k", &[b"a"]), id("q", "k", &[b"a"]));
        assert_ne!(id("p", "k", &[b"a"]), id("p", "l", &[b"a"]));
    }

    proptest! {
        #[test]
        fn different_sequences_of_fields_have_different_ids(
            left in prop::collection::vec(prop::collection::vec(0_u8..3, 0..4), 0..4),
            right in prop::collection::vec(prop::collection::vec(0_u8..3, 0..4), 0..4),
        ) {
            let of = |fields: &[Vec<u8>]| id("", "", &fields.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(of(&left) == of(&right), left == right);
        }
    }
}
