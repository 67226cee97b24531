//! The connections of one client, and when none of them is trusted any more.
//!
//! A thawed sandbox holds connections that are dead: reset at the next write, or silent for good. The SDK's own pool gives up one
//! connection for each attempt that failed on it, so that sixteen dead ones cost sixteen attempts; and an attempt that is
//! dropped from outside gives up none, so that a silent HTTP/2 connection, which all requests share, is used for ever. Here a single
//! failure, or an attempt that was dropped, gives up the whole pool: the next attempt opens a new connection. So does a
//! longer time without use, for which a freeze is the likely reason.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

use super::watched_body::watched;
use crate::clock::{Clock, Now};

/// Without use for longer than that, connections are not used again. The services keep idle ones for about a minute; a sandbox is
/// frozen whenever it has no invocation. A TLS handshake of some 10 ms, twice a minute at the most, against an attempt's whole time.
pub(crate) const MAX_IDLE: Duration = Duration::from_secs(30);

/// An HTTP client whose connections are given up together.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    make_pool: Box<dyn Fn() -> SharedHttpClient + Send + Sync>,
    clock: Arc<dyn Clock>,
    /// Guards which pool is trusted. Never held across an await.
    current: Mutex<Pool>,
}

struct Pool {
    client: SharedHttpClient,
    generation: u64,
    last_used: Now,
}

impl Connections {
    /// Connections as the SDK would make them by default: HTTP/1 or HTTP/2, as the server likes.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_pool(default_pool, clock)
    }

    /// Connections of clients that `make_pool` makes, each with a pool of its own.
    pub(crate) fn with_pool(
        make_pool: impl Fn() -> SharedHttpClient + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let current = Mutex::new(Pool { client: make_pool(), generation: 0, last_used: clock.now() });
        Self { shared: Arc::new(Shared { make_pool: Box::new(make_pool), clock, current }) }
    }

    /// A pool to send a request with: the current one, unless it was idle for too long.
    fn trusted(&self) -> (SharedHttpClient, PoolInUse) {
        let now = self.shared.clock.now();
        let mut current = self.shared.lock();
        if current.was_idle_too_long(now) {
            self.shared.replace(&mut current);
        }
        current.last_used = now;
        let generation = current.generation;
        (current.client.clone(), PoolInUse { shared: Arc::clone(&self.shared), generation, answered: false })
    }
}

impl Shared {
    /// Gives up the pool of `generation`, unless that has happened.
    fn give_up(&self, generation: u64) {
        let mut current = self.lock();
        if current.generation == generation {
            tracing::debug!(generation, "a request got no answer; the connections to the service are not used again");
            self.replace(&mut current);
        }
    }

    fn replace(&self, current: &mut Pool) {
        // Requests that are under way on the old one keep its connections until they end.
        current.client = (self.make_pool)();
        current.generation += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        // Each critical section leaves the pool whole.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// By either clock: the monotonic one may have stood still in a freeze, the wall clock may be behind after it.
    fn was_idle_too_long(&self, now: Now) -> bool {
        let by_wall = now.wall.duration_since(self.last_used.wall);
        now.monotonic.saturating_duration_since(self.last_used.monotonic) > MAX_IDLE
            || by_wall.is_ok_and(|idle| idle > MAX_IDLE)
    }
}

/// A pool that a request is under way on. Dropped before the answer has come whole, the pool is given up.
struct PoolInUse {
    shared: Arc<Shared>,
    generation: u64,
    answered: bool,
}

impl PoolInUse {
    /// The answer has come whole.
    fn answered(mut self) {
        self.answered = true;
        let now = self.shared.clock.now();
        let mut current = self.shared.lock();
        if current.generation == self.generation {
            current.last_used = now;
        }
    }
}

impl Drop for PoolInUse {
    fn drop(&mut self) {
        if !self.answered {
            self.shared.give_up(self.generation);
        }
    }
}

impl HttpClient for Connections {
    /// Asked for once an attempt.
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(WatchedConnector {
            connections: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let client = self.shared.lock().client.clone();
        client.validate_base_client_config(components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        let client = self.shared.lock().client.clone();
        client.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.shared.lock().client.connector_metadata()
    }
}

#[derive(Debug)]
struct WatchedConnector {
    connections: Connections,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for WatchedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, pool) = self.connections.trusted();
        let answer = client.http_connector(&self.settings, &self.components).call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
            *answer.body_mut() = watched(body, move || pool.answered());
            Ok(answer)
        })
    }
}

/// What the SDK makes by default, of which it offers no second one.
fn default_pool() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.set_pool_idle_timeout(Some(Some(MAX_IDLE)));
        connector.build()
    })
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("generation", &self.lock().generation).finish_non_exhaustive()
    }
}
