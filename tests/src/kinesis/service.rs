//! From an HTTP request to its answer: protocol, script, limits, log.

use std::future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warmkeys::clock::Clock;

use super::answer::{describe_stream_summary, list_shards, merge_shards, split_shard};
use super::call_log::CallLog;
use super::effect::{Effect, ScriptedFault};
use super::embedded_kinesis::KinesisSettings;
use super::error::KinesisError;
use super::operation::Operation;
use super::put_records;
use super::reading::{get_records, get_shard_iterator};
use super::shard_limits::ShardQuotas;
use crate::json_protocol;
use crate::loopback_server::{AnswerRequest, Reply};
use crate::script::Script;
use crate::stream::InMemoryStream;
use crate::unpoisoned::lock;

/// Answers the Kinesis protocol for one stream.
#[derive(Debug)]
pub(crate) struct KinesisService {
    stream: Arc<InMemoryStream>,
    latency: Duration,
    max_record_bytes: usize,
    shards_per_page: NonZeroUsize,
    clock: Arc<dyn Clock>,
    /// Guards everything that a call reads or changes besides the stream; never held across an await.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    quotas: ShardQuotas,
    script: Script<Operation, Effect>,
    calls: CallLog,
}

impl KinesisService {
    pub(crate) fn new(stream: Arc<InMemoryStream>, settings: &KinesisSettings, clock: Arc<dyn Clock>) -> Self {
        let quotas = ShardQuotas::new(settings.shard_limits);
        Self {
            stream,
            latency: settings.latency,
            max_record_bytes: settings.max_record_bytes.get(),
            shards_per_page: settings.shards_per_page,
            clock,
            state: Mutex::new(State { quotas, script: Script::default(), calls: CallLog::default() }),
        }
    }

    pub(super) fn calls(&self) -> CallLog {
        lock(&self.state).calls.clone()
    }

    pub(super) fn script(&self, fault: ScriptedFault) {
        lock(&self.state).script.add(fault);
    }

    async fn answer_kinesis(&self, request: &Request<Bytes>) -> Reply {
        let operation = json_protocol::operation(request, "Kinesis_20131202").and_then(Operation::parse);
        let Some(operation) = operation else { return reply(Err(KinesisError::UnknownOperation)) };
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let effect = self.count_and_disturb(operation);
        let body = request.body();
        match effect {
            None => reply(self.carry_out(operation, body, None)),
            Some(Effect::Fail { code }) => reply(Err(KinesisError::Scripted { code })),
            Some(Effect::FailEntries { nth }) => reply(self.carry_out(operation, body, Some(nth))),
            Some(Effect::Hang) => future::pending().await,
            Some(Effect::CloseConnection { carried_out }) => {
                if carried_out {
                    // Whether it succeeded is what nobody gets to know.
                    let _ = self.carry_out(operation, body, None);
                }
                Reply::CloseConnection
            }
            Some(Effect::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                reply(self.carry_out(operation, body, None))
            }
        }
    }

    fn count_and_disturb(&self, operation: Operation) -> Option<Effect> {
        let mut state = lock(&self.state);
        *state.calls.by_operation.entry(operation).or_default() += 1;
        state.script.next(&operation)
    }

    fn carry_out(
        &self,
        operation: Operation,
        body: &[u8],
        failing: Option<NonZeroUsize>,
    ) -> Result<Value, KinesisError> {
        match operation {
            Operation::PutRecords => self.put_records(body, failing),
            Operation::ListShards => list_shards(&self.stream, &read(body)?, self.shards_per_page.get()),
            Operation::DescribeStreamSummary => describe_stream_summary(&self.stream, &read(body)?),
            Operation::SplitShard => split_shard(&self.stream, &read(body)?),
            Operation::MergeShards => merge_shards(&self.stream, &read(body)?),
            Operation::GetShardIterator => get_shard_iterator(&self.stream, &read(body)?),
            Operation::GetRecords => get_records(&self.stream, &read(body)?, self.clock.now().wall),
        }
    }

    fn put_records(&self, body: &[u8], failing: Option<NonZeroUsize>) -> Result<Value, KinesisError> {
        let entries = put_records::check(read(body)?, &self.stream, self.max_record_bytes)?;
        let mut state = lock(&self.state);
        let (answer, counts) = entries.put(&self.stream, &mut state.quotas, failing, self.clock.now());
        state.calls.entries.written += counts.written;
        state.calls.entries.throttled += counts.throttled;
        state.calls.entries.failed += counts.failed;
        Ok(answer)
    }
}

impl AnswerRequest for KinesisService {
    /// A `PutRecords` request has at most 10 MiB before base64, and some bytes around each of its 500 entries.
    /// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
    const MAX_REQUEST_BODY: usize = 16 * 1024 * 1024;

    async fn answer(&self, request: Request<Bytes>) -> Reply {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/") => self.answer_kinesis(&request).await,
            _ => Reply::json(StatusCode::NOT_FOUND, r#"{"message":"no such path"}"#),
        }
    }
}

fn read<R: DeserializeOwned>(body: &[u8]) -> Result<R, KinesisError> {
    serde_json::from_slice(body).map_err(|error| KinesisError::Serialization(error.to_string()))
}

fn reply(result: Result<Value, KinesisError>) -> Reply {
    match result {
        Ok(answer) => json_protocol::answer(&answer),
        Err(error) => json_protocol::error(error.status(), error.code(), &error.to_string()),
    }
}
