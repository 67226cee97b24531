//! Encrypts records and writes them to a Kinesis stream from a service of your own, with the data keys reused.
//!
//! `cargo run --package warmkeys --example encrypt_and_put -- STREAM KMS_KEY_ARN`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what an example shows")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{CachingGeneration, GenerationKeyring, GenerationKeyringSettings, UsageLimits};
use warmkeys::encrypting_writer::{EncryptingSettings, EncryptingWriter, PlainRecord};
use warmkeys::kinesis::{KinesisClient, KinesisWriter, StreamIdentifier, WriterSettings};
use warmkeys::kms::{KmsClient, KmsSettings};
use warmkeys::materials_cache::CacheSettings;
use warmkeys::retry::{ConcurrencyLimit, Deadline, RetryPolicy, Retrying};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let stream = arguments.next().as_deref().and_then(StreamIdentifier::parse).ok_or("which stream?")?;
    let keys =
        GenerationKeyringSettings::new(arguments.next().ok_or("which KMS key?")?.parse()?, Vec::new(), Vec::new())?;

    // Once for the process: it holds the data keys, the connections and the shards' pace.
    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let kms = KmsClient::new(&sdk, &KmsSettings::default());
    let limit = ConcurrencyLimit::new(ConcurrencyLimit::DEFAULT_MAX);
    let keyring = GenerationKeyring::new(Retrying::new(kms, RetryPolicy::default(), limit, Arc::clone(&clock)), keys);
    let data_keys =
        CachingGeneration::new(keyring, &CacheSettings::default(), UsageLimits::default(), Arc::clone(&clock));
    let kinesis = KinesisClient::new(&sdk, stream);
    let kinesis = KinesisWriter::new(kinesis.clone(), kinesis, WriterSettings::default(), Arc::clone(&clock));
    let writer = EncryptingWriter::new(data_keys, kinesis, EncryptingSettings::default(), Arc::clone(&clock));

    let order = |number: u32| PlainRecord {
        partition_key: format!("customer-{}", number % 3).into(),
        explicit_hash_key: None,
        plaintext: format!(r#"{{"order": {number}}}"#).into(),
        encryption_context: [("tenant", "acme")].into_iter().collect(),
    };
    let deadline = Deadline::after(clock.now().monotonic, Duration::from_secs(10));
    for result in writer.write((0..10).map(order).collect(), deadline).await {
        match result {
            Ok(receipt) => println!("{} {}", receipt.shard_id, receipt.sequence_number),
            Err(error) => eprintln!("{error} ({:?})", error.outcome()),
        }
    }
    Ok(())
}
