//! Which data keys were used in which lanes, how often and when.

use std::collections::HashMap;

use super::Span;
use crate::inspect::time::Millis;

/// A data key, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DataKey {
    /// A hash of all that decides the data key: the suite, the encrypted data keys and the encryption context.
    pub(crate) id: u64,
    /// Whether its suite lets it be cached.
    pub(crate) is_cacheable: bool,
}

/// The uses of every data key in every lane.
///
/// Bounded: from [`MAX_USES`] on, only every second data key is kept, chosen by its hash, then every fourth, and so on. What is computed
/// from them is then multiplied by [`weight`](Self::weight), and so is about right where it was exact before.
#[derive(Debug, Default)]
pub(crate) struct DataKeys {
    uses: HashMap<(u64, u32), Use>,
    /// How often the data keys were halved.
    halvings: u32,
    max_uses: Option<usize>,
}

/// The use of one data key in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) lane: u32,
    pub(crate) records: u64,
    pub(crate) span: Span,
    pub(crate) is_cacheable: bool,
}

impl DataKeys {
    pub(crate) fn add(&mut self, data_key: DataKey, lane: u32, used: Option<Millis>) {
        if !self.keeps(data_key.id) {
            return;
        }
        let new = Use { lane, records: 0, span: Span::default(), is_cacheable: data_key.is_cacheable };
        let uses = self.uses.entry((data_key.id, lane)).or_insert(new);
        uses.records += 1;
        uses.span.include(used);
        while self.uses.len() > self.max_uses.unwrap_or(MAX_USES) && self.halvings < u64::BITS {
            self.halvings += 1;
            let halvings = self.halvings;
            self.uses.retain(|(id, _), _| keeps(*id, halvings));
        }
    }

    fn keeps(&self, id: u64) -> bool {
        keeps(id, self.halvings)
    }

    /// How many data keys each one stands for: 1 if all were kept.
    pub(crate) fn whole_weight(&self) -> u64 {
        1_u64.checked_shl(self.halvings).unwrap_or(u64::MAX)
    }

    /// The same as a factor.
    #[expect(clippy::cast_precision_loss, reason = "a power of two")]
    pub(crate) fn weight(&self) -> f64 {
        self.whole_weight() as f64
    }

    /// Whether all were kept, so that counts are exact.
    pub(crate) fn are_exact(&self) -> bool {
        self.halvings == 0
    }

    /// The uses of each data key that was kept, by lane.
    pub(crate) fn by_data_key(&self) -> Vec<Vec<Use>> {
        let mut uses: Vec<_> = self.uses.iter().collect();
        uses.sort_unstable_by_key(|(place, _)| **place);
        uses.chunk_by(|((one, _), _), ((other, _), _)| one == other)
            .map(|chunk| chunk.iter().map(|(_, uses)| **uses).collect())
            .collect()
    }

    #[cfg(test)]
    pub(super) fn of_at_most(max_uses: usize) -> Self {
        Self { max_uses: Some(max_uses), ..Self::default() }
    }
}

/// Whether the data key is among those that are left after so many halvings.
fn keeps(id: u64, halvings: u32) -> bool {
    id.trailing_zeros() >= halvings
}

/// About 100 MB.
const MAX_USES: usize = 1_000_000;
