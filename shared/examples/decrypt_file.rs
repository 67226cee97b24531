//! Decrypts captured records without Lambda: what `aws kinesis get-records` printed, one plaintext a line.
//!
//! `KMS_KEY_ARNS=arn:… AWS_REGION=… cargo run --package warmkeys --example decrypt_file -- records.json`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what an example shows")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config;
use warmkeys::lambda::StreamDecryptorConfig;
use warmkeys::retry::Deadline;

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRecords {
    records: Vec<Record>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    sequence_number: String,
    data: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let captured: GetRecords = serde_json::from_slice(&std::fs::read(path)?)?;
    let payloads = captured.records.iter().map(|record| STANDARD.decode_to_vec(&record.data).map(Into::into));
    let payloads = payloads.collect::<Result<Vec<bytes::Bytes>, _>>().map_err(|_| "a record's data is not base64")?;

    let config = config::from_environment(StreamDecryptorConfig::read)?.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let decryptor = config.into_decryptor(&aws_config::load_from_env().await, Arc::clone(&clock));
    let deadline = Deadline::after(clock.now().monotonic, Duration::from_secs(60));
    // Two records of one data key cost one request; within a longer run, a cached data key costs none.
    for (record, result) in std::iter::zip(&captured.records, decryptor.decrypt(payloads, deadline).await?) {
        match result {
            Ok(opened) => println!("{}", String::from_utf8_lossy(&opened.plaintext)),
            Err(error) => eprintln!("{}: {} ({})", record.sequence_number, error, error.class()),
        }
    }
    Ok(())
}
