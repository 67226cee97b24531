//! Delivery to services that take one entry per request.

use futures_util::{StreamExt as _, stream};

use super::{
    Delivery, GroupOrder, RequestConcurrency, RequestEntry, RequestLimits, RequestPlan, SendRequest,
    deliver_in_requests,
};
use crate::clock::Clock;
use crate::retry::{Deadline, RetryPolicy};

/// Delivers `entries`, each in a request of its own, and tells how long a prefix has arrived.
///
/// Up to `concurrency` requests are under way at any time: a window over the entries, which moves on as soon as the first one in
/// it has arrived. An entry is made when the window reaches it, so that no more than a window of them is in memory. Each is tried
/// on its own, as [`deliver_in_requests`] does. The first one that cannot be delivered ends the delivery, at the latest at
/// `deadline`; of those after it, only what the window held may have arrived.
pub(crate) async fn deliver_one_by_one<E: RequestEntry + Send, S: SendRequest<E>>(
    sender: &S,
    entries: impl Iterator<Item = E> + Send,
    concurrency: RequestConcurrency,
    retry: &RetryPolicy,
    deadline: Deadline,
    clock: &dyn Clock,
) -> Delivery {
    let mut deliveries = stream::iter(entries)
        .map(|entry| async move {
            deliver_in_requests(sender, std::slice::from_ref(&entry), &ONE_ENTRY, retry, deadline, clock).await
        })
        .buffered(concurrency.get());
    let mut delivered = 0;
    while let Some(Delivery { failure, .. }) = deliveries.next().await {
        if let Some(failure) = failure {
            return Delivery::stopped_at(delivered, failure);
        }
        delivered += 1;
    }
    Delivery::complete(delivered)
}

/// One request of one entry, whatever its size: the service's limit is far above that of an event.
const ONE_ENTRY: RequestPlan = RequestPlan {
    limits: RequestLimits { entries: 1, bytes: usize::MAX, entry_bytes: usize::MAX },
    order: GroupOrder::OneUnderWay,
    concurrency: RequestConcurrency::SEQUENTIAL,
};

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::clock::SystemClock;
    use crate::delivery::DeliveryError;
    use crate::delivery::testing::{quick_retries, within};
    #[cfg(feature = "s3")]
    use crate::s3::S3Settings;

    struct Entry(usize);

    impl RequestEntry for Entry {
        fn len(&self) -> usize {
            1
        }
    }

    /// Takes an entry in 30 ms, as S3 does.
    #[derive(Default)]
    struct Service {
        arrived: Mutex<Vec<usize>>,
        refused: Option<usize>,
        /// Takes a second at its first attempt, and is lost.
        slow: Option<usize>,
        attempts_at_slow: AtomicUsize,
    }

    impl SendRequest<Entry> for Service {
        async fn send(&self, entries: &[&Entry]) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
            let [Entry(id)] = entries else { panic!("{} entries", entries.len()) };
            if self.slow == Some(*id) && self.attempts_at_slow.fetch_add(1, Ordering::Relaxed) == 0 {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
            if self.refused == Some(*id) {
                return Err(DeliveryError::Refused(std::sync::Arc::new(std::fmt::Error)));
            }
            self.arrived.lock().unwrap().push(*id);
            Ok(vec![Ok(())])
        }
    }

    async fn deliver(service: &Service, count: usize, window: usize, seconds: u64) -> Delivery {
        let concurrency = RequestConcurrency::new(window).unwrap();
        deliver_one_by_one(service, (0..count).map(Entry), concurrency, &quick_retries(), within(seconds), &SystemClock)
            .await
    }

    /// 1 MiB of an aggregate holds some 15,000 user records of 64 bytes, which come through together or not at all.
    #[cfg(feature = "s3")]
    #[tokio::test(start_paused = true)]
    async fn the_largest_aggregate_goes_to_s3_within_half_of_an_invocation_of_60_seconds() {
        let service = Service::default();
        let started = SystemClock.now().monotonic;
        let delivery = deliver(&service, 15_000, S3Settings::DEFAULT_CONCURRENCY.get(), 30).await;
        assert_eq!((delivery.delivered, delivery.failure.is_none()), (15_000, true));
        assert!(SystemClock.now().monotonic - started < Duration::from_secs(15), "half of that again is in hand");
    }

    #[tokio::test(start_paused = true)]
    async fn an_entry_that_is_tried_again_holds_back_only_what_the_window_does_not_hold() {
        let service = Service { slow: Some(0), ..Service::default() };
        let delivery = deliver(&service, 10, 4, 60).await;
        assert_eq!((delivery.delivered, delivery.failure.is_none()), (10, true));
        assert_eq!(service.arrived.lock().unwrap()[..4], [1, 2, 3, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_beyond_the_window_is_made_or_sent_after_an_entry_that_is_refused() {
        let service = Service { refused: Some(5), ..Service::default() };
        let made = AtomicUsize::new(0);
        let entries = (0..100).map(|id| {
            made.fetch_add(1, Ordering::Relaxed);
            Entry(id)
        });
        let window = RequestConcurrency::new(4).unwrap();
        let delivery = deliver_one_by_one(&service, entries, window, &quick_retries(), within(60), &SystemClock).await;
        assert_eq!(delivery.delivered, 5);
        assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
        assert!(made.into_inner() <= 5 + 4, "the window's");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_arrived_by_the_deadline_is_told() {
        let service = Service::default();
        let delivery = deliver(&service, 1_000, 10, 1).await;
        assert_eq!(delivery.delivered, 330, "10 every 30 ms");
        assert!(matches!(delivery.failure, Some(DeliveryError::DeadlinePassed)));
    }
}
