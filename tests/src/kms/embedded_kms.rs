//! Starting an embedded KMS, and watching and disturbing it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use warmkeys::clock::{Clock, SystemClock};

use super::call_log::CallLog;
use super::effect::{Effect, ScriptedFault};
use super::key::REGION;
use super::operation::Operation;
use super::service::KmsService;
use crate::loopback_server::LoopbackServer;

/// How an embedded KMS behaves.
#[derive(Clone, Debug)]
pub struct KmsSettings {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The request quota of cryptographic operations; `None`: unlimited.
    pub requests_per_second: Option<NonZeroU32>,
    /// The time that every answer takes.
    pub latency: Duration,
}

impl KmsSettings {
    /// A free port, no quota, no latency.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), requests_per_second: None, latency: Duration::ZERO }
    }

    /// The same, throttled beyond `requests_per_second`.
    #[must_use]
    pub fn with_quota(mut self, requests_per_second: NonZeroU32) -> Self {
        self.requests_per_second = Some(requests_per_second);
        self
    }
}

/// A running embedded KMS. It stops when dropped.
#[derive(Debug)]
pub struct EmbeddedKms {
    server: LoopbackServer,
    service: Arc<KmsService>,
}

impl EmbeddedKms {
    /// Starts it within the current tokio runtime.
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says: the address is not a loopback one, or is taken.
    pub async fn start(settings: KmsSettings) -> io::Result<Self> {
        Self::start_with_clock(settings, Arc::new(SystemClock)).await
    }

    /// The same, with the quota measured by `clock`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_clock(settings: KmsSettings, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let service = Arc::new(KmsService::new(&settings, clock));
        let server = LoopbackServer::start(settings.listen, Arc::clone(&service)).await?;
        Ok(Self { server, service })
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The environment that sends an AWS SDK's KMS requests here: endpoint, Region and credentials that open nothing.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL_KMS", self.endpoint_url()),
            ("AWS_REGION", REGION.to_owned()),
            // The name that the SDK for Python and the command line know.
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ]
    }

    /// Stops it, and waits until its address is free.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// The calls since the start.
    #[must_use]
    pub fn calls(&self) -> CallLog {
        self.service.calls()
    }

    /// Adds a fault behind those that are still to come.
    pub fn script(&self, fault: ScriptedFault) {
        self.service.script(fault);
    }

    /// Makes the next `times` calls of `Decrypt` suffer `effect`.
    pub fn disturb_decrypts(&self, times: NonZeroU32, effect: Effect) {
        self.script(ScriptedFault { operation: Some(Operation::Decrypt), times, effect });
    }

    /// Recovers: forgets every fault that is still to come. Calls that hang already go on hanging.
    pub fn clear_script(&self) {
        self.service.clear_script();
    }

    /// Replaces the request quota from now on, beginning with a full second's worth.
    pub fn set_requests_per_second(&self, requests_per_second: Option<NonZeroU32>) {
        self.service.set_requests_per_second(requests_per_second);
    }
}
