//! A request quota in front of another KMS, because no emulator has one.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use warmkeys::clock::{Clock, SystemClock};

use super::error::KmsError;
use super::service::{error_reply, operation};
use crate::loopback_server::{AnswerRequest, LoopbackServer, Reply};
use crate::quota::Quota;
use crate::unpoisoned::lock;

/// A running proxy. It stops when dropped.
///
/// Cryptographic operations beyond the quota are answered with `ThrottlingException` and do not reach the KMS behind; everything
/// else does, as it came. `PUT /_warmkeys/requests-per-second` with a number as body replaces the quota.
#[derive(Debug)]
pub struct ThrottlingProxy {
    server: LoopbackServer,
}

impl ThrottlingProxy {
    /// Listens on `listen`, in front of the KMS at `upstream` (plain HTTP).
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says: the address is not a loopback one, or is taken.
    pub async fn start(listen: SocketAddr, upstream: Authority, requests_per_second: NonZeroU32) -> io::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let quota = Quota::new(requests_per_second, clock.now().monotonic);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let proxy = Proxy { upstream, client, clock, quota: Mutex::new(quota) };
        Ok(Self { server: LoopbackServer::start(listen, Arc::new(proxy)).await? })
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

struct Proxy {
    upstream: Authority,
    client: Client<HttpConnector, Full<Bytes>>,
    clock: Arc<dyn Clock>,
    /// Guards the tokens; never held across an await.
    quota: Mutex<Quota>,
}

impl Proxy {
    fn throttles(&self, request: &Request<Bytes>) -> bool {
        let now = self.clock.now().monotonic;
        operation(request).is_some_and(|operation| operation.is_cryptographic()) && !lock(&self.quota).try_take(now)
    }

    fn replace_quota(&self, body: &[u8]) -> Reply {
        match std::str::from_utf8(body).ok().and_then(|digits| digits.parse().ok()) {
            Some(requests_per_second) => {
                *lock(&self.quota) = Quota::new(requests_per_second, self.clock.now().monotonic);
                Reply::json(StatusCode::OK, "{}")
            }
            None => Reply::json(StatusCode::BAD_REQUEST, r#"{"message":"a number from 1 on is expected"}"#),
        }
    }

    async fn forward(&self, request: Request<Bytes>) -> Reply {
        match self.answer_of_upstream(request).await {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::json(StatusCode::BAD_GATEWAY, json!({"message": error.to_string()}).to_string()),
        }
    }

    async fn answer_of_upstream(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        let (mut head, body) = request.into_parts();
        let mut uri = head.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.upstream.clone());
        head.uri = Uri::from_parts(uri)?;
        head.headers.remove(HOST);
        let answer = self.client.request(Request::from_parts(head, Full::new(body))).await?;
        let (mut head, body) = answer.into_parts();
        // The body is sent on in one piece, with a length of its own.
        head.headers.remove(TRANSFER_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
        let body = Limited::new(body, Self::MAX_REQUEST_BODY).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}

impl AnswerRequest for Proxy {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        match (request.method(), request.uri().path()) {
            (&Method::PUT, "/_warmkeys/requests-per-second") => self.replace_quota(request.body()),
            _ if self.throttles(&request) => error_reply(&KmsError::Throttling),
            _ => self.forward(request).await,
        }
    }
}
