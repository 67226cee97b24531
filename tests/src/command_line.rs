//! What the programs that are started by hand have in common: how values are read, how errors are told, when they end.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use warmkeys::failure::describe;

/// Ends a program: tells an error in words, with its causes, and makes the exit code 1 of it.
///
/// A wrong command line never comes this far: the parser tells what is allowed and exits with 2.
#[expect(clippy::print_stderr, reason = "the last thing that a program has to say")]
pub fn finish(result: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", describe(&*error));
        ExitCode::FAILURE
    })
}

/// Waits until the program is asked to end: by Ctrl-C, or by what `kill` sends.
///
/// # Errors
/// If the operating system does not let a program listen for these.
pub async fn asked_to_end() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

/// Reads a number from 1 on.
///
/// # Errors
/// Words for the user.
pub fn positive(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "a whole number from 1 on is expected".to_owned())
}

/// Reads the address that a program listens on.
///
/// # Errors
/// Words for the user.
pub fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
    address.ok_or_else(|| {
        "a loopback address with a port is expected, such as 127.0.0.1:4599 (port 0: any free one)".to_owned()
    })
}

/// Reads a number of milliseconds.
///
/// # Errors
/// Words for the user.
pub fn milliseconds(text: &str) -> Result<Duration, String> {
    let milliseconds = text.parse::<u32>().map_err(|_| "a whole number of milliseconds is expected".to_owned())?;
    Ok(Duration::from_millis(milliseconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_one_and_durations_at_zero() {
        assert_eq!(positive("1"), Ok(NonZeroU32::MIN));
        assert!(positive("0").is_err() && positive("many").is_err() && positive("-1").is_err());
        assert_eq!(milliseconds("0"), Ok(Duration::ZERO));
        assert!(milliseconds("-1").is_err());
    }

    #[test]
    fn only_an_address_of_this_machine_is_listened_on() {
        assert_eq!(loopback_address("127.0.0.1:0").unwrap().port(), 0);
        for refused in ["0.0.0.0:80", "192.0.2.1:80", "127.0.0.1", "localhost:80"] {
            assert!(loopback_address(refused).unwrap_err().contains("127.0.0.1:4599"), "{refused}");
        }
    }
}
