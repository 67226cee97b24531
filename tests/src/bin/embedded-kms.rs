//! Runs the embedded KMS until it is interrupted.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use local_stack::command_line::{asked_to_end, finish, loopback_address, milliseconds, positive};
use local_stack::kms::{
    DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings, MULTI_REGION_DEVELOPMENT_KEY_ARN, SECOND_DEVELOPMENT_KEY_ARN,
};

/// An AWS KMS on this machine, with three keys whose material is published: for development only.
///
/// Prints the variables that lead an AWS SDK to it, and the ARNs of its keys. Runs until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "embedded-kms", bin_name = "cargo embedded-kms")]
struct Options {
    /// Where to listen: a loopback address with a port (port 0: any free one)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599", value_parser = loopback_address)]
    listen: SocketAddr,
    /// Answer requests beyond so many a second with ThrottlingException [default: no quota]
    #[arg(long, value_name = "N", value_parser = positive)]
    requests_per_second: Option<NonZeroU32>,
    /// The time that every answer takes
    #[arg(long, value_name = "N", default_value = "0", value_parser = milliseconds)]
    latency_milliseconds: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let Options { listen, requests_per_second, latency_milliseconds: latency } = options;
    let kms = EmbeddedKms::start(KmsSettings { listen, requests_per_second, latency }).await?;
    let mut output = std::io::stdout().lock();
    for (name, value) in kms.environment() {
        writeln!(output, "export {name}={value}")?;
    }
    for arn in [DEVELOPMENT_KEY_ARN, SECOND_DEVELOPMENT_KEY_ARN, MULTI_REGION_DEVELOPMENT_KEY_ARN] {
        writeln!(output, "# published key: {arn}")?;
    }
    output.flush()?;
    drop(output);
    asked_to_end().await?;
    Ok(ExitCode::SUCCESS)
}
