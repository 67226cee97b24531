//! Dead connections, as a thawed sandbox finds them, with the clients of every service: over HTTP/1 and over HTTP/2, which the SDK
//! speaks over TLS only.
//!
//! The certificates in `certificates/` were made for these tests alone: an authority, and a server at 127.0.0.1 until 2126.

mod clients;
mod mortal_proxy;
mod service;

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures_util::future::join_all;

use self::clients::{Kind, TestClient};
use self::mortal_proxy::{Death, MortalProxy};
use self::service::{Protocol, Service};
use super::Connections;
use super::connections::MAX_IDLE;
use crate::clock::{Clock, SystemClock};
use crate::testing::ManualClock;
use crate::trace::in_trace;

const AT_ONCE: usize = 16;

/// A client, its service, and a proxy between them whose connections die when told to.
struct Setting {
    service: Service,
    proxy: MortalProxy,
    client: TestClient,
}

impl Setting {
    async fn new(kind: Kind, protocol: Protocol) -> Self {
        Self::with_clock(kind, protocol, Arc::new(SystemClock)).await
    }

    async fn with_clock(kind: Kind, protocol: Protocol, clock: Arc<dyn Clock>) -> Self {
        let service = Service::start(protocol).await;
        let proxy = MortalProxy::start(service.address()).await;
        let scheme = if protocol == Protocol::Http1 { "http" } else { "https" };
        let connections = match protocol {
            Protocol::Http1 => Connections::new(clock),
            Protocol::Http2 => Connections::with_pool(trusting_the_tests_authority, clock),
        };
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
            .endpoint_url(format!("{scheme}://{}", proxy.address()))
            .http_client(connections)
            .build();
        Self { service, proxy, client: TestClient::new(kind, &sdk) }
    }

    /// Has as many requests under way at once as fill the pool.
    async fn fill_pool(&self) {
        // What one request alone does first, such as listing shards.
        assert!(self.client.send().await);
        self.service.answer_in_groups_of(AT_ONCE);
        let sent = join_all((0..AT_ONCE).map(|_| self.client.send())).await;
        assert!(sent.into_iter().all(|sent| sent));
        self.service.answer_at_once();
    }
}

fn trusting_the_tests_authority() -> SharedHttpClient {
    let authority = TrustStore::empty().with_pem_certificate(include_bytes!("certificates/authority.pem").as_slice());
    let context = TlsContext::builder().with_trust_store(authority).build().unwrap();
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https()
}

/// However many pooled connections are dead, one attempt meets one of them, and the next one has a new one.
async fn dead_connections_cost_one_attempt(kind: Kind, protocol: Protocol, death: Death) {
    let setting = Setting::new(kind, protocol).await;
    setting.fill_pool().await;
    let pooled = setting.proxy.accepted();
    if protocol == Protocol::Http1 {
        assert_eq!(pooled, AT_ONCE, "a connection for each request under way");
    }
    setting.proxy.kill_all(death);
    for _ in 0..AT_ONCE {
        assert!(setting.client.send().await, "{kind:?} {protocol:?} {death:?}");
    }
    let (accepted, tried) = (setting.proxy.accepted(), setting.proxy.dead_ones_tried());
    assert_eq!(
        (accepted - pooled, tried),
        (1, 1),
        "{kind:?} {protocol:?} {death:?}: new connections, attempts on dead ones"
    );
}

/// One test for each, so that they run beside each other: each silent connection costs an attempt's real time.
macro_rules! each_service {
    ($($test:ident: $kind:ident $protocol:ident $death:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            dead_connections_cost_one_attempt(Kind::$kind, Protocol::$protocol, Death::$death).await;
        }
    )*};
}

