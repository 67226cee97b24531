//! How the clients of all services are made: in this one way.
//!
//! Their requests are sent as `send().boxed()`. The SDK's futures are a hundred types deep. Unboxed, with ours around them, they take the
//! compiler to its limit (`recursion_limit`) wherever a function is composed, in the crates of others too.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::Connections;
use crate::clock::SystemClock;

/// The configuration of a client of the crate `$sdk`, from the shared one: a macro, because each SDK crate has a builder type of its own.
#[allow(unused_macros, reason = "a build without any service has no client")]
macro_rules! client_config {
    ($sdk:ident, $shared:expr, $timeouts:expr) => {{
        let shared: &aws_config::SdkConfig = $shared;
        $sdk::config::Builder::from(shared)
            .retry_config(crate::aws::no_retries())
            .timeout_config($timeouts)
            .http_client(crate::aws::http_client(shared))
            .interceptor(crate::aws::TraceHeader)
    }};
}
#[allow(unused_imports, reason = "a build without any service has no client")]
pub(crate) use client_config;

/// The SDK's own retrying is off: two layers of it multiply, and only ours knows the deadline.
pub(crate) fn no_retries() -> RetryConfig {
    RetryConfig::disabled()
}

/// The time-outs of a client whose attempts may take as long as `attempt`.
///
/// The SDK's own end an attempt a little before our loop would drop it: only then is it known, and told, whether the connection or
/// the answer was waited for.
pub(crate) fn timeouts(attempt: Duration) -> TimeoutConfig {
    let inside = within(attempt);
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(inside))
        .read_timeout(inside)
        .operation_attempt_timeout(inside)
        .build()
}

/// A little less than `attempt`.
pub(crate) fn within(attempt: Duration) -> Duration {
    attempt.saturating_sub(attempt / 20)
}

/// The HTTP client that is configured, or else one whose connections are given up when they fail.
pub(crate) fn http_client(shared: &SdkConfig) -> SharedHttpClient {
    shared.http_client().unwrap_or_else(|| SharedHttpClient::new(Connections::new(Arc::new(SystemClock))))
}

/// Within a Region a connection takes milliseconds; after a second a new attempt, to another address, is the better bet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
