//! The one retry loop, around a single request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Attempts, Call, ConcurrencyLimit, Deadline, Place, Request, RetryPolicy};
use crate::clock::Clock;
use crate::failure::{FailureClass, RequestError};

/// Tries again what failed for a reason that passes, within the deadline and a concurrency limit, which also sets the pace.
///
/// Only one layer may do so: layers of retrying multiply. The SDK's own is switched off where its client is made.
#[derive(Debug)]
pub struct Retrying<C> {
    inner: C,
    policy: RetryPolicy,
    limit: ConcurrencyLimit,
    clock: Arc<dyn Clock>,
    counters: Counters,
}

impl<C> Retrying<C> {
    /// Tries `inner` again as `policy` says, with at most as many calls under way as `limit` allows.
    #[must_use]
    pub fn new(inner: C, policy: RetryPolicy, limit: ConcurrencyLimit, clock: Arc<dyn Clock>) -> Self {
        Self { inner, policy, limit, clock, counters: Counters::default() }
    }

    /// What has happened since the start.
    #[must_use]
    pub fn statistics(&self) -> CallStatistics {
        CallStatistics {
            calls: self.counters.calls.load(Ordering::Relaxed),
            throttled: self.counters.throttled.load(Ordering::Relaxed),
            transient: self.counters.transient.load(Ordering::Relaxed),
            concurrency_limit: self.limit.current(),
        }
    }
}

/// What a retry loop has counted since the start. KMS, for one, publishes no metric of throttling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallStatistics {
    /// Calls made, retries included.
    pub calls: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// Calls that failed for another passing reason: time-outs, and what is wrong with the caller itself, included.
    pub transient: u64,
    /// The number of calls that may be under way now.
    pub concurrency_limit: usize,
}

impl<R: Request, C: Call<R>> Call<R> for Retrying<C> {
    /// The failure of the last attempt that had its time is the one reported, so that what is throttled until the deadline is
    /// called throttled; without any such attempt it is [`RequestError::deadline_passed`].
    async fn call(&self, request: &R, deadline: Deadline) -> Result<R::Answer, R::Error> {
        let mut place = self.limit.take_place();
        let mut attempts = Attempts::new(&self.policy, deadline, &*self.clock);
        let mut failure = R::Error::deadline_passed();
        loop {
            failure = match self.attempt(&mut place, &mut attempts, request, deadline).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => error,
                None => return Err(failure),
            };
            if attempts.pause_after(failure.class()).await.is_err() {
                return Err(failure);
            }
        }
    }
}

impl<C> Retrying<C> {
    /// One attempt, or `None` if the deadline came before it could begin, or before it was answered.
    async fn attempt<R: Request>(
        &self,
        place: &mut Place<'_>,
        attempts: &mut Attempts<'_>,
        request: &R,
        deadline: Deadline,
    ) -> Option<Result<R::Answer, R::Error>>
    where
        C: Call<R>,
    {
        let permit = match deadline.is_impatient() {
            true => self.limit.try_spare(self.clock.now().monotonic)?,
            false => place.acquire(deadline, &self.policy, &*self.clock).await.ok()?,
        };
        let time_limit = attempts.next_timeout().ok()?;
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let outcome = match tokio::time::timeout(time_limit, self.inner.call(request, deadline)).await {
            Ok(outcome) => Some(outcome),
            Err(_) if deadline.has_passed(self.clock.now().monotonic) => None,
            Err(_) => Some(Err(R::Error::attempt_timed_out(time_limit))),
        };
        match outcome.as_ref().map(|outcome| outcome.as_ref().err().map(RequestError::class)) {
            Some(Some(FailureClass::Throttled)) => {
                self.counters.throttled.fetch_add(1, Ordering::Relaxed);
                permit.release_throttled(&self.policy, &*self.clock);
            }
            // The service has not looked at a request whose caller it does not accept.
            Some(Some(FailureClass::Transient | FailureClass::Caller)) | None => {
                self.counters.transient.fetch_add(1, Ordering::Relaxed);
                drop(permit); // says nothing of how many requests the service bears
            }
            Some(Some(FailureClass::Unavailable | FailureClass::Permanent) | None) => {
                permit.release_answered(&*self.clock);
            }
        }
        outcome
    }
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    throttled: AtomicU64,
    transient: AtomicU64,
}

#[cfg(test)]
mod shared_quota;
#[cfg(test)]
mod tests;
