//! How deliveries are tried again.

use std::time::Duration;

use crate::retry::RetryPolicy;

/// The defaults for retrying deliveries: those of [`RetryPolicy`], but with [`DEFAULT_ATTEMPT_TIMEOUT`] for one attempt.
#[must_use]
pub fn delivery_retry_policy() -> RetryPolicy {
    RetryPolicy { attempt_timeout: DEFAULT_ATTEMPT_TIMEOUT, ..RetryPolicy::default() }
}

/// The default of the most time that one attempt of a delivery may take: a full request has 4 MiB, not the few bytes of a KMS call.
pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
