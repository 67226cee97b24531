//! What goes into which request: pure decisions.

use std::collections::HashMap;

use super::{DeliveryError, RequestConcurrency, RequestEntry};

/// The most that one request takes. All bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLimits {
    /// Entries in one request.
    pub(crate) entries: usize,
    /// Bytes in one request, summed over its entries. At least `entry_bytes`.
    pub(crate) bytes: usize,
    /// Bytes of one entry.
    pub(crate) entry_bytes: usize,
}

impl RequestLimits {
    /// Why an entry of `len` bytes fits into no request at all; `None` if it fits.
    pub(crate) fn refusal(&self, len: usize) -> Option<DeliveryError> {
        let limit = self.entry_bytes.min(self.bytes);
        (len > limit).then_some(DeliveryError::TooLarge { len, limit })
    }
}

/// Where the entries of one group may stand, so that their order is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupOrder {
    /// One entry of a group is under way at a time: none can overtake one that failed.
    OneUnderWay,
    /// Entries of a group may share a request, but never stand in two requests that are under way together.
    OneRequest,
}

/// How entries are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestPlan {
    /// What one request takes.
    pub(crate) limits: RequestLimits,
    /// How order is kept within groups. Entries without a group are free.
    pub(crate) order: GroupOrder,
    /// The most requests under way at once.
    pub(crate) concurrency: RequestConcurrency,
}

impl RequestPlan {
    /// How many places, from the first undelivered entry on, a round looks at: what arrives beyond an entry that fails is within them.
    pub(crate) fn window(&self) -> usize {
        self.limits.entries.saturating_mul(self.concurrency.get())
    }

    /// Packs `candidates` (an index and its entry, in order) into the requests of one round.
    ///
    /// A candidate that would break its group's order, or for which there is no room, is left for a later round. Every candidate
    /// must fit into a request on its own; so a round is empty only if there is no candidate.
    pub(crate) fn pack<'e, E: RequestEntry + 'e>(
        &self,
        candidates: impl Iterator<Item = (usize, &'e E)>,
    ) -> Vec<Vec<usize>> {
        let mut closed: Vec<Vec<usize>> = Vec::new();
        let mut open = OpenRequest::default();
        // The request (by number) that a group stands in; a group with an entry left out may have none after it.
        let mut groups: HashMap<&str, Option<usize>> = HashMap::new();
        for (index, entry) in candidates {
            let in_request = entry.group().and_then(|group| groups.get(group));
            let fits = open.fits(entry.len(), &self.limits);
            let in_order = match in_request {
                None => true,
                Some(request) => self.order == GroupOrder::OneRequest && fits && *request == Some(closed.len()),
            };
            if !in_order {
                if let Some(group) = entry.group() {
                    groups.insert(group, None);
                }
                continue;
            }
            if !fits {
                if closed.len() + 1 == self.concurrency.get() {
                    break;
                }
                closed.push(std::mem::take(&mut open).entries);
            }
            open.push(index, entry.len());
            if let Some(group) = entry.group() {
                groups.insert(group, Some(closed.len()));
            }
        }
        if !open.entries.is_empty() {
            closed.push(open.entries);
        }
        closed
    }
}

/// A request that entries are still put into.
#[derive(Default)]
struct OpenRequest {
    entries: Vec<usize>,
    bytes: usize,
}

impl OpenRequest {
    fn fits(&self, len: usize, limits: &RequestLimits) -> bool {
        self.entries.is_empty()
            || (self.entries.len() < limits.entries && self.bytes.saturating_add(len) <= limits.bytes)
    }

    fn push(&mut self, index: usize, len: usize) {
        self.entries.push(index);
        self.bytes = self.bytes.saturating_add(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Entry(usize, Option<&'static str>);

    impl RequestEntry for Entry {
        fn len(&self) -> usize {
            self.0
        }

        fn group(&self) -> Option<&str> {
            self.1
        }
    }

    fn pack(entries: &[Entry], order: GroupOrder, concurrency: usize) -> Vec<Vec<usize>> {
        let limits = RequestLimits { entries: 3, bytes: 10, entry_bytes: 8 };
        let concurrency = RequestConcurrency::new(concurrency).unwrap();
        RequestPlan { limits, order, concurrency }.pack(entries.iter().enumerate())
    }

    fn grouped(groups: &[&'static str]) -> Vec<Entry> {
        groups.iter().map(|group| Entry(1, Some(group))).collect()
    }

    #[test]
    fn a_request_is_full_by_count_or_by_bytes() {
        let sizes = |sizes: &[usize]| sizes.iter().map(|&len| Entry(len, None)).collect::<Vec<_>>();
        assert_eq!(pack(&sizes(&[1, 1, 1]), GroupOrder::OneUnderWay, 4), [vec![0, 1, 2]]);
        assert_eq!(pack(&sizes(&[1, 1, 1, 1]), GroupOrder::OneUnderWay, 4), [vec![0, 1, 2], vec![3]]);
        assert_eq!(pack(&sizes(&[5, 4]), GroupOrder::OneUnderWay, 4), [[0, 1]]);
        assert_eq!(pack(&sizes(&[5, 5]), GroupOrder::OneUnderWay, 4), [[0, 1]]);
        assert_eq!(pack(&sizes(&[5, 6]), GroupOrder::OneUnderWay, 4), [[0], [1]]);
    }

    #[test]
    fn a_round_has_at_most_as_many_requests_as_may_be_under_way() {
        let entries: Vec<_> = (0..10).map(|_| Entry(1, None)).collect();
        assert_eq!(pack(&entries, GroupOrder::OneUnderWay, 2), [[0, 1, 2], [3, 4, 5]]);
    }

    #[test]
    fn under_one_under_way_a_group_has_one_entry_in_a_round() {
        let entries = grouped(&["a", "a", "b", "a", "c", "b", "d"]);
        assert_eq!(pack(&entries, GroupOrder::OneUnderWay, 4), [vec![0, 2, 4], vec![6]]);
    }

    #[test]
    fn under_one_request_a_group_stays_in_its_request() {
        let entries = grouped(&["a", "a", "b", "b", "c", "a", "c"]);
        assert_eq!(pack(&entries, GroupOrder::OneRequest, 4), [vec![0, 1, 2], vec![4, 6]]);
    }

    #[test]
    fn an_entry_left_out_is_not_overtaken_by_a_smaller_one_of_its_group() {
        let entries = [Entry(5, Some("a")), Entry(8, Some("a")), Entry(1, Some("a")), Entry(1, Some("b"))];
        assert_eq!(pack(&entries, GroupOrder::OneRequest, 4), [[0, 3]]);
    }

    #[test]
    fn an_entry_is_refused_from_one_byte_above_the_limit() {
        let limits = RequestLimits { entries: 3, bytes: 10, entry_bytes: 8 };
        assert!(limits.refusal(7).is_none());
        assert!(limits.refusal(8).is_none());
        assert!(matches!(limits.refusal(9), Some(DeliveryError::TooLarge { len: 9, limit: 8 })));
    }
}
