//! The connections of a client over a network that a test makes up.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::Connections;
use crate::clock::Clock;

/// The HTTP client that every client of a service has by default, but over pools of connections that `make_pool` makes: which pool is
/// trusted, and when it is given up, is decided as in production.
pub fn connections_over(
    make_pool: impl Fn() -> SharedHttpClient + Send + Sync + 'static,
    clock: Arc<dyn Clock>,
) -> SharedHttpClient {
    SharedHttpClient::new(Connections::with_pool(make_pool, clock))
}
