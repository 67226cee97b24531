//! The variables of logs: Lambda's own, which it sets from the function's logging configuration.

use super::{LogFormat, LogLevel, LogSettings};
use crate::config::{Choice, Group, Replaced};

/// What is logged, and how.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>
pub const VARIABLES: Group<LogSettings> = Group {
    heading: "Logs",
    variables: &[&LEVEL, &FORMAT],
    replaced: &[Replaced {
        name: "LOG_LEVEL",
        by: "AWS_LAMBDA_LOG_LEVEL, which Lambda sets from the function's LoggingConfig (ApplicationLogLevel)",
    }],
    read: |environment| {
        let level = environment.read(&LEVEL);
        let format = environment.read(&FORMAT);
        Some(LogSettings { level: level?, format: format? })
    },
};

const LEVEL: Choice<LogLevel> = Choice {
    name: "AWS_LAMBDA_LOG_LEVEL",
    choices: &[
        ("INFO", LogLevel::Info),
        ("TRACE", LogLevel::Trace),
        ("DEBUG", LogLevel::Debug),
        ("WARN", LogLevel::Warn),
        ("ERROR", LogLevel::Error),
        ("FATAL", LogLevel::Fatal),
    ],
    meaning: "How much the function logs. Lambda sets it from the function's LoggingConfig. Plaintext, keys and credentials are logged at no \
              level.",
};

const FORMAT: Choice<LogFormat> = Choice {
    name: "AWS_LAMBDA_LOG_FORMAT",
    choices: &[("JSON", LogFormat::Json), ("Text", LogFormat::Text)],
    meaning: "JSON: one object per line. Text: lines to read on a terminal. Lambda sets it from the function's LoggingConfig.",
};
