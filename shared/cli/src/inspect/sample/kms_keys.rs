//! The KMS keys that records name, and which of them they cannot do without.

use std::collections::BTreeMap;

use warmkeys::data_keys::KeyArn;

use super::Span;
use crate::inspect::time::Millis;

/// The use of every KMS key.
#[derive(Debug, Default)]
pub(crate) struct KmsKeys {
    of: BTreeMap<KeyArn, KmsKeyUse>,
    /// Records of keys that are not told apart any more.
    rest: u64,
}

/// The use of one KMS key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KmsKeyUse {
    /// Records that name it.
    pub(crate) records: u64,
    /// Of these, those that name no other: without the key they cannot be read.
    pub(crate) only: u64,
    /// When those that name it arrived.
    pub(crate) arrivals: Span,
}

impl KmsKeys {
    /// Counts a record that names `keys`, each once.
    pub(super) fn add(&mut self, keys: &[KeyArn], arrived: Option<Millis>) {
        for key in keys {
            if !self.of.contains_key(key) && self.of.len() >= MAX_KEYS {
                self.rest += 1;
                continue;
            }
            let of_key = self.of.entry(key.clone()).or_default();
            of_key.records += 1;
            of_key.only += u64::from(keys.len() == 1);
            of_key.arrivals.include(arrived);
        }
    }

    /// The keys, the most used first.
    pub(crate) fn sorted(&self) -> Vec<(&KeyArn, KmsKeyUse)> {
        let mut sorted: Vec<_> = self.of.iter().map(|(key, uses)| (key, *uses)).collect();
        sorted.sort_by_key(|(_, uses)| std::cmp::Reverse(uses.records));
        sorted
    }

    /// Records of further keys.
    pub(crate) fn rest(&self) -> u64 {
        self.rest
    }
}

/// The most keys that are told apart: five times what one deployment can be given.
const MAX_KEYS: usize = 100;
