//! Puts a request quota in front of a KMS until it is ended.
//!
//!     throttling-proxy --listen 127.0.0.1:PORT --upstream 127.0.0.1:PORT --requests-per-second N

use std::error::Error;
use std::future;

use local_stack::arguments::{ArgumentError, Arguments};
use local_stack::kms::ThrottlingProxy;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = Arguments::parse(std::env::args().skip(1))?;
    let listen = required(arguments.value("listen", "a loopback address with a port")?, "listen")?;
    let upstream = required(arguments.value("upstream", "an address with a port")?, "upstream")?;
    let quota = required(arguments.value("requests-per-second", "a number from 1 on")?, "requests-per-second")?;
    arguments.finish()?;
    let _proxy = ThrottlingProxy::start(listen, upstream, quota).await?;
    future::pending().await
}

fn required<T>(value: Option<T>, name: &'static str) -> Result<T, ArgumentError> {
    value.ok_or(ArgumentError::Invalid { name, value: String::new(), expected: "a value" })
}
