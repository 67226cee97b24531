//! A sink written as a closure: one record at a time.

use std::future::Future;

use super::RecordSink;
use crate::delivery::{Delivery, DeliveryError};
use crate::records::OpenedRecord;
use crate::retry::Deadline;

/// What becomes of one record, as a sink of your own says.
///
/// The reasons go to the log, and that of [`Never`](Self::Never) to the quarantine too: at most 300 bytes of them are kept. They must
/// not quote the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has arrived.
    Delivered,
    /// It cannot be taken now: it is the checkpoint, and comes again with everything after it.
    NotNow(String),
    /// It can never be taken: it goes to quarantine, still encrypted, and the shard moves on.
    Never(String),
}

/// A sink that calls `take` for one record after the other, in shard order, until one is not taken or the time is up.
///
/// The record is handed over as a copy: the ciphertext is shared, the plaintext copied. A sink that takes many records at once, or must
/// not copy, implements [`RecordSink`] itself.
///
/// ```
/// use warmkeys::records::OpenedRecord;
/// use warmkeys::sinks::{Fate, each};
///
/// let sink = each(|record: OpenedRecord| async move {
///     match record.plaintext.len() {
///         0 => Fate::Never("it is empty".to_owned()),
///         _ => Fate::Delivered,
///     }
/// });
/// # let _ = sink;
/// ```
#[must_use]
pub fn each<F, T>(take: F) -> Each<F>
where
    F: Fn(OpenedRecord) -> T + Send + Sync,
    T: Future<Output = Fate> + Send,
{
    Each { take }
}

/// The sink that [`each`] makes of a closure.
#[derive(Clone, Copy)]
pub struct Each<F> {
    take: F,
}

impl<F> std::fmt::Debug for Each<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Each")
    }
}

impl<F, T> RecordSink for Each<F>
where
    F: Fn(OpenedRecord) -> T + Send + Sync,
    T: Future<Output = Fate> + Send,
{
    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        one_after_the_other(records, deadline, |record| (self.take)(record.clone())).await
    }
}

/// Has `take` take `records` one by one. A record that is still being taken at `deadline` counts as not delivered.
pub(super) async fn one_after_the_other<'a, T: Future<Output = Fate>>(
    records: &'a [OpenedRecord],
    deadline: Deadline,
    take: impl Fn(&'a OpenedRecord) -> T,
) -> Delivery {
    for (index, record) in records.iter().enumerate() {
        let failure = match tokio::time::timeout_at(deadline.instant(), take(record)).await {
            Ok(Fate::Delivered) => continue,
            Ok(Fate::NotNow(reason)) => DeliveryError::not_now(&reason),
            Ok(Fate::Never(reason)) => DeliveryError::never(&reason),
            Err(_elapsed) => DeliveryError::DeadlinePassed,
        };
        return Delivery::stopped_at(index, failure);
    }
    Delivery::complete(records.len())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::delivery::testing::{opened, within};

    /// Delivers the plaintexts `1`, `2` … to a closure that answers `fate` to `2`.
    async fn deliver(fate: Option<Fate>) -> (Vec<String>, Delivery) {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&taken);
        let sink = each(move |record| {
            let (seen, fate) = (Arc::clone(&seen), fate.clone());
            async move {
                let text = String::from_utf8(record.plaintext).unwrap();
                if text != "2" {
                    seen.lock().unwrap().push(text);
                    return Fate::Delivered;
                }
                match fate {
                    Some(fate) => fate,
                    None => std::future::pending().await,
                }
            }
        });
        let records = ["1", "2", "3"].map(|number| opened(number, "key", number.as_bytes()));
        let delivery = sink.deliver(&records, within(5)).await;
        let taken = taken.lock().unwrap().clone();
        (taken, delivery)
    }

    #[tokio::test(start_paused = true)]
    async fn records_are_taken_in_order_until_one_is_not() {
        let (taken, delivery) = deliver(Some(Fate::Delivered)).await;
        assert_eq!((taken.len(), delivery.delivered, delivery.failure.is_none()), (2, 3, true));

        let (taken, delivery) = deliver(Some(Fate::NotNow("the table is locked".into()))).await;
        assert_eq!((taken, delivery.delivered), (vec!["1".to_owned()], 1));
        assert!(matches!(delivery.failure, Some(DeliveryError::NotNow { reason }) if reason == "the table is locked"));

        let (taken, delivery) = deliver(Some(Fate::Never("x".repeat(1_000)))).await;
        assert_eq!((taken, delivery.delivered), (vec!["1".to_owned()], 1));
        assert!(matches!(delivery.failure, Some(DeliveryError::Never { reason }) if reason.len() <= 300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_is_not_taken_in_time_is_the_checkpoint() {
        let (taken, delivery) = deliver(None).await;
        assert_eq!((taken, delivery.delivered), (vec!["1".to_owned()], 1));
        assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    }
}
