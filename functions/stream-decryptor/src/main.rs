//! Lambda function: decrypts Kinesis batches and delivers them to a sink.

use std::process::ExitCode;

use stream_decryptor::Config;
use warmkeys::lambda::{Error, StreamDecryptor, configure};
use warmkeys::sinks::ConfiguredSink;

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let Some(Config { decryptor, sink }) = configure(&warmkeys::program!(), Config::read) else {
        return Ok(ExitCode::FAILURE); // told already, once
    };
    let decryptor = StreamDecryptor::new(decryptor).await;
    let sink = ConfiguredSink::new(sink, decryptor.sdk_config(), decryptor.clock());
    decryptor.deliver_to(sink).run().await?;
    Ok(ExitCode::SUCCESS)
}
