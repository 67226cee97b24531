//! The one retry loop, around a single request.

use std::sync::Arc;

use super::asked::Sending;
use super::statistics::Counters;
use super::{Attempts, Call, CallStatistics, ConcurrencyLimit, Deadline, Place, Request, RetryPolicy};
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
        self.counters.statistics(self.limit.current())
    }
}

impl<R: Request, C: Call<R>> Call<R> for Retrying<C> {
    /// The failure of the last attempt that had its time is the one reported, so that what is throttled until the deadline is
    /// called throttled; without any such attempt it is [`RequestError::deadline_passed`].
    async fn call(&self, request: &R, deadline: Deadline) -> Result<R::Answer, R::Error> {
        self.counters.call();
        let mut place = self.limit.take_place();
        let mut attempts = Attempts::new(&self.policy, deadline, &*self.clock);
        let mut failure = R::Error::deadline_passed();
        loop {
            failure = match self.attempt(&mut place, &mut attempts, request, deadline).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => error,
                None => return Err(failure),
            };
            let _waiting = self.counters.waiting(&*self.clock);
            if attempts.pause_after(failure.class()).await.is_err() {
                return Err(failure);
            }
        }
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        Some(self.statistics())
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
            false => {
                let _waiting = self.counters.waiting(&*self.clock);
                place.acquire(deadline, &self.policy, &*self.clock).await.ok()?
            }
        };
        let time_limit = attempts.next_timeout().ok()?;
        self.counters.attempt();
        let (sending, began) = (Sending::begin(), self.clock.now().monotonic);
        let outcome = match tokio::time::timeout(time_limit, self.inner.call(request, deadline)).await {
            Ok(outcome) => Some(outcome),
            Err(_) if deadline.has_passed(self.clock.now().monotonic) => None,
            Err(_) => Some(Err(R::Error::attempt_timed_out(time_limit))),
        };
        sending.end(matches!(outcome, Some(Ok(_))));
        let failure = match &outcome {
            Some(outcome) => outcome.as_ref().err().map(RequestError::class),
            None => Some(FailureClass::Transient),
        };
        self.counters.ended(self.clock.now().monotonic.saturating_duration_since(began), failure);
        match failure {
            Some(FailureClass::Throttled) => {
                permit.release_throttled(&self.policy, &*self.clock);
            }
            // The service has not looked at a request whose caller it does not accept.
            Some(FailureClass::Transient | FailureClass::Caller) => {
                drop(permit); // says nothing of how many requests the service bears
            }
            Some(FailureClass::Unavailable | FailureClass::Permanent) | None => {
                permit.release_answered(&*self.clock);
            }
        }
        outcome
    }
}

#[cfg(test)]
mod shared_quota;
#[cfg(test)]
mod tests;
