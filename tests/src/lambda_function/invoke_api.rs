//! The Invoke API of Lambda over functions of this machine, so that they can be invoked by hand.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::function::Function;
use super::invocation::{Invocation, Outcome, StartFailure};
use crate::loopback_server::{AnswerRequest, LoopbackServer, Reply};
use crate::unpoisoned::lock;

/// Functions that are served. Dropping it ends every sandbox.
#[derive(Debug)]
pub struct InvokeApi {
    server: LoopbackServer,
    service: Arc<Service>,
}

/// An invocation that has ended.
#[derive(Debug)]
pub struct EndedInvocation {
    /// The function's name.
    pub function: String,
    /// What became of it.
    pub invocation: Invocation,
}

impl InvokeApi {
    /// Serves the functions on `address`, each by its name, and tells of every invocation once it has ended.
    ///
    /// # Errors
    /// What [`LoopbackServer::start`] says: the address is not a loopback one, or is taken.
    pub async fn start(
        address: SocketAddr,
        functions: impl IntoIterator<Item = (String, Function)>,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<EndedInvocation>)> {
        let (ended, receiver) = mpsc::unbounded_channel();
        let functions = functions.into_iter().map(|(name, function)| (name, Arc::new(function))).collect();
        let service = Arc::new(Service { functions, under_way: Mutex::default(), ended });
        let server = LoopbackServer::start(address, Arc::clone(&service)).await?;
        Ok((Self { server, service }, receiver))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL to which an event of this function is posted.
    #[must_use]
    pub fn invocation_url(&self, function: &str) -> String {
        format!("http://{}{PATH_PREFIX}{function}{PATH_SUFFIX}", self.address())
    }

    /// Stops it: invocations under way end without an answer, and every sandbox ends.
    pub async fn stop(self) {
        let Self { server, service } = self;
        server.stop().await;
        let mut under_way = std::mem::take(&mut *lock(&service.under_way));
        under_way.shutdown().await;
        // Nobody else holds the service or a function any more: connections and invocations have ended.
        for function in Arc::into_inner(service).into_iter().flat_map(|service| service.functions.into_values()) {
            if let Some(function) = Arc::into_inner(function) {
                function.shut_down().await;
            }
        }
    }
}

const PATH_PREFIX: &str = "/2015-03-31/functions/";
const PATH_SUFFIX: &str = "/invocations";

#[derive(Debug)]
struct Service {
    functions: BTreeMap<String, Arc<Function>>,
    /// Guards the invocations that have not ended; never held across an await.
    under_way: Mutex<JoinSet<()>>,
    ended: mpsc::UnboundedSender<EndedInvocation>,
}

impl Service {
    /// Invokes a function. The invocation goes on when the client hangs up meanwhile, as on Lambda.
    async fn invoke(&self, name: &str, function: Arc<Function>, payload: Bytes) -> Reply {
        let (answer, answered) = oneshot::channel();
        let (name, ended) = (name.to_owned(), self.ended.clone());
        {
            let mut under_way = lock(&self.under_way);
            while under_way.try_join_next().is_some() {}
            under_way.spawn(async move {
                let invocation = function.invoke(payload).await;
                // Nobody may wait for either any more.
                let _ = answer.send(reply(&invocation));
                let _ = ended.send(EndedInvocation { function: name, invocation });
            });
        }
        // Without an answer the API is being stopped.
        answered.await.unwrap_or(Reply::CloseConnection)
    }
}

impl AnswerRequest for Service {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix(PATH_PREFIX).and_then(|path| path.strip_suffix(PATH_SUFFIX));
        let Some(name) = path.filter(|_| head.method == Method::POST) else {
            let message = format!("invoke a function with POST {PATH_PREFIX}NAME{PATH_SUFFIX}");
            return error(StatusCode::NOT_FOUND, "InvalidPath", &message);
        };
        let Some(function) = self.functions.get(name) else {
            let names: Vec<_> = self.functions.keys().map(String::as_str).collect();
            let message = format!("there is no function {name}; there are: {}", names.join(", "));
            return error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
        };
        let invocation_type = head.headers.get("x-amz-invocation-type").map(HeaderValue::as_bytes);
        if invocation_type.is_some_and(|kind| kind != b"RequestResponse") {
            let message = "only the invocation type RequestResponse is served here";
            return error(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message);
        }
        self.invoke(name, Arc::clone(function), body).await
    }
}

/// The answer to an invocation.
///
/// A function's error has the status 500, as with `cargo lambda watch`, because `cargo lambda invoke` and `curl --fail` go by the
/// status. On Lambda it is 200, with the same header.
fn reply(invocation: &Invocation) -> Reply {
    let mut reply = match &invocation.outcome {
        Outcome::Responded(body) => return Reply::json(StatusCode::OK, body.clone()),
        Outcome::Failed(report) => Reply::json(StatusCode::INTERNAL_SERVER_ERROR, report.clone()),
        outcome => {
            let (kind, message) = sandbox_error(invocation, outcome);
            error(StatusCode::INTERNAL_SERVER_ERROR, kind, &message)
        }
    };
    if let Reply::Response(response) = &mut reply {
        response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    reply
}

/// How Lambda names and words the loss of a sandbox.
fn sandbox_error(invocation: &Invocation, outcome: &Outcome) -> (&'static str, String) {
    let (kind, what) = match outcome {
        Outcome::TimedOut => {
            ("Sandbox.Timedout", format!("Task timed out after {:.2} seconds", invocation.duration.as_secs_f64()))
        }
        Outcome::NotStarted(failure @ StartFailure::Spawn(_)) => ("Runtime.InvalidEntrypoint", failure.to_string()),
        Outcome::NotStarted(failure) => ("Runtime.ExitError", format!("{failure}; the reason is in its log")),
        Outcome::Crashed(Some(status)) => ("Runtime.ExitError", format!("the function's process ended: {status}")),
        _ => ("Runtime.ExitError", "the function's process was lost".to_owned()),
    };
    (kind, format!("RequestId: {} Error: {what}", invocation.request_id))
}

fn error(status: StatusCode, kind: &str, message: &str) -> Reply {
    Reply::json(status, json!({"errorType": kind, "errorMessage": message}).to_string())
}
