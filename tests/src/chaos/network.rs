//! What stands where the SDK's connections would be.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Request, Response};
use tokio::time::Instant;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::testing::{ManualClock, connections_over};

use super::model::Model;
use super::services::{Answer, Services, error};
use super::weather::{Fault, Service, Weather};
use crate::unpoisoned::lock;

/// The network between the sandboxes and the services.
#[derive(Debug)]
pub(super) struct Network {
    services: Services,
    state: Mutex<State>,
    pools: AtomicU64,
}

/// Everything that a request reads or changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) model: Model,
    pub(super) weather: Weather,
    /// Sandboxes that are no more: nothing that they had under way goes on.
    killed: Vec<usize>,
    /// The pools up to this one are dead, in this way.
    dead: (u64, Death),
    deduplication: HashMap<(String, String), Instant>,
}

/// How connections die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// Each is reset at the next write.
    Reset,
    /// Nothing comes back.
    Silent,
}

impl State {
    /// Whether a queue has seen this deduplication id within five minutes; it has now.
    pub(super) fn is_duplicate(&mut self, queue_url: &str, id: String) -> bool {
        let now = SystemClock.now().monotonic;
        let key = (queue_url.to_owned(), id);
        let is_recent = |seen: &Instant| now.saturating_duration_since(*seen) < Duration::from_secs(300);
        if self.deduplication.get(&key).is_some_and(is_recent) {
            return true;
        }
        self.deduplication.insert(key, now);
        false
    }
}

