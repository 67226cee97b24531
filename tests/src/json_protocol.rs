//! The JSON 1.1 protocol of KMS and Kinesis: which operation a request names, and how answers and errors are written.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::loopback_server::Reply;

/// The name of the operation that the header `X-Amz-Target` names, if it is one of `service`.
pub(crate) fn operation<'a>(request: &'a Request<Bytes>, service: &str) -> Option<&'a str> {
    let target = request.headers().get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(service)?.strip_prefix('.')
}

/// The answer of success.
pub(crate) fn answer(body: &Value) -> Reply {
    reply(StatusCode::OK, body, None)
}

/// > `__type` ... `message`; the code is in the header `x-amzn-errortype` as well.
/// > <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = if message.is_empty() { json!({"__type": code}) } else { json!({"__type": code, "message": message}) };
    reply(status, &body, Some(code))
}

fn reply(status: StatusCode, body: &Value, error_code: Option<&str>) -> Reply {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    if let Some(code) = error_code.and_then(|code| HeaderValue::from_str(code).ok()) {
        headers.insert("x-amzn-errortype", code);
    }
    Reply::Response(response)
}
