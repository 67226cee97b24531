//! Lambda function: encrypts records in bulk under reused data keys and writes them to a Kinesis stream.

use std::alloc::System;
use std::process::ExitCode;
use std::sync::Arc;

use record_encryptor::{Config, RecordEncryptor};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{CachingGeneration, GenerationKeyring};
use warmkeys::encrypting_writer::EncryptingWriter;
use warmkeys::kinesis::{KinesisClient, KinesisWriter};
use warmkeys::kms::KmsClient;
use warmkeys::lambda::{self, Error, FunctionMetrics, runtime_api};
use warmkeys::retry::{ConcurrencyLimit, Retrying};
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back. Data keys pass through memory of others: the buffers of TLS, HTTP and the SDK.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let Some(config) = lambda::configure(&warmkeys::program!(), Config::read) else {
        return Ok(ExitCode::FAILURE); // the problems were logged
    };
    let sdk = lambda::sdk_config().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limit = ConcurrencyLimit::new(config.kms.max_concurrency);
    let kms = KmsClient::new(&sdk, &config.kms.client);
    let retrying = Retrying::new(kms, config.kms.retry, limit, Arc::clone(&clock));
    let keyring = GenerationKeyring::new(retrying, config.keyring);
    let data_keys = CachingGeneration::new(keyring, &config.cache, config.usage_limits, Arc::clone(&clock));
    let metrics = FunctionMetrics::new(&config.metrics, config.logs, Arc::clone(&clock));
    let stream_name = config.stream.name().to_owned();
    let kinesis = KinesisClient::new(&sdk, config.stream);
    let writer = KinesisWriter::new(kinesis.clone(), kinesis, config.writer, Arc::clone(&clock));
    let writer = EncryptingWriter::new(data_keys, writer, config.encrypting, Arc::clone(&clock));
    let function =
        RecordEncryptor::new(writer, config.time.function_timeout, clock).with_metrics(metrics, &stream_name);
    runtime_api::serve(|invocation| function.handle(invocation)).await?;
    Ok(ExitCode::SUCCESS)
}
