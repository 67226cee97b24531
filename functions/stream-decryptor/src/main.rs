//! Lambda function: decrypts Kinesis batches and delivers them to a sink.

use std::error::Error;
use std::sync::Arc;

use stream_decryptor::StreamDecryptor;
use warmkeys::batch::BatchProcessor;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config::StreamDecryptorConfig;
use warmkeys::data_keys::{CachingDecryption, DecryptionKeyring};
use warmkeys::decryptor::Decryptor;
use warmkeys::kms::KmsClient;
use warmkeys::logging;
use warmkeys::quarantine::ConfiguredQuarantine;
use warmkeys::retry::{ConcurrencyLimit, Retrying};

use warmkeys::runtime_api;
use warmkeys::sinks::ConfiguredSink;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = StreamDecryptorConfig::from_environment().map_err(logging::refuse_to_start)?;
    logging::start(config.runtime.log_level);

    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limit = ConcurrencyLimit::new(config.kms.max_concurrency);
    let kms = KmsClient::new(&sdk, &config.kms.client);
    let retrying = Retrying::new(kms, config.kms.retry, limit, Arc::clone(&clock));
    let keyring = DecryptionKeyring::new(retrying, config.kms.keyring, Arc::clone(&clock));

    let function = StreamDecryptor::new(
        BatchProcessor {
            decryptor: Decryptor {
                data_keys: CachingDecryption::new(keyring, &config.kms.cache, Arc::clone(&clock)),
                format: Arc::new(config.record_format),
                clock: Arc::clone(&clock),
                settings: config.decryptor,
            },
            sink: ConfiguredSink::new(config.sink, &sdk, Arc::clone(&clock)),
            quarantine: ConfiguredQuarantine::new(config.quarantine, &sdk, Arc::clone(&clock)),
            settings: config.batch,
            clock,
        },
        config.runtime.function_timeout,
    );
    Ok(runtime_api::serve(|invocation| function.handle(invocation)).await?)
}
