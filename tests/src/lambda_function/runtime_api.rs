//! The Lambda Runtime API of one sandbox.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::sync::{Notify, oneshot, watch};

use crate::loopback_server::{AnswerRequest, Reply};
use crate::unpoisoned::lock;

/// The version that every path begins with.
const VERSION_PREFIX: &str = "/2018-06-01/runtime/";

/// An invocation as the function gets to see it.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) deadline: SystemTime,
    pub(super) function_arn: String,
    pub(super) payload: Bytes,
    pub(super) headers: Headers,
}

/// Headers of an event: names in lower case, and values in any bytes that a header may have.
pub type Headers = Vec<(&'static str, Vec<u8>)>;

/// What the function said.
#[derive(Debug)]
pub(super) enum Answer {
    Responded(Bytes),
    Failed(Bytes),
}

/// How far the function is with its initialisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Initialisation {
    Running,
    Done,
    Failed(Bytes),
}

/// Hands one event at a time to the function and takes its answer.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// Guards the one invocation; never held across an await.
    invocation: Mutex<Slot>,
    event_arrived: Notify,
    initialisation: watch::Sender<Initialisation>,
}

#[derive(Debug)]
enum Slot {
    Empty,
    Waiting(Event, oneshot::Sender<Answer>),
    InFlight(String, oneshot::Sender<Answer>),
}

impl RuntimeApi {
    pub(super) fn new() -> Self {
        Self {
            invocation: Mutex::new(Slot::Empty),
            event_arrived: Notify::new(),
            initialisation: watch::Sender::new(Initialisation::Running),
        }
    }

    /// Offers `event` to the function, in place of one that was given up. The receiver gets the answer.
    pub(super) fn offer(&self, event: Event) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        *lock(&self.invocation) = Slot::Waiting(event, sender);
        self.event_arrived.notify_one();
        receiver
    }

    /// Waits until the function asks for its first event, or reports that it cannot start.
    pub(super) async fn initialised(&self) -> Result<(), Bytes> {
        let mut changes = self.initialisation.subscribe();
        // The sender lives as long as `self`, so that there always is an end to wait for.
        let ended = changes.wait_for(|state| *state != Initialisation::Running).await;
        match ended.map(|state| state.clone()) {
            Ok(Initialisation::Failed(report)) => Err(report),
            _ => Ok(()),
        }
    }

    /// > Lambda ... long-polls: the request waits until there is an event
    async fn next_event(&self) -> Reply {
        self.initialisation.send_if_modified(|state| {
            let first = *state == Initialisation::Running;
            if first {
                *state = Initialisation::Done;
            }
            first
        });
        loop {
            if let Some(event) = self.take_event() {
                return event_reply(event);
            }
            self.event_arrived.notified().await;
        }
    }

    fn take_event(&self) -> Option<Event> {
        let mut slot = lock(&self.invocation);
        match std::mem::replace(&mut *slot, Slot::Empty) {
            Slot::Waiting(event, answer) => {
                *slot = Slot::InFlight(event.request_id.clone(), answer);
                Some(event)
            }
            other => {
                *slot = other;
                None
            }
        }
    }

    fn take_answer(&self, request_id: &str, answer: Answer) -> Reply {
        let mut slot = lock(&self.invocation);
        match std::mem::replace(&mut *slot, Slot::Empty) {
            Slot::InFlight(expected, sender) if expected == request_id => {
                // Nobody waits any more if the time was up meanwhile.
                let _ = sender.send(answer);
                Reply::json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
            }
            other => {
                *slot = other;
                error_reply("InvalidRequestID", "no invocation with this request id is in flight")
            }
        }
    }

    fn fail_initialisation(&self, report: Bytes) -> Reply {
        self.initialisation.send_replace(Initialisation::Failed(report));
        Reply::json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
    }
}

impl AnswerRequest for RuntimeApi {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix(VERSION_PREFIX).unwrap_or_default();
        match (head.method, path.split('/').collect::<Vec<_>>().as_slice()) {
            (Method::GET, ["invocation", "next"]) => self.next_event().await,
            (Method::POST, ["invocation", id, "response"]) => self.take_answer(id, Answer::Responded(body)),
            (Method::POST, ["invocation", id, "error"]) => self.take_answer(id, Answer::Failed(body)),
            (Method::POST, ["init", "error"]) => self.fail_initialisation(body),
            _ => error_reply("InvalidPath", "the runtime API has no such path"),
        }
    }
}

fn event_reply(event: Event) -> Reply {
    let since_epoch = event.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let headers = [
        ("lambda-runtime-aws-request-id", event.request_id),
        ("lambda-runtime-deadline-ms", since_epoch.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", event.function_arn),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let mut response = Response::new(event.payload);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    for (name, value) in event.headers {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Reply::Response(response)
}

fn error_reply(error_type: &str, message: &str) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, json!({"errorType": error_type, "errorMessage": message}).to_string())
}
