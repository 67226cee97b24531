//! This repository's parties to the exchange of messages in `tests/interoperability`, whose README documents the requests.
//!
//!     interoperate                                   writes and opens with the library
//!     interoperate --record-encryptor EXECUTABLE     writes with the built function
//!
//! Reads one request a line from standard input, answers each with one line on standard output, ends with the input.
//! KMS is the one that the environment leads to.

mod opening;
mod request;
mod through_function;
mod wrapping_keys;
mod writing;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local_stack::command_line::finish;
use serde_json::{Value, json};
use warmkeys::failure::describe;

use request::Request;
use through_function::RecordEncryptor;
use wrapping_keys::Kms;

/// Writes and opens messages of the AWS Encryption SDK, as tests/interoperability asks for them: one request a line from standard
/// input, one answer a line on standard output.
#[derive(Debug, Parser)]
#[command(name = "interoperate")]
struct Options {
    /// Write with this build of record-encryptor, instead of the library
    #[arg(long, value_name = "EXECUTABLE")]
    record_encryptor: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let function = match options.record_encryptor {
        Some(binary) => Some(RecordEncryptor::start(binary).await?),
        None => None,
    };
    let kms = Kms::connect().await;
    let mut output = std::io::stdout().lock();
    // Nothing else happens meanwhile: the runtime may wait with this thread.
    for line in std::io::stdin().lines() {
        let answer = match answer(&line?, &kms, function.as_ref()).await {
            Ok(done) => json!({ "done": done }),
            Err(error) => json!({ "refused": describe(&*error) }),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn answer(line: &str, kms: &Kms, function: Option<&RecordEncryptor>) -> Result<Value, Box<dyn Error>> {
    match serde_json::from_str(line)? {
        Request::Write(request) => match function {
            Some(function) => function.write(&request).await,
            None => writing::write(&request, kms).await,
        },
        Request::Open(request) => opening::open(&request, kms).await,
    }
}