each_service! {
    silent_http1_connections_to_kms_cost_one_attempt: Kms Http1 Silent,
    silent_http1_connections_to_kinesis_cost_one_attempt: Kinesis Http1 Silent,
    silent_http1_connections_to_sqs_cost_one_attempt: Sqs Http1 Silent,
    silent_http1_connections_to_firehose_cost_one_attempt: Firehose Http1 Silent,
    silent_http1_connections_to_s3_cost_one_attempt: S3 Http1 Silent,
    reset_http1_connections_to_kms_cost_one_attempt: Kms Http1 Reset,
    reset_http1_connections_to_kinesis_cost_one_attempt: Kinesis Http1 Reset,
    reset_http1_connections_to_sqs_cost_one_attempt: Sqs Http1 Reset,
    reset_http1_connections_to_firehose_cost_one_attempt: Firehose Http1 Reset,
    reset_http1_connections_to_s3_cost_one_attempt: S3 Http1 Reset,
    a_silent_http2_connection_to_kms_costs_one_attempt: Kms Http2 Silent,
    a_silent_http2_connection_to_kinesis_costs_one_attempt: Kinesis Http2 Silent,
    a_silent_http2_connection_to_sqs_costs_one_attempt: Sqs Http2 Silent,
    a_silent_http2_connection_to_firehose_costs_one_attempt: Firehose Http2 Silent,
    a_silent_http2_connection_to_s3_costs_one_attempt: S3 Http2 Silent,
    a_reset_http2_connection_to_kms_costs_one_attempt: Kms Http2 Reset,
    a_reset_http2_connection_to_kinesis_costs_one_attempt: Kinesis Http2 Reset,
    a_reset_http2_connection_to_sqs_costs_one_attempt: Sqs Http2 Reset,
    a_reset_http2_connection_to_firehose_costs_one_attempt: Firehose Http2 Reset,
    a_reset_http2_connection_to_s3_costs_one_attempt: S3 Http2 Reset,
}

#[tokio::test]
async fn requests_that_meet_dead_connections_at_once_lose_one_attempt_each() {
    for death in [Death::Silent, Death::Reset] {
        let setting = Setting::new(Kind::Kms, Protocol::Http1).await;
        setting.fill_pool().await;
        setting.proxy.kill_all(death);
        let answered = setting.service.answered();
        assert!(join_all((0..AT_ONCE).map(|_| setting.client.send())).await.into_iter().all(|sent| sent));
        assert!(setting.proxy.dead_ones_tried() <= AT_ONCE, "no request met a second one");
        assert_eq!(setting.service.answered() - answered, AT_ONCE);
    }
}

#[tokio::test]
async fn what_is_answered_keeps_its_connection() {
    for kind in Kind::ALL {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let setting = Setting::new(kind, protocol).await;
            // What one request alone does first, such as asking about the stream, may be several requests at once.
            assert!(setting.client.send().await);
            let accepted = setting.proxy.accepted();
            for _ in 0..5 {
                assert!(setting.client.send().await);
            }
            assert_eq!(setting.proxy.accepted(), accepted, "{kind:?} {protocol:?}");
        }
    }
}

#[tokio::test]
async fn connections_from_before_a_freeze_are_not_tried() {
    let by_wall: fn(&ManualClock, Duration) = ManualClock::advance_wall;
    let by_monotonic: fn(&ManualClock, Duration) = ManualClock::advance_monotonic;
    for pass in [by_wall, by_monotonic] {
        for (idle, is_new) in [(MAX_IDLE - Duration::from_secs(5), false), (MAX_IDLE + Duration::from_secs(1), true)] {
            let clock = Arc::new(ManualClock::new());
            let setting = Setting::with_clock(Kind::Kms, Protocol::Http1, Arc::clone(&clock) as Arc<dyn Clock>).await;
            setting.fill_pool().await;
            let pooled = setting.proxy.accepted();
            pass(&clock, idle);
            if is_new {
                setting.proxy.kill_all(Death::Silent);
            }
            assert!(setting.client.send().await);
            let (accepted, tried) = (setting.proxy.accepted(), setting.proxy.dead_ones_tried());
            assert_eq!((accepted - pooled, tried), (usize::from(is_new), 0), "after {idle:?}");
        }
    }
}

#[tokio::test]
async fn every_request_tells_the_trace_of_its_invocation() {
    for kind in Kind::ALL {
        let setting = Setting::new(kind, Protocol::Http1).await;
        assert!(
            in_trace(Some("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1".into()), setting.client.send()).await
        );
        let told = setting.service.last_trace_id();
        assert_eq!(told.as_deref(), Some("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1"), "{kind:?}");
        assert!(setting.client.send().await);
        assert_eq!(setting.service.last_trace_id(), None, "{kind:?}: the invocation has ended");
    }
}
