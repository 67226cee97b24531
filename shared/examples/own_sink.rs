//! A Lambda function of one's own: the same warm keys, retries and checkpoints, and a sink that no configuration knows.

#![expect(clippy::print_stdout, reason = "what an example shows")]

use std::sync::Arc;

use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use warmkeys::batch::{BatchProcessor, ShardBatch};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config::StreamDecryptorConfig;
use warmkeys::data_keys::{CachingDecryption, DecryptionKeyring};
use warmkeys::decryptor::Decryptor;
use warmkeys::delivery::Delivery;
use warmkeys::invocation::{InvocationDeadlines, catch_panic};
use warmkeys::kms::KmsClient;
use warmkeys::quarantine::ConfiguredQuarantine;
use warmkeys::records::OpenedRecord;
use warmkeys::retry::{ConcurrencyLimit, Deadline, Retrying};
use warmkeys::sinks::RecordSink;

struct CountByTenant;

impl RecordSink for CountByTenant {
    async fn deliver(&self, records: &[OpenedRecord], _deadline: Deadline) -> Delivery {
        for record in records {
            println!("{} {}", record.encryption_context.get("tenant").unwrap_or("?"), record.plaintext.len());
        }
        // Or `Delivery::stopped_at(n, error)`: then record `n` is the checkpoint.
        Delivery::complete(records.len())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = StreamDecryptorConfig::from_environment()?;
    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let kms = KmsClient::new(&sdk, &config.kms.client);
    let limit = ConcurrencyLimit::new(config.kms.max_concurrency);
    let retrying = Retrying::new(kms, config.kms.retry, limit, Arc::clone(&clock));
    let keyring = DecryptionKeyring::new(retrying, config.kms.keyring, Arc::clone(&clock));
    let deadlines = &InvocationDeadlines::new(config.runtime.function_timeout, Arc::clone(&clock));
    let processor = &BatchProcessor {
        decryptor: Decryptor {
            data_keys: CachingDecryption::new(keyring, &config.kms.cache, Arc::clone(&clock)),
            format: Arc::new(config.record_format),
            clock: Arc::clone(&clock),
            settings: config.decryptor,
        },
        sink: CountByTenant,
        quarantine: ConfiguredQuarantine::new(config.quarantine, &sdk, Arc::clone(&clock)),
        settings: config.batch,
        clock,
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        // Without it, the words of a panic in the sink would be answered and logged, whatever they quote.
        catch_panic(async {
            let deadline = deadlines.of_invocation(event.context.deadline);
            let report = processor
                .process(ShardBatch::read(Box::<str>::from(event.payload).into_boxed_bytes())?, deadline)
                .await?;
            Ok::<_, Error>(KinesisEventResponse::from(&report))
        })
        .await?
    }))
    .await
}