impl Network {
    pub(super) fn new(services: Services, model: Model, weather: Weather) -> Arc<Self> {
        let state =
            State { model, weather, killed: Vec::new(), dead: (0, Death::Reset), deduplication: HashMap::new() };
        Arc::new(Self { services, state: Mutex::new(state), pools: AtomicU64::new(1) })
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Nothing that the sandbox has under way goes on.
    pub(super) fn kill(&self, sandbox: usize) {
        self.state().killed.push(sandbox);
    }

    /// All connections die that there are.
    pub(super) fn connections_die(&self, death: Death) {
        self.state().dead = (self.pools.load(Ordering::Relaxed) - 1, death);
    }

    /// The HTTP client of one sandbox: for each service as the function makes it, over this network.
    pub(super) fn http_client(self: &Arc<Self>, sandbox: usize, clock: &Arc<ManualClock>) -> SharedHttpClient {
        let connections = Service::ALL.map(|_| {
            let (network, clock_of_pool) = (Arc::clone(self), Arc::clone(clock));
            let make_pool = move || {
                let id = network.pools.fetch_add(1, Ordering::Relaxed);
                SharedHttpClient::new(Pool {
                    id,
                    sandbox,
                    clock: Arc::clone(&clock_of_pool),
                    network: Arc::clone(&network),
                })
            };
            connections_over(make_pool, Arc::<ManualClock>::clone(clock))
        });
        SharedHttpClient::new(OnePerService { connections: Arc::new(connections) })
    }

    /// One request's way to its service and back.
    async fn send(&self, pool: &Pool, request: Request<Bytes>) -> Result<Response<Bytes>, ConnectorError> {
        let service = Service::of(&request);
        let asked = pool.clock.now();
        let mut unanswered = Unanswered { network: self, service, is_answered: false };
        let ciphertext = decrypts(service, &request);
        let (there, back, fault, dead) = {
            let mut state = self.state();
            if let Some(ciphertext) = &ciphertext {
                state.model.asks(ciphertext);
            }
            if service == Service::Kms {
                state.model.kms_calls += 1;
            }
            let dead = (pool.id <= state.dead.0).then_some(state.dead.1);
            let fault = state.weather.fault(service).map(|fault| possible(fault, service));
            let latencies = (state.weather.latency(service), state.weather.latency(service));
            if let Some(fault) = fault {
                state.model.faults += 1;
                state.model.note(&format!("{service:?}: {fault:?}"));
                state.model.happened_to(service);
            }
            if let Some(death) = dead {
                state.model.note(&format!("{service:?}: the connection is dead ({death:?})"));
                state.model.happened_to(service);
            }
            (latencies.0, latencies.1, fault, dead)
        };
        match dead {
            Some(Death::Reset) => return Err(reset()),
            Some(Death::Silent) => return std::future::pending().await,
            None => tokio::time::sleep(there).await,
        }
        if self.state().killed.contains(&pool.sandbox) {
            return std::future::pending().await;
        }
        match fault {
            Some(Fault::Error(status, code)) => {
                tokio::time::sleep(back).await;
                if let Some(ciphertext) = ciphertext.filter(|_| DENIALS.contains(&code)) {
                    self.state().model.denied(pool.sandbox, &ciphertext, asked, pool.clock.now());
                }
                return Ok(error(service, status, code));
            }
            Some(Fault::LostRequest) => return Err(reset()),
            Some(Fault::HangBefore) => return std::future::pending().await,
            _ => {}
        }
        let Answer { response, acknowledged } = self.services.carry_out(service, request, fault, &self.state).await;
        match fault {
            Some(Fault::LostAnswer) => return Err(reset()),
            Some(Fault::HangAfter) => return std::future::pending().await,
            Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
            _ => tokio::time::sleep(back).await,
        }
        let mut state = self.state();
        if fault == Some(Fault::Garbled) {
            return Ok(Response::new(Bytes::from_static(b"{\"")));
        }
        unanswered.is_answered = true;
        state.model.acknowledged(&acknowledged);
        if let Some(ciphertext) = ciphertext.filter(|_| response.status().is_success()) {
            state.model.decrypted(pool.sandbox, &ciphertext, asked);
        }
        drop(state);
        Ok(response)
    }
}

/// What KMS says of a key that may not be used.
const DENIALS: [&str; 2] = ["AccessDeniedException", "DisabledException"];

/// What `fault` is for a service that has no entries, or whose answers say nothing but that they came.
fn possible(fault: Fault, service: Service) -> Fault {
    match (fault, service) {
        (Fault::FailEntries, Service::Kms) => Fault::Error(400, "ThrottlingException"),
        (Fault::FailEntries, Service::S3) => Fault::Error(503, "SlowDown"),
        (Fault::LeaveOutEntries, Service::Kms | Service::S3) | (Fault::Garbled, Service::S3) => Fault::LostAnswer,
        (fault, _) => fault,
    }
}

fn reset() -> ConnectorError {
    ConnectorError::io(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into())
}

/// The ciphertext that a `Decrypt` is for.
fn decrypts(service: Service, request: &Request<Bytes>) -> Option<String> {
    if service != Service::Kms {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(request.body()).ok()?;
    Some(body.get("CiphertextBlob")?.as_str()?.to_owned())
}

/// A request that was given up, or was not answered, was one that something happened to.
struct Unanswered<'a> {
    network: &'a Network,
    service: Service,
    is_answered: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_answered
            && let Ok(mut state) = self.network.state.try_lock()
        {
            state.model.happened_to(self.service);
        }
    }
}

/// The connections of one client.
struct Pool {
    id: u64,
    sandbox: usize,
    clock: Arc<ManualClock>,
    network: Arc<Network>,
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        let (clock, network) = (Arc::clone(&self.clock), Arc::clone(&self.network));
        Self { id: self.id, sandbox: self.sandbox, clock, network }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("id", &self.id).field("sandbox", &self.sandbox).finish_non_exhaustive()
    }
}

impl HttpClient for Pool {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let pool = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().expect("a request");
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let request = Request::from_parts(head, body);
            let response = pool.network.send(&pool, request).await?;
            Ok(HttpResponse::try_from(response.map(SdkBody::from)).expect("a response"))
        })
    }
}

/// As the function's clients: each has connections of its own.
#[derive(Clone, Debug)]
struct OnePerService {
    connections: Arc<[SharedHttpClient; Service::ALL.len()]>,
}

impl HttpClient for OnePerService {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connectors = self.connections.each_ref().map(|client| client.http_connector(settings, components));
        SharedHttpConnector::new(ByHost { connectors })
    }
}

#[derive(Debug)]
struct ByHost {
    connectors: [SharedHttpConnector; Service::ALL.len()],
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: hyper::Uri = request.uri().parse().expect("a URI");
        self.connectors[Service::of_host(uri.host().unwrap_or_default()) as usize].call(request)
    }
}
