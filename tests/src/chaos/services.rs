//! The services, in process: what they do with a request, and what they tell the model.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use base64_simd::STANDARD;
use bytes::Bytes;
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use warmkeys::clock::Clock;
use warmkeys::quarantine::{EnvelopePayload, QuarantineEnvelope};
use warmkeys::testing::{ManualClock, kcl_user_records};

use super::network::State;
use super::scenario::{OVERSIZED, QUARANTINE, SINK, Scenario};
use super::weather::{Fault, Service};
use crate::json_protocol;
use crate::kinesis::{KinesisService, KinesisSettings};
use crate::kms::{KmsService, KmsSettings};
use crate::loopback_server::{AnswerRequest, Reply};
use crate::stream::InMemoryStream;
use crate::unpoisoned::lock;

/// The services, in process.
#[derive(Debug)]
pub(super) struct Services {
    kms: KmsService,
    kinesis: KinesisService,
    pub(super) sink_stream: Arc<InMemoryStream>,
}

/// What a service has to say.
pub(super) struct Answer {
    pub(super) response: Response<Bytes>,
    /// The records that it says are stored in the sink.
    pub(super) acknowledged: Vec<usize>,
}

impl Services {
    /// The services of `scenario`, which measure quotas by `clock`.
    pub(super) fn new(scenario: &Scenario, clock: &Arc<ManualClock>) -> Self {
        let mut kms = KmsSettings::unlimited();
        kms.requests_per_second = scenario.kms_requests_per_second;
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
        let sink_stream = Arc::new(InMemoryStream::new(SINK, scenario.sink_shards));
        let kinesis = KinesisService::new(Arc::clone(&sink_stream), &KinesisSettings::unlimited(), Arc::clone(&clock));
        Self { kms: KmsService::new(&kms, clock), kinesis, sink_stream }
    }

    /// Carries `request` out.
    pub(super) async fn carry_out(
        &self,
        service: Service,
        request: Request<Bytes>,
        fault: Option<Fault>,
        state: &Mutex<State>,
    ) -> Answer {
        let is_put = |name: &str| request.headers().get("x-amz-target").is_some_and(|target| target == name);
        match service {
            Service::Kms => plain(self.kms.answer(request).await),
            Service::Kinesis if is_put("Kinesis_20131202.PutRecords") => self.put_records(request, fault, state).await,
            Service::Kinesis => plain(self.kinesis.answer(request).await),
            Service::Sqs => send_message_batch(request.body(), fault, &mut lock(state)),
            Service::Firehose => put_record_batch(request.body(), fault, &mut lock(state)),
            Service::S3 => put_object(&request, &mut lock(state)),
        }
    }

    async fn put_records(&self, request: Request<Bytes>, fault: Option<Fault>, state: &Mutex<State>) -> Answer {
        let (head, body) = request.into_parts();
        let mut body: Value = serde_json::from_slice(&body).expect("JSON");
        let entries = body["Records"].as_array().expect("entries").clone();
        let failing: Vec<bool> = {
            let weather = &mut lock(state).weather;
            entries.iter().map(|_| fault == Some(Fault::FailEntries) && weather.fails(Service::Kinesis)).collect()
        };
        let carried_out: Vec<Value> =
            std::iter::zip(&entries, &failing).filter(|(_, fails)| !**fails).map(|(entry, _)| entry.clone()).collect();
        let mut results = Vec::new();
        if !carried_out.is_empty() {
            body["Records"] = carried_out.into();
            let request = Request::from_parts(head, Bytes::from(body.to_string()));
            let answer = plain(self.kinesis.answer(request).await);
            if answer.response.status() != StatusCode::OK {
                return answer;
            }
            let answer: Value = serde_json::from_slice(answer.response.body()).expect("JSON");
            results.clone_from(answer["Records"].as_array().expect("results"));
        }
        let ranges: HashMap<String, RangeInclusive<u128>> = self
            .sink_stream
            .shards()
            .into_iter()
            .map(|shard| (shard.id.as_str().to_owned(), shard.hash_keys.starting..=shard.hash_keys.ending))
            .collect();
        let mut results = results.into_iter();
        let mut state = lock(state);
        let mut told = Vec::with_capacity(entries.len());
        let mut stored_by_entry = Vec::with_capacity(entries.len());
        for (entry, fails) in std::iter::zip(&entries, failing) {
            if fails {
                told.push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."}));
                stored_by_entry.push(Vec::new());
                continue;
            }
            let result = results.next().expect("as many results as entries");
            let mut stored = Vec::new();
            if let Some(range) = result["ShardId"].as_str().and_then(|id| ranges.get(id)) {
                let key: Arc<str> = entry["PartitionKey"].as_str().expect("a partition key").into();
                for (_, data) in kcl_user_records(&key, &decoded(&entry["Data"]), range) {
                    stored.extend(state.model.arrived(&String::from_utf8_lossy(&data)));
                }
            }
            told.push(result);
            stored_by_entry.push(stored);
        }
        leave_out_end(Service::Kinesis, fault, &mut told, &mut state);
        // Of an answer with too few results the writer believes none.
        let is_whole = told.len() == entries.len();
        let acknowledged = stored_by_entry.into_iter().flatten().filter(|_| is_whole).collect();
        let failed = told.iter().filter(|result| result["ErrorCode"].is_string()).count();
        let answer = json!({"FailedRecordCount": failed, "Records": told, "EncryptionType": "NONE"});
        Answer { acknowledged, ..plain(json_protocol::answer(&answer)) }
    }
}

/// An answer that acknowledges no record.
fn plain(reply: Reply) -> Answer {
    let Reply::Response(response) = reply else { panic!("only the weather closes connections") };
    Answer { response, acknowledged: Vec::new() }
}

