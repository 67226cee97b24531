//! Logs, on standard error: one JSON object per line, or lines to read.
//!
//! Every line of an invocation has the fields of the span that `invocation_span` makes, at every level. Below it are spans for what takes time:
//! `data_keys` with `kms`, `open`, `deliver`, `quarantine`.
//!
//! The level holds for this crate and for the crates that a program names as its own ([`Program`], [`include()`]). All others are let
//! through from `warn` on only, whatever the level: the debug events of the HTTP stack and the SDK carry response bodies, and with
//! them plaintext data keys. It lists what may be logged, not what may not, since nobody knows all crates that do so.

mod json_lines;
mod variables;

use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

use self::json_lines::JsonLines;
use crate::config::{Changed, ConfigError};

pub use variables::VARIABLES;

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// How much.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// How much is logged of this crate and the program's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What ends the process, or ends an invocation as a mistake in the program.
    Fatal,
    /// And what made an invocation fail.
    Error,
    /// And what an operator should look at: checkpoints, quarantined records.
    Warn,
    /// And one line an invocation.
    #[default]
    Info,
    /// And what each part decided.
    Debug,
    /// And what the program's own crates tell beyond that.
    Trace,
}

impl LogLevel {
    /// The level that metrics pass as: the function's own, and `INFO` at the least detailed. Lambda drops JSON lines below the function's level.
    #[must_use]
    pub fn of_metrics(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info | Self::Debug | Self::Trace => "INFO",
        }
    }
}

/// The form of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, as Lambda's filters and queries need them.
    #[default]
    Json,
    /// A line to read.
    Text,
}

/// The program that logs. [`program!`](crate::program) makes it, of the crate that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The crate's name, as in paths: what its log events begin with.
    pub crate_name: &'static str,
}

/// The [`Program`](crate::logging::Program) of the crate that this stands in.
#[macro_export]
macro_rules! program {
    () => {
        $crate::logging::Program {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            crate_name: env!("CARGO_CRATE_NAME"),
        }
    };
}

/// Starts logging, of panics too. A second call changes nothing.
pub fn start(settings: LogSettings, program: &Program) {
    let (filter, handle) = reload::Layer::new(targets(settings.level, &[program.crate_name]));
    let lines = match settings.format {
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLines);
            layer.with_writer(std::io::stderr).boxed()
        }
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed(),
    };
    match tracing_subscriber::registry().with(filter).with(lines).try_init() {
        Ok(()) => {
            let _first = FILTER.set((handle, settings.level));
            std::panic::set_hook(Box::new(log_panic));
        }
        Err(_) => tracing::debug!("logging was started before"),
    }
}

/// Has the level hold for the crate `crate_name` too, from now on. It must not be one that logs what it sends or receives.
pub fn include(crate_name: &str) {
    let Some((filter, level)) = FILTER.get() else { return };
    let target = own_level(*level);
    let _gone = filter.modify(|targets| *targets = std::mem::take(targets).with_target(crate_name.to_owned(), target));
}

/// The span of an invocation: what is logged within it tells which invocation, which version and, once it is [known](note_stream), which shard
/// it is about.
pub(crate) fn invocation_span(request_id: &str, is_cold_start: bool) -> Span {
    // Of the level and the target that are let through at every level.
    tracing::error_span!(
        "invocation",
        requestId = request_id,
        version = env!("CARGO_PKG_VERSION"),
        coldStart = is_cold_start,
        streamName = tracing::field::Empty,
        shardId = tracing::field::Empty,
    )
}

/// From here on, lines of the invocation at hand tell the stream, and the shard where it is read.
pub fn note_stream(stream_name: &str, shard_id: Option<&str>) {
    let span = Span::current();
    span.record("streamName", stream_name);
    if let Some(shard_id) = shard_id {
        span.record("shardId", shard_id);
    }
}

