//! All services in one: answers every request as its service would if all is well.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::clients::KMS_KEY;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Without TLS.
    Http1,
    /// Over TLS, agreed on by ALPN.
    Http2,
}

/// Answers until it is dropped.
pub(super) struct Service {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// So many requests are answered together.
    together: Mutex<Option<Arc<Barrier>>>,
    answered: AtomicUsize,
    last_trace_id: Mutex<Option<String>>,
}

impl Service {
    pub(super) async fn start(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let tls = (protocol == Protocol::Http2).then(tls);
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on no request is answered before so many are there.
    pub(super) fn answer_in_groups_of(&self, number: usize) {
        *self.shared.together.lock().unwrap() = Some(Arc::new(Barrier::new(number)));
    }

    pub(super) fn answer_at_once(&self) {
        *self.shared.together.lock().unwrap() = None;
    }

    pub(super) fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::SeqCst)
    }

    /// The trace id that came with the last request.
    pub(super) fn last_trace_id(&self) -> Option<String> {
        self.shared.last_trace_id.lock().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn tls() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("certificates/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, tls.clone(), Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let answer = service_fn(|request| answer(request, Arc::clone(&shared)));
    // An error is a client that hung up.
    match tls {
        None => {
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(TokioIo::new(stream), answer).await;
        }
        Some(tls) => {
            let Ok(stream) = tls.accept(stream).await else { return };
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http.serve_connection(TokioIo::new(stream), answer).await;
        }
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let target = header("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let trace_id = header("x-amzn-trace-id");
    let _body = request.into_body().collect().await;
    if operation != "ListShards" {
        *shared.last_trace_id.lock().unwrap() = trace_id;
        let together = shared.together.lock().unwrap().clone();
        if let Some(together) = together {
            together.wait().await;
        }
        shared.answered.fetch_add(1, Ordering::SeqCst);
    }
    Ok(Response::new(Full::new(body(&operation).into())))
}

fn body(operation: &str) -> String {
    match operation {
        "Decrypt" => format!(r#"{{"KeyId":"{KMS_KEY}","Plaintext":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}"#),
        "ListShards" => r#"{"Shards":[{"ShardId":"shardId-000000000000","SequenceNumberRange":{"StartingSequenceNumber":"1"},
            "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
            .to_owned(),
        "PutRecords" => {
            r#"{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000000"}]}"#.to_owned()
        }
        "SendMessageBatch" => {
            r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"0cc175b9c0f1b6a831c399e269772661"}],"Failed":[]}"#
                .to_owned()
        }
        "PutRecordBatch" => r#"{"FailedPutCount":0,"RequestResponses":[{"RecordId":"r"}]}"#.to_owned(),
        // PutObject.
        _ => String::new(),
    }
}
