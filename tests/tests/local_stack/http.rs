//! A client's side of HTTP, as curl has it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// An answer with a JSON body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `x-amz-function-error`.
    pub(crate) function_error: Option<String>,
    pub(crate) body: Value,
}

/// Posts `body`.
pub(crate) async fn post(url: &str, body: impl Into<Bytes>) -> Answer {
    answer(Request::post(url).body(Full::new(body.into())).unwrap()).await
}

/// Sends `request`.
pub(crate) async fn answer(request: Request<Full<Bytes>>) -> Answer {
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    let function_error = response.headers().get("x-amz-function-error").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, function_error, body: serde_json::from_slice(&body).unwrap() }
}
