//! Small counts: of names that records tell, and of times.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::inspect::time::Millis;

/// How often each of a few things occurs. Of names that nobody has checked, the first so many are told apart.
#[derive(Debug)]
pub(crate) struct Counts<K> {
    of: BTreeMap<K, u64>,
    /// Of all others.
    rest: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), rest: 0 }
    }
}

impl<K: Ord> Counts<K> {
    pub(crate) fn add<Q: Ord + ?Sized + ToOwned<Owned = K>>(&mut self, name: &Q)
    where
        K: Borrow<Q>,
    {
        self.add_many(name, 1);
    }

    pub(crate) fn add_many<Q: Ord + ?Sized + ToOwned<Owned = K>>(&mut self, name: &Q, count: u64)
    where
        K: Borrow<Q>,
    {
        if let Some(known) = self.of.get_mut(name) {
            *known += count;
        } else if self.of.len() < MAX_NAMES {
            self.of.insert(name.to_owned(), count);
        } else {
            self.rest += count;
        }
    }

    /// The most frequent first.
    pub(crate) fn sorted(&self) -> Vec<(&K, u64)> {
        let mut sorted: Vec<_> = self.of.iter().map(|(name, count)| (name, *count)).collect();
        sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        sorted
    }

    /// How often anything occurs that is not among the names.
    pub(crate) fn rest(&self) -> u64 {
        self.rest
    }
}

/// A stream has one format, a few suites and a handful of context keys; what has more is not a report any more.
const MAX_NAMES: usize = 100;

/// From the first to the last of some times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    ends: Option<(Millis, Millis)>,
}

impl Span {
    pub(crate) fn include(&mut self, time: Option<Millis>) {
        if let Some(time) = time {
            let (first, last) = self.ends.unwrap_or((time, time));
            self.ends = Some((first.min(time), last.max(time)));
        }
    }

    /// The first and the last; `None` if no time is known.
    pub(crate) fn ends(self) -> Option<(Millis, Millis)> {
        self.ends
    }

    /// The time between them, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of times with a year are below 2^53")]
    pub(crate) fn seconds(self) -> f64 {
        self.ends.map_or(0.0, |(first, last)| last.saturating_sub(first) as f64 / 1000.0)
    }
}
