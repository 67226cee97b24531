//! This repository's party to the exchange of messages in `tests/interoperability`, whose README documents the requests.
//!
//! Reads one request a line from standard input, answers each with one line on standard output, ends with the input.
//! KMS is the one that the environment leads to.

mod opening;
mod request;
mod wrapping_keys;
mod writing;

use std::error::Error;
use std::io::Write;

use serde_json::{Value, json};

use request::Request;
use wrapping_keys::Kms;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let kms = Kms::connect().await;
    let mut output = std::io::stdout().lock();
    // Nothing else happens meanwhile: the runtime may wait with this thread.
    for line in std::io::stdin().lines() {
        let answer = match answer(&line?, &kms).await {
            Ok(done) => json!({ "done": done }),
            Err(error) => json!({ "refused": with_sources(error.as_ref()) }),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

async fn answer(line: &str, kms: &Kms) -> Result<Value, Box<dyn Error>> {
    match serde_json::from_str(line)? {
        Request::Write(request) => writing::write(&request, kms).await,
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