fn decoded(base64: &Value) -> Bytes {
    STANDARD.decode_to_vec(base64.as_str().expect("base64")).expect("base64").into()
}

/// Leaves out the end of an answer whose results are told by their places.
fn leave_out_end<T>(service: Service, fault: Option<Fault>, told: &mut Vec<T>, state: &mut State) {
    if fault == Some(Fault::LeaveOutEntries) {
        let left = told.iter().filter(|_| state.weather.fails(service)).count();
        told.truncate(left);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch {
    queue_url: String,
    entries: Vec<QueueEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueEntry {
    id: String,
    message_body: String,
    message_deduplication_id: Option<String>,
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
fn send_message_batch(body: &[u8], fault: Option<Fault>, state: &mut State) -> Answer {
    let request: SendMessageBatch = serde_json::from_slice(body).expect("a SendMessageBatch");
    assert!((1..=10).contains(&request.entries.len()), "{} messages in a request", request.entries.len());
    let is_quarantine = request.queue_url.contains(QUARANTINE);
    let (mut successful, mut failed, mut acknowledged) = (Vec::new(), Vec::new(), Vec::new());
    for QueueEntry { id, message_body, message_deduplication_id } in request.entries {
        if fault == Some(Fault::FailEntries) && state.weather.fails(Service::Sqs) {
            failed.push(json!({"Id": id, "Code": "InternalError", "SenderFault": false}));
            continue;
        }
        let is_left_out = fault == Some(Fault::LeaveOutEntries) && state.weather.fails(Service::Sqs);
        if is_left_out && state.weather.fails(Service::Sqs) {
            continue; // not stored either
        }
        let is_duplicate = message_deduplication_id.is_some_and(|id| state.is_duplicate(&request.queue_url, id));
        let stored = match is_quarantine {
            true => {
                quarantine(message_body.as_bytes(), state);
                None
            }
            false if is_duplicate => state.model.dropped_duplicate(&message_body),
            false => state.model.arrived(&message_body),
        };
        if is_left_out {
            continue;
        }
        acknowledged.extend(stored);
        successful.push(json!({"Id": id, "MessageId": "1", "MD5OfMessageBody": ""}));
    }
    let answer = json!({"Successful": successful, "Failed": failed});
    Answer { acknowledged, ..plain(json_protocol::answer(&answer)) }
}

/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>
fn put_record_batch(body: &[u8], fault: Option<Fault>, state: &mut State) -> Answer {
    let request: Value = serde_json::from_slice(body).expect("a PutRecordBatch");
    let entries = request["Records"].as_array().expect("records");
    assert!((1..=500).contains(&entries.len()), "{} records in a request", entries.len());
    let mut told = Vec::with_capacity(entries.len());
    let mut stored = Vec::with_capacity(entries.len());
    for entry in entries {
        if fault == Some(Fault::FailEntries) && state.weather.fails(Service::Firehose) {
            told.push(json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}));
            stored.push(None);
            continue;
        }
        let data = decoded(&entry["Data"]);
        let line = String::from_utf8_lossy(&data).into_owned();
        stored.push(state.model.arrived(line.strip_suffix('\n').expect("a line")));
        told.push(json!({"RecordId": "1"}));
    }
    leave_out_end(Service::Firehose, fault, &mut told, state);
    let acknowledged = stored.into_iter().take(told.len()).flatten().collect();
    let failed = told.iter().filter(|result| result["ErrorCode"].is_string()).count();
    let answer = json!({"FailedPutCount": failed, "Encrypted": false, "RequestResponses": told});
    Answer { acknowledged, ..plain(json_protocol::answer(&answer)) }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
fn put_object(request: &Request<Bytes>, state: &mut State) -> Answer {
    let path = request.uri().path();
    let mut acknowledged = Vec::new();
    match path.strip_prefix('/').and_then(|path| path.split_once('/')) {
        Some((QUARANTINE, _)) => quarantine(request.body(), state),
        Some((OVERSIZED, key)) => state.model.put_aside(key),
        Some((SINK, key)) => {
            let lines = request.body().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let plaintexts: Vec<String> = lines
                .map(|line| {
                    let line: Value = serde_json::from_slice(line).expect("a line of JSON");
                    line["text"].as_str().expect("text").to_owned()
                })
                .collect();
            acknowledged = state.model.object_stored(key, &plaintexts);
        }
        _ => panic!("an object at {path}"),
    }
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert("etag", hyper::header::HeaderValue::from_static("\"1\""));
    Answer { response, acknowledged }
}

fn quarantine(envelope: &[u8], state: &mut State) {
    let envelope = QuarantineEnvelope::parse(envelope).expect("an envelope");
    if let EnvelopePayload::S3Object(object) = &envelope.payload {
        assert_eq!(object.bucket, OVERSIZED);
        state.model.pointed_to(&object.key);
    }
    state.model.quarantined(&envelope.sequence_number, envelope.sub_sequence_number, &envelope.reason);
}

/// The answer of an error, in the protocol of `service`.
pub(super) fn error(service: Service, status: u16, code: &str) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).expect("a status");
    if code.is_empty() {
        // As of a proxy in between.
        let mut response = Response::new(Bytes::from_static(b"<html>no</html>"));
        *response.status_mut() = status;
        return response;
    }
    if service == Service::S3 {
        let mut response =
            Response::new(Bytes::from(format!("<Error><Code>{code}</Code><Message>no</Message></Error>")));
        *response.status_mut() = status;
        return response;
    }
    plain(json_protocol::error(status, code, "no")).response
}
