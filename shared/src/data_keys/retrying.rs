//! The one retry loop, around a single KMS call.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    CiphertextRequest, DataKeyError, DecryptCiphertext, DecryptedCiphertext, EncryptPlaintext, EncryptedPlaintext,
    GenerateUnderKey, GeneratedDataKey, GeneratorRequest, PlaintextRequest,
};
use crate::clock::Clock;
use crate::failure::{FailureClass, RequestError};
use crate::retry::{Attempts, ConcurrencyLimit, Deadline, RetryPolicy};

/// Tries again what failed for a reason that passes, within the deadline and a concurrency limit.
///
/// Only one layer may do so: layers of retrying multiply. The SDK's own is switched off where its client is made.
#[derive(Debug)]
pub struct Retrying<D> {
    inner: D,
    policy: RetryPolicy,
    limit: ConcurrencyLimit,
    clock: Arc<dyn Clock>,
    counters: Counters,
}

impl<D> Retrying<D> {
    /// Tries `inner` again as `policy` says, with at most as many calls under way as `limit` allows.
    #[must_use]
    pub fn new(inner: D, policy: RetryPolicy, limit: ConcurrencyLimit, clock: Arc<dyn Clock>) -> Self {
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

/// What a retry loop has counted since the start. KMS publishes no metric of throttling, so this is the only one there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallStatistics {
    /// Calls made, retries included.
    pub calls: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// Calls that failed for another passing reason, time-outs included.
    pub transient: u64,
    /// The number of calls that may be under way now.
    pub concurrency_limit: usize,
}

impl<D: DecryptCiphertext> DecryptCiphertext for Retrying<D> {
    async fn decrypt_ciphertext(
        &self,
        request: CiphertextRequest<'_>,
        deadline: Deadline,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        self.until_answered(deadline, || self.inner.decrypt_ciphertext(request, deadline)).await
    }
}

impl<D: GenerateUnderKey> GenerateUnderKey for Retrying<D> {
    async fn generate_under_key(
        &self,
        request: GeneratorRequest<'_>,
        deadline: Deadline,
    ) -> Result<GeneratedDataKey, DataKeyError> {
        self.until_answered(deadline, || self.inner.generate_under_key(request, deadline)).await
    }
}

impl<D: EncryptPlaintext> EncryptPlaintext for Retrying<D> {
    async fn encrypt_plaintext(
        &self,
        request: PlaintextRequest<'_>,
        deadline: Deadline,
    ) -> Result<EncryptedPlaintext, DataKeyError> {
        self.until_answered(deadline, || self.inner.encrypt_plaintext(request, deadline)).await
    }
}

impl<D> Retrying<D> {
    /// The failure of the last attempt that had its time is the one reported, so that what is throttled until the deadline is
    /// called throttled; without any such attempt it is [`DataKeyError::DeadlinePassed`].
    async fn until_answered<T, F>(&self, deadline: Deadline, call: impl Fn() -> F) -> Result<T, DataKeyError>
    where
        F: Future<Output = Result<T, DataKeyError>>,
    {
        let mut attempts = Attempts::new(&self.policy, deadline, &*self.clock);
        let mut failure = DataKeyError::DeadlinePassed;
        loop {
            failure = match self.attempt(&mut attempts, deadline, &call).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(DataKeyError::DeadlinePassed)) | None => return Err(failure),
                Some(Err(error)) => error,
            };
            if attempts.pause_after(failure.class()).await.is_err() {
                return Err(failure);
            }
        }
    }

    /// One attempt, or `None` if the deadline came before it could begin.
    async fn attempt<T, F>(
        &self,
        attempts: &mut Attempts<'_>,
        deadline: Deadline,
        call: impl Fn() -> F,
    ) -> Option<Result<T, DataKeyError>>
    where
        F: Future<Output = Result<T, DataKeyError>>,
    {
        let permit = self.limit.acquire(deadline).await.ok()?;
        let time_limit = attempts.next_timeout().ok()?;
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let outcome = match tokio::time::timeout(time_limit, call()).await {
            Ok(outcome) => outcome,
            Err(_) if deadline.has_passed(self.clock.now().monotonic) => Err(DataKeyError::DeadlinePassed),
            Err(_) => Err(DataKeyError::attempt_timed_out(time_limit)),
        };
        match outcome.as_ref().err().map(DataKeyError::class) {
            Some(FailureClass::Throttled) => {
                self.counters.throttled.fetch_add(1, Ordering::Relaxed);
                permit.release_throttled();
            }
            Some(FailureClass::Transient) => {
                self.counters.transient.fetch_add(1, Ordering::Relaxed);
                drop(permit); // says nothing of how many requests KMS bears
            }
            Some(FailureClass::Unavailable | FailureClass::Permanent) | None => permit.release_answered(),
        }
        Some(outcome)
    }
}

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    throttled: AtomicU64,
    transient: AtomicU64,
}

#[cfg(test)]
mod tests;
