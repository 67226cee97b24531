//! Logs: one JSON object a line, on standard error.

use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::ConfigError;

/// How much this project's own code logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// What made an invocation fail.
    Error,
    /// And what an operator should look at: checkpoints, quarantined records.
    Warn,
    /// And one line an invocation.
    Info,
    /// And what each part decided.
    Debug,
}

/// Starts logging, of panics too. A second call changes nothing.
///
/// Other crates' events are let through from `warn` on only, whatever `level` says: the HTTP stack's own debug events
/// would carry response bodies, and with them plaintext data keys.
pub fn start(level: LogLevel) {
    let own = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let others = own.min(Level::WARN);
    let targets = OWN_TARGETS
        .iter()
        .fold(Targets::new().with_default(others), |targets, target| targets.with_target(*target, own));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    let started = tracing_subscriber::registry().with(targets).with(lines).try_init();
    match started {
        Ok(()) => std::panic::set_hook(Box::new(log_panic)),
        Err(_) => tracing::debug!("logging was started before"),
    }
}

/// Logs where the program panicked, and not with what words: those may quote the value that nobody expected.
fn log_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(location) => tracing::error!(file = location.file(), line = location.line(), "panicked"),
        None => tracing::error!("panicked at an unknown place"),
    }
}

/// Logs what is wrong with a configuration, one line a problem, and hands it on for the process to end with.
pub fn refuse_to_start(error: ConfigError) -> ConfigError {
    start(LogLevel::Error);
    for problem in &error.problems {
        tracing::error!(variable = problem.name, "refusing to start: {} {}", problem.name, problem.what);
    }
    error
}

/// The crates whose events follow the configured level.
const OWN_TARGETS: &[&str] = &["warmkeys", "stream_decryptor", "record_encryptor"];
