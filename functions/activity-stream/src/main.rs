//! Lambda function: decrypts Aurora and RDS database activity streams and delivers their events to a sink.

use std::alloc::System;
use std::process::ExitCode;

use activity_stream::{ActivityEvents, Config, Output};
use warmkeys::lambda::{Error, StreamDecryptor, configure};
use warmkeys::sinks::ConfiguredSink;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back. Data keys pass through memory of others: the buffers of TLS, HTTP and the SDK.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let Some(Config { decryptor, output, filter, sink }) = configure(&warmkeys::program!(), Config::read) else {
        return Ok(ExitCode::FAILURE); // the problems were logged
    };
    let decryptor = StreamDecryptor::new(decryptor).await;
    let sink = ConfiguredSink::new(sink, decryptor.sdk_config(), decryptor.clock());
    match output {
        Output::Documents => decryptor.deliver_to(sink).run().await?,
        Output::Events => decryptor.deliver_to(ActivityEvents::new(sink, filter)).run().await?,
    }
    Ok(ExitCode::SUCCESS)
}
