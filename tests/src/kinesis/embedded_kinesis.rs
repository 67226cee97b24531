//! Starting an embedded Kinesis, and watching and disturbing it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use warmkeys::clock::{Clock, SystemClock};
use warmkeys::kinesis::MaxRecordBytes;

use super::call_log::CallLog;
use super::effect::{Effect, ScriptedFault};
use super::operation::Operation;
use super::service::KinesisService;
use super::shard_limits::ShardLimits;
use crate::loopback_server::LoopbackServer;
use crate::stream::InMemoryStream;

/// How an embedded Kinesis behaves.
#[derive(Clone, Debug)]
pub struct KinesisSettings {
    /// The loopback address to listen on. Port 0: any free one.
    pub listen: SocketAddr,
    /// What each shard takes; `None`: everything.
    pub shard_limits: Option<ShardLimits>,
    /// The time that every answer takes.
    pub latency: Duration,
    /// The stream's own maximum record size.
    pub max_record_bytes: MaxRecordBytes,
    /// The most shards on one page of `ListShards`.
    pub shards_per_page: NonZeroUsize,
}

impl KinesisSettings {
    /// The default of [`shards_per_page`](Self::shards_per_page), the service's: "the default is 1000".
    pub const DEFAULT_SHARDS_PER_PAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// The same without limits of the shards.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { shard_limits: None, ..Self::default() }
    }
}

/// The service's limits, without latency, on a free port.
impl Default for KinesisSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            shard_limits: Some(ShardLimits::SERVICE),
            latency: Duration::ZERO,
            max_record_bytes: MaxRecordBytes::DEFAULT,
            shards_per_page: Self::DEFAULT_SHARDS_PER_PAGE,
        }
    }
}

/// A running embedded Kinesis. It stops when dropped.
#[derive(Debug)]
pub struct EmbeddedKinesis {
    server: LoopbackServer,
    service: Arc<KinesisService>,
}

impl EmbeddedKinesis {
    /// Serves `stream` within the current tokio runtime.
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says.
    pub async fn start(stream: Arc<InMemoryStream>, settings: KinesisSettings) -> io::Result<Self> {
        Self::start_with_clock(stream, settings, Arc::new(SystemClock)).await
    }

    /// The same, with the limits measured by `clock`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_clock(
        stream: Arc<InMemoryStream>,
        settings: KinesisSettings,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let service = Arc::new(KinesisService::new(stream, &settings, clock));
        let server = LoopbackServer::start(settings.listen, Arc::clone(&service)).await?;
        Ok(Self { server, service })
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The variable that sends an AWS SDK's Kinesis requests here. Region and credentials come with those of the embedded KMS.
    #[must_use]
    pub fn environment(&self) -> (&'static str, String) {
        ("AWS_ENDPOINT_URL_KINESIS", self.endpoint_url())
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

    /// Makes the next `times` calls of `PutRecords` suffer `effect`.
    pub fn disturb_puts(&self, times: NonZeroU32, effect: Effect) {
        self.script(ScriptedFault { operation: Some(Operation::PutRecords), times, effect });
    }
}
