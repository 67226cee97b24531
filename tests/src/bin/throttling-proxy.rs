//! Puts a request quota in front of a KMS until it is ended.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::Parser;
use hyper::http::uri::Authority;
use local_stack::command_line::{asked_to_end, finish, loopback_address, positive};
use local_stack::kms::ThrottlingProxy;

/// A request quota in front of a KMS that has none, such as an emulator's.
///
/// Prints the variable that leads an AWS SDK to it. Runs until Ctrl-C.
/// PUT /_warmkeys/requests-per-second with a number as body replaces the quota.
#[derive(Debug, Parser)]
#[command(name = "throttling-proxy")]
struct Options {
    /// Where to listen: a loopback address with a port (port 0: any free one)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4597", value_parser = loopback_address)]
    listen: SocketAddr,
    /// The KMS behind, over plain HTTP: a host with a port
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    upstream: Authority,
    /// Answer requests beyond so many a second with ThrottlingException
    #[arg(long, value_name = "N", value_parser = positive)]
    requests_per_second: NonZeroU32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Options::parse()).await)
}

async fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let proxy = ThrottlingProxy::start(options.listen, options.upstream, options.requests_per_second).await?;
    writeln!(std::io::stdout(), "export AWS_ENDPOINT_URL_KMS={}", proxy.endpoint_url())?;
    asked_to_end().await?;
    Ok(ExitCode::SUCCESS)
}

fn host_and_port(text: &str) -> Result<Authority, String> {
    let authority = text.parse::<Authority>().ok().filter(|authority| authority.port_u16().is_some());
    authority.ok_or_else(|| "a host with a port is expected, such as 127.0.0.1:4566".to_owned())
}
