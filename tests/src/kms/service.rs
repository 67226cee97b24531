//! From an HTTP request to its answer: protocol, script, quota, log.

use std::future;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use warmkeys::clock::Clock;

use super::answer::answer;
use super::call_log::{CallEnd, CallLog};
use super::effect::{Effect, ScriptedFault};
use super::embedded_kms::KmsSettings;
use super::error::KmsError;
use super::key::REGION;
use super::key_store::KeyStore;
use super::operation::Operation;
use crate::json_protocol;
use crate::loopback_server::{AnswerRequest, Reply};
use crate::quota::Quota;
use crate::script::Script;
use crate::unpoisoned::lock;

/// Answers the KMS protocol and the admin endpoints.
#[derive(Debug)]
pub(crate) struct KmsService {
    latency: Duration,
    clock: Arc<dyn Clock>,
    /// Guards everything that a call reads or changes; never held across an await.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    keys: KeyStore,
    quota: Option<Quota>,
    script: Script<Operation, Effect>,
    calls: CallLog,
}

impl KmsService {
    pub(crate) fn new(settings: &KmsSettings, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().monotonic;
        let state = State {
            keys: KeyStore::with_development_keys(),
            quota: settings.requests_per_second.map(|per_second| Quota::new(per_second, now)),
            script: Script::default(),
            calls: CallLog::default(),
        };
        Self { latency: settings.latency, clock, state: Mutex::new(state) }
    }

    pub(super) fn calls(&self) -> CallLog {
        lock(&self.state).calls.clone()
    }

    pub(super) fn script(&self, fault: ScriptedFault) {
        lock(&self.state).script.add(fault);
    }

    pub(super) fn clear_script(&self) {
        lock(&self.state).script.clear();
    }

    pub(super) fn set_requests_per_second(&self, requests_per_second: Option<NonZeroU32>) {
        let now = self.clock.now().monotonic;
        lock(&self.state).quota = requests_per_second.map(|per_second| Quota::new(per_second, now));
    }

    async fn answer_kms(&self, request: &Request<Bytes>) -> Reply {
        let Some(operation) = operation(request) else { return error_reply(&KmsError::UnknownOperation) };
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let effect = lock(&self.state).script.next(&operation);
        if let Some(delay) = effect.as_ref().and_then(Effect::delay) {
            tokio::time::sleep(delay).await;
        }
        match effect {
            Some(Effect::Hang) => {
                self.count(operation, request, CallEnd::Unanswered);
                future::pending().await
            }
            Some(Effect::CloseConnection) => {
                self.count(operation, request, CallEnd::Unanswered);
                Reply::CloseConnection
            }
            Some(Effect::Fail { code }) => self.finish(operation, request, Err(KmsError::Scripted { code })),
            Some(Effect::Delay { .. }) | None => self.finish(operation, request, self.carry_out(operation, request)),
        }
    }

    fn carry_out(&self, operation: Operation, request: &Request<Bytes>) -> Result<Value, KmsError> {
        let now = self.clock.now().monotonic;
        let mut state = lock(&self.state);
        let State { keys, quota, .. } = &mut *state;
        if operation.is_cryptographic() && quota.as_mut().is_some_and(|quota| !quota.try_take(now)) {
            return Err(KmsError::Throttling);
        }
        answer(keys, operation, request.body(), region(request))
    }

    fn finish(&self, operation: Operation, request: &Request<Bytes>, result: Result<Value, KmsError>) -> Reply {
        let end = match &result {
            Ok(_) => CallEnd::Answered,
            Err(error) if error.code() == KmsError::Throttling.code() => CallEnd::Throttled,
            Err(_) => CallEnd::Refused,
        };
        self.count(operation, request, end);
        match result {
            Ok(answer) => json_protocol::answer(&answer),
            Err(error) => error_reply(&error),
        }
    }

    fn count(&self, operation: Operation, request: &Request<Bytes>, end: CallEnd) {
        let ciphertext = if operation == Operation::Decrypt { ciphertext_of(request.body()) } else { None };
        lock(&self.state).calls.count(operation, ciphertext, end);
    }

    fn answer_script(&self, body: &[u8]) -> Reply {
        match serde_json::from_slice(body) {
            Ok(fault) => {
                self.script(fault);
                Reply::json(StatusCode::OK, "{}")
            }
            Err(error) => Reply::json(StatusCode::BAD_REQUEST, json!({"message": error.to_string()}).to_string()),
        }
    }
}

impl AnswerRequest for KmsService {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/") => self.answer_kms(&request).await,
            (&Method::POST, "/_warmkeys/script") => self.answer_script(request.body()),
            (&Method::GET, "/_warmkeys/calls") => Reply::json(StatusCode::OK, self.calls().to_json().to_string()),
            _ => Reply::json(StatusCode::NOT_FOUND, r#"{"message":"no such path"}"#),
        }
    }
}

/// The operation that the header names: `TrentService` is the service's name in its protocol.
pub(super) fn operation(request: &Request<Bytes>) -> Option<Operation> {
    json_protocol::operation(request, "TrentService")?.parse().ok()
}

/// The Region that the request was signed for, or [`REGION`] if it is not signed.
///
/// > Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request
/// > <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>
fn region(request: &Request<Bytes>) -> &str {
    let signed_for = || {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        header.split_once("Credential=")?.1.split('/').nth(2)
    };
    signed_for().unwrap_or(REGION)
}

fn ciphertext_of(body: &[u8]) -> Option<Vec<u8>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    STANDARD.decode_to_vec(body.get("CiphertextBlob")?.as_str()?).ok()
}

pub(super) fn error_reply(error: &KmsError) -> Reply {
    json_protocol::error(error.status(), error.code(), &error.to_string())
}
