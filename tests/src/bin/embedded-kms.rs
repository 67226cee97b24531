//! Runs the embedded KMS until it is interrupted.
//!
//!     embedded-kms [--listen 127.0.0.1:PORT] [--requests-per-second N] [--latency-milliseconds N]

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use local_stack::arguments::{ArgumentError, Arguments};
use local_stack::kms::{
    DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings, MULTI_REGION_DEVELOPMENT_KEY_ARN, SECOND_DEVELOPMENT_KEY_ARN,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let kms = EmbeddedKms::start(settings(Arguments::parse(std::env::args().skip(1))?)?).await?;
    let mut output = std::io::stdout().lock();
    for (name, value) in kms.environment() {
        writeln!(output, "export {name}={value}")?;
    }
    for arn in [DEVELOPMENT_KEY_ARN, SECOND_DEVELOPMENT_KEY_ARN, MULTI_REGION_DEVELOPMENT_KEY_ARN] {
        writeln!(output, "# published key: {arn}")?;
    }
    output.flush()?;
    drop(output);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn settings(mut arguments: Arguments) -> Result<KmsSettings, ArgumentError> {
    let mut settings = KmsSettings::unlimited();
    if let Some(listen) = arguments.value::<SocketAddr>("listen", "a loopback address with a port")? {
        settings.listen = listen;
    }
    settings.requests_per_second = arguments.value::<NonZeroU32>("requests-per-second", "a number from 1 on")?;
    if let Some(latency) = arguments.value("latency-milliseconds", "a number of milliseconds")? {
        settings.latency = Duration::from_millis(latency);
    }
    arguments.finish()?;
    Ok(settings)
}
