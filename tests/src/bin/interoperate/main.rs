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

use local_stack::arguments::Arguments;
use serde_json::{Value, json};

use request::Request;
use through_function::RecordEncryptor;
use wrapping_keys::Kms;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::parse(std::env::args().skip(1))?;
    let function = match arguments.value::<PathBuf>("record-encryptor", "an executable")? {
        Some(binary) => Some(RecordEncryptor::start(binary).await?),
        None => None,
    };
    arguments.finish()?;
    let kms = Kms::connect().await;
    let mut output = std::io::stdout().lock();
    // Nothing else happens meanwhile: the runtime may wait with this thread.
    for line in std::io::stdin().lines() {
        let answer = match answer(&line?, &kms, function.as_ref()).await {
            Ok(done) => json!({ "done": done }),
            Err(error) => json!({ "refused": with_sources(error.as_ref()) }),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
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

/// The error and what caused it, in one line.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