/// Logs that the program has started, with all settings that differ from their defaults.
pub fn started(program: &Program, changed: &[Changed]) {
    let shown = |changed: &Changed| match &changed.value {
        Some(value) => format!("{}={value}", changed.name),
        None => format!("{} (not shown)", changed.name),
    };
    let settings: Vec<_> = changed.iter().map(shown).collect();
    let Program { name, version, .. } = program;
    tracing::info!(function = name, version, settings = settings.join(", "), "started");
}

/// Logs what is wrong with a configuration, one line a problem.
pub fn refuse_to_start(error: &ConfigError) {
    for problem in &error.problems {
        tracing::error!(variable = problem.name, "refusing to start: {problem}");
    }
}

/// The filter of the running program, and the level that it was started with.
static FILTER: OnceLock<(reload::Handle<Targets, Registry>, LogLevel)> = OnceLock::new();

fn targets(level: LogLevel, own_crates: &[&str]) -> Targets {
    let own = own_level(level);
    let others = own.min(LevelFilter::WARN);
    let targets = Targets::new().with_default(others).with_target(env!("CARGO_CRATE_NAME"), own);
    let targets = own_crates.iter().fold(targets, |targets, own_crate| targets.with_target(*own_crate, own));
    // This module tells of what ends the process.
    targets.with_target(module_path!(), own.max(LevelFilter::ERROR))
}

fn own_level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Fatal => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Logs where the program panicked, and not with what words: those may quote the value that nobody expected.
fn log_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(location) => {
            tracing::error!(
                file = location.file(),
                line = location.line(),
                "panicked, which is a mistake in this program: the invocation fails, and its records come again; report file and line"
            );
        }
        None => {
            tracing::error!("panicked at an unknown place, which is a mistake in this program: the invocation fails")
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;
    use crate::config;

    #[test]
    fn the_level_holds_for_this_crate_and_the_programs_own() {
        let targets = targets(LogLevel::Debug, &["orders"]);
        assert!(targets.would_enable("warmkeys::kms", &Level::DEBUG));
        assert!(targets.would_enable("orders::sink", &Level::DEBUG));
        assert!(!targets.would_enable("orders", &Level::TRACE));
    }

    #[test]
    fn other_crates_are_heard_from_warnings_on_whatever_the_level() {
        for level in [LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            let targets = targets(level, &["orders"]);
            for other in ["hyper", "hyper_util::client", "aws_smithy_runtime", "aws_smithy_http_client", "h2", "rustls"]
            {
                assert!(
                    targets.would_enable(other, &Level::WARN) && !targets.would_enable(other, &Level::INFO),
                    "{other}"
                );
            }
        }
        assert!(!targets(LogLevel::Error, &[]).would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn at_fatal_only_what_ends_the_process_is_told() {
        let targets = targets(LogLevel::Fatal, &["orders"]);
        assert!(targets.would_enable("warmkeys::logging", &Level::ERROR));
        for other in ["warmkeys::batch", "orders", "hyper"] {
            assert!(!targets.would_enable(other, &Level::ERROR), "{other}");
        }
    }

    #[test]
    fn lambdas_own_variables_are_obeyed_in_its_own_words() {
        let read = |variables: &[(&str, &str)]| {
            config::read(variables.iter().copied(), |environment| environment.group(&VARIABLES))
                .map(|read| read.settings)
        };
        let settings = |level, format| Ok(LogSettings { level, format });
        assert_eq!(read(&[]), settings(LogLevel::Info, LogFormat::Json));
        let both = [("AWS_LAMBDA_LOG_LEVEL", "FATAL"), ("AWS_LAMBDA_LOG_FORMAT", "Text")];
        assert_eq!(read(&both), settings(LogLevel::Fatal, LogFormat::Text));
        assert_eq!(read(&[("AWS_LAMBDA_LOG_LEVEL", "debug")]), settings(LogLevel::Debug, LogFormat::Json));
        let old = read(&[("LOG_LEVEL", "debug")]).unwrap_err().to_string();
        assert!(old.contains("LOG_LEVEL is no longer a variable; use AWS_LAMBDA_LOG_LEVEL"), "{old}");
    }
}
