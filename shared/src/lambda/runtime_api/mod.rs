//! The Lambda Runtime API: takes invocations and answers them, on AWS's own client.
//!
//! A loop of our own around that client, and not `lambda_runtime`'s, for two things that the latter decides differently:
//!
//! - A header that nobody here needs ends its process, and with it the warm data keys: a client context that is not
//!   `{"custom": {"<text>": "<text>"}}`, which any direct invoker may send, or a deadline that is not a number. Here headers that are
//!   not needed are not read, and a deadline that cannot be read is as good as none.
//! - It gives the handler a typed event: read through two deserialisers, and with errors that quote it. Here the handler gets the
//!   event's bytes.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

mod invocation;

use std::future::Future;
use std::sync::Arc;

use http::StatusCode;
use http_body_util::BodyExt as _;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use serde::Serialize;
use tracing::Instrument as _;

use crate::logging::invocation_span;
use crate::trace::in_trace;

pub use invocation::Invocation;

/// Why an invocation failed, as it is answered and logged. The texts must not hold content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationError {
    /// By this, alarms and filters tell errors apart.
    pub error_type: &'static str,
    /// What happened, in words.
    pub error_message: String,
}

/// Why no further invocation can be taken. The process has to end; Lambda starts another.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeApiError {
    /// The runtime API cannot be reached.
    #[error("the Lambda runtime API cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The runtime API gave no invocation.
    #[error("the Lambda runtime API answered with status {0} instead of an invocation")]
    NoInvocation(StatusCode),
    /// An invocation without an id cannot be answered.
    #[error("the Lambda runtime API gave an invocation without a request id")]
    NoRequestId,
}

/// Takes one invocation after the other, has `handler` handle it, and answers.
///
/// # Errors
/// [`RuntimeApiError`]; there is no other end.
///
/// # Panics
/// If `AWS_LAMBDA_RUNTIME_API` is not set, as outside of Lambda and its emulators.
pub async fn serve<R, E, F>(handler: impl Fn(Invocation) -> F) -> Result<(), RuntimeApiError>
where
    R: Serialize,
    E: Into<InvocationError>,
    F: Future<Output = Result<R, E>>,
{
    let client = PooledClient::builder().with_pool_size(1).build();
    let mut is_cold_start = true;
    loop {
        let Some((invocation, answering)) = next(&client).await? else { continue };
        let span = invocation_span(&invocation.request_id, std::mem::take(&mut is_cold_start));
        let handled = async {
            let handled = in_trace(answering.trace_id.clone(), handler(invocation)).await;
            answering.send(written(handled), &client).await
        };
        handled.instrument(span).await?;
    }
}

/// The answer as it is sent.
fn written<R: Serialize, E: Into<InvocationError>>(handled: Result<R, E>) -> Result<Vec<u8>, InvocationError> {
    serde_json::to_vec(&handled.map_err(Into::into)?).map_err(|_| InvocationError {
        error_type: "UnwritableResponse",
        error_message: "the response cannot be written as JSON".to_owned(),
    })
}

/// What an answer needs of its invocation.
struct Answering {
    request_id: String,
    /// Sent by newer sandboxes, which want it back.
    invocation_id: Option<http::HeaderValue>,
    /// Sent along with requests to AWS services.
    trace_id: Option<Arc<str>>,
}

/// Waits for the next invocation. `None` if there is none so far: an emulator's way to keep the connection alive.
async fn next(client: &PooledClient) -> Result<Option<(Invocation, Answering)>, RuntimeApiError> {
    let request = build_request().uri(format!("{PREFIX}/next")).body(Body::empty()).map_err(unreachable)?;
    let (head, body) = client.call(request).await.map_err(unreachable)?.into_parts();
    let event = body.collect().await.map_err(unreachable)?.to_bytes();
    match head.status {
        StatusCode::NO_CONTENT => return Ok(None),
        status if !status.is_success() => return Err(RuntimeApiError::NoInvocation(status)),
        _ => {}
    }
    let invocation = Invocation::new(&head.headers, event).ok_or(RuntimeApiError::NoRequestId)?;
    let answering = Answering {
        request_id: invocation.request_id.clone(),
        invocation_id: head.headers.get("lambda-runtime-invocation-id").cloned(),
        trace_id: head.headers.get("lambda-runtime-trace-id").and_then(|id| id.to_str().ok()).map(Arc::from),
    };
    Ok(Some((invocation, answering)))
}

impl Answering {
    async fn send(
        self,
        answer: Result<Vec<u8>, InvocationError>,
        client: &PooledClient,
    ) -> Result<(), RuntimeApiError> {
        let request = build_request().method(http::Method::POST);
        let (mut request, kind, body) = match answer {
            Ok(response) => (request, "response", response),
            Err(error) => {
                tracing::error!(
                    error_type = error.error_type,
                    "the invocation failed, and nothing of its event is acknowledged; Lambda delivers it again unless it was invoked \
                     directly: {}",
                    error.error_message
                );
                let request = request.header("lambda-runtime-function-error-type", error.error_type);
                (request, "error", serde_json::to_vec(&error).unwrap_or_default())
            }
        };
        if let Some(invocation_id) = self.invocation_id {
            request = request.header("lambda-runtime-invocation-id", invocation_id);
        }
        let uri = format!("{PREFIX}/{}/{kind}", self.request_id);
        let request = request.uri(uri).body(Body::from(body)).map_err(unreachable)?;
        let status = client.call(request).await.map_err(unreachable)?.status();
        if !status.is_success() {
            // Too late, most likely. The next invocation may go better.
            tracing::error!(
                status = status.as_u16(),
                "the Lambda runtime API refused the answer, most likely because the time was up: the invocation counts as failed, and its \
                 records come again; if this goes on, check that FUNCTION_TIMEOUT_SECONDS is the function's time-out"
            );
        }
        Ok(())
    }
}

fn unreachable(error: impl Into<BoxError>) -> RuntimeApiError {
    RuntimeApiError::Unreachable(error.into())
}

const PREFIX: &str = "/2018-06-01/runtime/invocation";
