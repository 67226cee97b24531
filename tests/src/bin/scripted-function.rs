//! A function that does what its event says: for tests of the sandboxes and of the event source mapping.
//!
//! Invoked with `{"do": …}`, it does that one thing. Invoked with a Kinesis event, it prints each record's data as a line;
//! a record whose data is `{"do": …}` is done instead of printed. With `"once": "<name>"` a thing is done by the first
//! invocation that comes to it, and not again: a file of that name in `SCRATCH_DIRECTORY` remembers it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64_simd::STANDARD;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use local_stack::command_line::finish;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Instruction {
    once: Option<String>,
    #[serde(flatten)]
    action: Action,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Action {
    /// Answers with this.
    Answer { body: Value },
    /// Reports an error.
    Fail,
    /// Ends the process.
    Exit { status: i32 },
    /// Lets time pass first.
    Sleep { milliseconds: u64 },
    /// Answers with the process id, the invocation's deadline and the variables of the environment.
    Describe,
    /// Names this record as the checkpoint.
    Checkpoint,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run().await.map(|()| ExitCode::SUCCESS).map_err(|error| -> Box<dyn std::error::Error> { error }))
}

async fn run() -> Result<(), Error> {
    let scratch = variable("SCRATCH_DIRECTORY").map(PathBuf::from);
    if variable("FAIL_AT_START").is_some() {
        return Err("asked to fail at the start".into());
    }
    lambda_runtime::run(service_fn(|event| handle(event, scratch.as_deref()))).await
}

#[expect(clippy::disallowed_methods, reason = "this function's whole configuration")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

async fn handle(event: LambdaEvent<Value>, scratch: Option<&Path>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let Some(records) = payload.get("Records").and_then(Value::as_array) else {
        let answer = act(serde_json::from_value(payload)?, "", context.deadline).await?;
        return Ok(answer.unwrap_or_else(|| json!({})));
    };
    for record in records {
        let sequence_number = record.pointer("/kinesis/sequenceNumber").and_then(Value::as_str).unwrap_or_default();
        let data = record.pointer("/kinesis/data").and_then(Value::as_str).unwrap_or_default();
        let data = STANDARD.decode_to_vec(data)?;
        let instruction: Option<Instruction> = serde_json::from_slice(&data).ok();
        match instruction {
            Some(instruction) if is_due(&instruction, scratch) => {
                if let Some(answer) = act(instruction, sequence_number, context.deadline).await? {
                    return Ok(answer);
                }
            }
            _ => {
                let mut line = data;
                line.push(b'\n');
                std::io::stdout().write_all(&line)?;
            }
        }
    }
    Ok(json!({"batchItemFailures": []}))
}

/// Whether nobody has done it before, where that matters.
fn is_due(instruction: &Instruction, scratch: Option<&Path>) -> bool {
    match (&instruction.once, scratch) {
        (Some(name), Some(scratch)) => OpenOptions::new().write(true).create_new(true).open(scratch.join(name)).is_ok(),
        _ => true,
    }
}

async fn act(instruction: Instruction, sequence_number: &str, deadline: u64) -> Result<Option<Value>, Error> {
    match instruction.action {
        Action::Answer { body } => Ok(Some(body)),
        Action::Fail => Err("asked to fail".into()),
        Action::Exit { status } => std::process::exit(status),
        Action::Sleep { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            Ok(None)
        }
        Action::Describe => {
            let names: Vec<_> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
            Ok(Some(json!({"process": std::process::id(), "deadline": deadline, "variables": names})))
        }
        Action::Checkpoint => Ok(Some(json!({"batchItemFailures": [{"itemIdentifier": sequence_number}]}))),
    }
}
