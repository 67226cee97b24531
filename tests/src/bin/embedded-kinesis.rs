//! Runs the embedded Kinesis with one empty stream until it is interrupted.
//!
//!     embedded-kinesis [--listen 127.0.0.1:PORT] [--stream NAME] [--shards N] [--latency-milliseconds N] [--without-limits]

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use local_stack::arguments::{ArgumentError, Arguments};
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::stream::InMemoryStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (stream, settings) = settings(Arguments::parse(std::env::args().skip(1))?)?;
    let stream = Arc::new(stream);
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), settings).await?;
    let mut output = std::io::stdout().lock();
    let (name, value) = kinesis.environment();
    writeln!(output, "export {name}={value}")?;
    writeln!(output, "# stream: {}", stream.arn())?;
    output.flush()?;
    drop(output);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn settings(mut arguments: Arguments) -> Result<(InMemoryStream, KinesisSettings), ArgumentError> {
    let mut settings = KinesisSettings::default();
    if let Some(listen) = arguments.value::<SocketAddr>("listen", "a loopback address with a port")? {
        settings.listen = listen;
    }
    let name = arguments.value::<String>("stream", "a stream's name")?.unwrap_or_else(|| "local".to_owned());
    let shards = arguments.value::<NonZeroU32>("shards", "a number from 1 on")?.map_or(1, NonZeroU32::get);
    if let Some(latency) = arguments.value("latency-milliseconds", "a number of milliseconds")? {
        settings.latency = Duration::from_millis(latency);
    }
    if arguments.flag("without-limits")? {
        settings.shard_limits = None;
    }
    arguments.finish()?;
    Ok((InMemoryStream::new(&name, shards), settings))
}
