//! A small HTTP/1.1 server on a loopback address, which can also hang up without an answer.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What a request is answered with.
#[derive(Debug)]
pub enum Reply {
    /// This response.
    Response(Response<Bytes>),
    /// Nothing: the connection is closed.
    CloseConnection,
}

impl Reply {
    /// A JSON response.
    #[must_use]
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
        Self::Response(response)
    }
}

/// Answers requests.
pub trait AnswerRequest: Send + Sync + 'static {
    /// The largest request body that is read, in bytes. By default that of an invocation's response, 6 MB.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    const MAX_REQUEST_BODY: usize = 6 * 1024 * 1024;

    /// Answers `request`. Dropped in mid-flight when the client hangs up.
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Reply> + Send;
}

/// A server that listens from [`start`](Self::start) until it is dropped; dropping also cuts every open connection.
#[derive(Debug)]
pub struct LoopbackServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl LoopbackServer {
    /// Listens on `address` (port 0: any free one).
    ///
    /// # Errors
    /// `InvalidInput` if the address is not a loopback one: what runs here is for tests and must not be reachable from
    /// elsewhere. Otherwise what the operating system says.
    pub async fn start<A: AnswerRequest>(address: SocketAddr, answering: Arc<A>) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let message = format!("{address} is not a loopback address");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept(listener, answering)) })
    }

    /// The address, with the port that was chosen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, and waits until its address is free.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // It was aborted, which is the only way it ends.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        // The task owns the connections, so they end with it.
        self.accepting.abort();
    }
}

async fn accept<A: AnswerRequest>(listener: TcpListener, answering: Arc<A>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, Arc::clone(&answering)));
                }
                // Out of file descriptors or the like: connections that end will free some.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection<A: AnswerRequest>(stream: TcpStream, answering: Arc<A>) {
    // Answers are small and awaited; Nagle's algorithm would only delay them. Failing to say so is harmless.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(request, &*answering));
    // An error here is a client that hung up, or the wish to hang up on it.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond<A: AnswerRequest>(request: Request<Incoming>, answering: &A) -> Result<Response<Full<Bytes>>, HangUp> {
    let (head, body) = request.into_parts();
    let reply = match Limited::new(body, A::MAX_REQUEST_BODY).collect().await {
        Ok(body) => answering.answer(Request::from_parts(head, body.to_bytes())).await,
        Err(_) => Reply::json(StatusCode::PAYLOAD_TOO_LARGE, r#"{"errorType":"RequestEntityTooLarge"}"#),
    };
    match reply {
        Reply::Response(response) => Ok(response.map(Full::new)),
        Reply::CloseConnection => Err(HangUp),
    }
}

/// Makes hyper close the connection.
#[derive(Debug, thiserror::Error)]
#[error("the connection is to be closed unanswered")]
struct HangUp;

#[cfg(test)]
mod tests {
    use super::*;

    struct Silent;

    impl AnswerRequest for Silent {
        async fn answer(&self, _: Request<Bytes>) -> Reply {
            Reply::CloseConnection
        }
    }

    #[tokio::test]
    async fn an_address_that_others_can_reach_is_refused() {
        for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
            let started = LoopbackServer::start(address.parse().unwrap(), Arc::new(Silent)).await;
            assert_eq!(started.unwrap_err().kind(), io::ErrorKind::InvalidInput, "{address}");
        }
    }
}
