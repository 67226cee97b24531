//! Lambda function: decrypts Kinesis batches and delivers them to a sink.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use stream_decryptor::{Config, StreamDecryptor};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::lambda;
use warmkeys::runtime_api;
use warmkeys::sinks::ConfiguredSink;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(Config { decryptor, sink }) = lambda::configure(&warmkeys::program!(), Config::read) else {
        return Ok(ExitCode::FAILURE); // told already, once
    };
    let sdk = aws_config::load_from_env().await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sink = ConfiguredSink::new(sink, &sdk, Arc::clone(&clock));
    let function_timeout = decryptor.time.function_timeout;
    let function = StreamDecryptor::new(decryptor.into_processor(sink, &sdk, clock), function_timeout);
    runtime_api::serve(|invocation| function.handle(invocation)).await?;
    Ok(ExitCode::SUCCESS)
}
