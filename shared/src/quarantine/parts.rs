//! Quarantine a part at a time, so that few envelopes are in memory at once.

use std::future::Future;

use crate::delivery::Delivery;
use crate::records::{RejectedRecord, ShardOrigin};
use crate::retry::Deadline;

/// How many records are made ready at a time: several rounds of requests to any destination, so that parts cost no time,
/// and, with keys and reasons of full length, some 3 MB of envelopes besides the data.
const RECORDS_AT_A_TIME: usize = 1_000;

/// Quarantines as many records as may be in memory both as they came and as envelopes.
pub(super) trait QuarantinePart: Sync {
    /// Stores `records` before `deadline`, and tells how long a prefix is stored for good.
    fn quarantine_part(
        &self,
        origin: &ShardOrigin,
        records: &[RejectedRecord],
        deadline: Deadline,
    ) -> impl Future<Output = Delivery> + Send;
}

/// Quarantines `records` part by part, up to the first that cannot be stored.
pub(super) async fn in_parts<Q: QuarantinePart>(
    quarantine: &Q,
    origin: &ShardOrigin,
    records: &[RejectedRecord],
    deadline: Deadline,
) -> Delivery {
    let mut stored = 0;
    for part in records.chunks(RECORDS_AT_A_TIME) {
        let Delivery { delivered, failure } = quarantine.quarantine_part(origin, part, deadline).await;
        stored += delivered;
        if failure.is_some() || delivered < part.len() {
            return Delivery { delivered: stored, failure };
        }
    }
    Delivery::complete(stored)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::delivery::DeliveryError;
    use crate::delivery::testing::within;
    use crate::quarantine::testing::{origin, rejected};

    /// Stores so many records, and tells how many it was given at a time.
    struct Room {
        left: Mutex<usize>,
        given: Mutex<Vec<usize>>,
    }

    impl QuarantinePart for Room {
        async fn quarantine_part(&self, _: &ShardOrigin, records: &[RejectedRecord], _: Deadline) -> Delivery {
            self.given.lock().unwrap().push(records.len());
            let mut left = self.left.lock().unwrap();
            let stored = records.len().min(*left);
            *left -= stored;
            if stored == records.len() {
                Delivery::complete(stored)
            } else {
                Delivery::stopped_at(stored, DeliveryError::DeadlinePassed)
            }
        }
    }

    #[tokio::test]
    async fn no_more_records_are_made_ready_than_a_part_has_and_none_beyond_a_failure() {
        let records = vec![rejected("1", b"x"); 2_500];
        for (room, stored, given) in
            [(2_500, 2_500, vec![1_000, 1_000, 500]), (1_999, 1_999, vec![1_000, 1_000]), (0, 0, vec![1_000])]
        {
            let quarantine = Room { left: Mutex::new(room), given: Mutex::default() };
            let delivery = in_parts(&quarantine, &origin(), &records, within(60)).await;
            assert_eq!((delivery.delivered, delivery.failure.is_none()), (stored, room == records.len()));
            assert_eq!(*quarantine.given.lock().unwrap(), given);
        }
    }
}
