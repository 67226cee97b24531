//! A Lambda function of one's own: the same warm keys, retries and checkpoints, and a sink that no configuration knows.

#![expect(clippy::print_stdout, reason = "what an example shows")]

use std::sync::Arc;

use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use warmkeys::batch::ShardBatch;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::config;
use warmkeys::delivery::Delivery;
use warmkeys::invocation::{InvocationDeadlines, catch_panic};
use warmkeys::lambda::StreamDecryptorConfig;
use warmkeys::records::OpenedRecord;
use warmkeys::retry::Deadline;
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
    let configured = config::from_environment(StreamDecryptorConfig::read)?.settings;
    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let deadlines = &InvocationDeadlines::new(configured.time.function_timeout, Arc::clone(&clock));
    let processor = &configured.into_processor(CountByTenant, &sdk, clock);
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
