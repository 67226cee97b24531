//! Runs the embedded Kinesis with one empty stream until it is interrupted.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use local_stack::command_line::{asked_to_end, finish, loopback_address, milliseconds, positive};
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::stream::InMemoryStream;

/// A Kinesis on this machine with one empty stream in memory, whose shards take what the service's take.
///
/// Prints the variable that leads an AWS SDK to it. Runs until Ctrl-C; the records are gone then.
#[derive(Debug, Parser)]
#[command(name = "embedded-kinesis", bin_name = "cargo embedded-kinesis")]
struct Options {
    /// Where to listen: a loopback address with a port (port 0: any free one)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4598", value_parser = loopback_address)]
    listen: SocketAddr,
    /// The stream's name
    #[arg(long, value_name = "NAME", default_value = "local")]
    stream: String,
    /// How many shards the stream has
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    shards: NonZeroU32,
    /// The time that every answer takes
    #[arg(long, value_name = "N", default_value = "0", value_parser = milliseconds)]
    latency_milliseconds: Duration,
    /// Let every shard take everything
    #[arg(long)]
    without_limits: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let limits = if options.without_limits { KinesisSettings::unlimited() } else { KinesisSettings::default() };
    let settings = KinesisSettings { listen: options.listen, latency: options.latency_milliseconds, ..limits };
    let stream = Arc::new(InMemoryStream::new(&options.stream, options.shards.get()));
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), settings).await?;
    let mut output = std::io::stdout().lock();
    let (name, value) = kinesis.environment();
    writeln!(output, "export {name}={value}")?;
    writeln!(output, "# stream: {}", stream.arn())?;
    output.flush()?;
    drop(output);
    asked_to_end().await?;
    Ok(ExitCode::SUCCESS)
}
