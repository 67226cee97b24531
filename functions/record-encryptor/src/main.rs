//! Lambda function: encrypts records in bulk under reused data keys and writes them to a Kinesis stream.

use std::sync::Arc;

use lambda_runtime::{Error, service_fn};
use record_encryptor::RecordEncryptor;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config::RecordEncryptorConfig;
use warmkeys::data_keys::{CachingGeneration, GenerationKeyring};
use warmkeys::encrypting_writer::EncryptingWriter;
use warmkeys::kinesis::{KinesisClient, KinesisWriter};
use warmkeys::kms::KmsClient;
use warmkeys::logging;
use warmkeys::retry::{ConcurrencyLimit, Retrying};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = RecordEncryptorConfig::from_environment().map_err(logging::refuse_to_start)?;
    logging::start(config.runtime.log_level);

    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limit = ConcurrencyLimit::new(config.kms.max_concurrency);
    let kms = KmsClient::new(&sdk, &config.kms.client);
    let retrying = Retrying::new(kms, config.kms.retry, limit, Arc::clone(&clock));
    let keyring = GenerationKeyring::new(retrying, config.wrapping_keys);
    let data_keys = CachingGeneration::new(keyring, &config.cache, config.usage_limits, Arc::clone(&clock));
    let kinesis = KinesisClient::new(&sdk, config.stream);
    let writer = KinesisWriter::new(kinesis.clone(), kinesis, config.writer, Arc::clone(&clock));

    let function = RecordEncryptor::new(
        EncryptingWriter::new(data_keys, writer, config.encrypting, Arc::clone(&clock)),
        config.runtime.function_timeout,
        clock,
    );
    lambda_runtime::run(service_fn(|event| function.handle(event))).await
}
