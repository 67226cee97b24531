//! Variables of every function: its time and its logs.

use std::time::Duration;

use super::{Choice, Describe, Environment, Integer, milliseconds};
use crate::invocation::TimeReserves;
use crate::logging::LogLevel;

/// What every function is configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// The function's time-out, for when an invocation's deadline is implausible.
    pub function_timeout: Duration,
    /// How much is logged.
    pub log_level: LogLevel,
}

/// The variables, in the order of the documentation.
pub(super) const VARIABLES: &[&dyn Describe] = &[&FUNCTION_TIMEOUT, &LOG_LEVEL];

impl RuntimeConfig {
    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let function_timeout = environment.read(&FUNCTION_TIMEOUT).map(Duration::from_secs);
        let log_level = environment.read(&LOG_LEVEL);
        Some(Self { function_timeout: function_timeout?, log_level: log_level? })
    }
}

const FUNCTION_TIMEOUT: Integer = Integer {
    name: "FUNCTION_TIMEOUT_SECONDS",
    allowed: 1..=900,
    default: Some(60),
    unit: "seconds",
    meaning: "The function's time-out. Used only where the deadline that an invocation brings is implausible, as under \
              cargo lambda watch.",
};

const LOG_LEVEL: Choice<LogLevel> = Choice {
    name: "LOG_LEVEL",
    choices: &[
        ("info", LogLevel::Info),
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("debug", LogLevel::Debug),
    ],
    meaning: "How much the function logs. Plaintext, keys and credentials are logged at no level.",
};

/// For functions that divide their time.
pub(super) const RESPONSE_RESERVE: Integer = Integer {
    name: "RESPONSE_RESERVE_MILLISECONDS",
    allowed: 100..=60_000, // with less, an answer would race against Lambda's own clock
    default: Some(milliseconds(TimeReserves::DEFAULT_RESPONSE)),
    unit: "milliseconds",
    meaning: "How long before its deadline an invocation stops delivering. Half of it is for a destination that ends \
              late. At most a quarter of its time.",
};
