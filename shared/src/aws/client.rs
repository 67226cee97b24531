//! What the SDK clients of all sinks have in common.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

use crate::retry::RetryPolicy;

/// The SDK's own retrying is off: two layers of it multiply, and only ours knows the deadline.
pub(crate) fn no_retries() -> RetryConfig {
    RetryConfig::disabled()
}

/// Our loop drops an attempt that takes longer than the policy allows; the connection is given up no later.
pub(crate) fn timeouts(retry: &RetryPolicy) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT.min(retry.attempt_timeout)).build()
}

/// Within a Region a connection takes milliseconds; after a second a new attempt, to another address, is the better bet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
