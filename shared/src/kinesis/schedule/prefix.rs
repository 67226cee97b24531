//! How far beyond the first unwritten record records may be sent.

use std::collections::BTreeSet;

use super::Schedule;
use crate::kinesis::error::WriteError;

/// The records written from the first one on, and what is held back so that few are written beyond them.
pub(super) struct Prefix {
    /// How many records, from the first unwritten one on, may be sent; `None` for all of them.
    reach: Option<usize>,
    /// All records before this one are acknowledged.
    written: usize,
    /// The first record that has failed for good: nothing behind it is sent.
    end: usize,
    /// Lane heads beyond the limit.
    withheld: BTreeSet<usize>,
}

impl Prefix {
    pub(super) fn new(reach: Option<usize>) -> Self {
        Self { reach, written: 0, end: usize::MAX, withheld: BTreeSet::new() }
    }

    /// Records from this one on are not sent now.
    pub(super) fn limit(&self) -> usize {
        self.reach.map_or(usize::MAX, |reach| self.written.saturating_add(reach).min(self.end))
    }

    pub(super) fn withhold(&mut self, head: usize) {
        self.withheld.insert(head);
    }

    pub(super) fn withhold_nothing(&mut self) {
        self.withheld.clear();
    }

    /// The record at `index` has failed for good.
    pub(super) fn ends_at(&mut self, index: usize) {
        if self.reach.is_some() {
            self.end = self.end.min(index);
        }
    }
}

impl Schedule<'_> {
    /// Moves the limit on, and with it the records that it held back. Behind a record that has failed, none is sent any more.
    pub(super) fn advance(&mut self) {
        if self.prefix.reach.is_none() {
            return;
        }
        while self.slots.get(self.prefix.written).is_some_and(|slot| slot.is_acknowledged()) {
            self.prefix.written += 1;
        }
        self.drop_behind_the_end();
        let behind = self.prefix.withheld.split_off(&self.prefix.limit());
        for head in std::mem::replace(&mut self.prefix.withheld, behind) {
            self.enqueue(head);
        }
    }

    fn drop_behind_the_end(&mut self) {
        let end = self.prefix.end;
        if end >= self.slots.len() {
            return;
        }
        for queue in &mut self.queues {
            queue.ready.retain(|head| *head < end);
            queue.ready_bytes = queue.ready.iter().map(|head| self.slots[*head].size()).sum();
        }
        self.delayed.retain(|delayed| delayed.0.1 < end);
        self.prefix.withheld.retain(|head| *head < end);
        for behind in end + 1..self.slots.len() {
            if self.slots[behind].is_waiting() {
                self.finish(behind, Err(WriteError::EarlierRecordFailed { index: end }));
            }
        }
    }
}
