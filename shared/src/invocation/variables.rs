//! The variables of an invocation's time.

use std::time::Duration;

use super::TimeReserves;
use crate::config::{Environment, Group, Integer, milliseconds};

/// The time of a function that first obtains data keys for a batch and then delivers it.
pub const OF_BATCHES: Group<InvocationTime> = Group {
    heading: "Time",
    variables: &[&FUNCTION_TIMEOUT, &RESPONSE_RESERVE, &DELIVERY_RESERVE],
    replaced: &[],
    read: |environment| {
        let delivery = environment.read(&DELIVERY_RESERVE).map(Duration::from_millis);
        let time = read(environment)?;
        Some(InvocationTime { reserves: TimeReserves { delivery: delivery?, ..time.reserves }, ..time })
    },
};

/// The time of any other function.
pub const VARIABLES: Group<InvocationTime> =
    Group { heading: "Time", variables: &[&FUNCTION_TIMEOUT, &RESPONSE_RESERVE], replaced: &[], read };

/// How much time an invocation has, and what is kept back of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvocationTime {
    /// The function's time-out: no invocation has more time.
    pub function_timeout: Duration,
    /// What is kept back.
    pub reserves: TimeReserves,
}

fn read(environment: &mut Environment) -> Option<InvocationTime> {
    let function_timeout = environment.read(&FUNCTION_TIMEOUT).map(Duration::from_secs);
    let response = environment.read(&RESPONSE_RESERVE).map(Duration::from_millis);
    let reserves = TimeReserves { response: response?, ..TimeReserves::default() };
    Some(InvocationTime { function_timeout: function_timeout?, reserves })
}

const FUNCTION_TIMEOUT: Integer = Integer {
    name: "FUNCTION_TIMEOUT_SECONDS",
    allowed: 1..=900,
    default: Some(60),
    unit: "seconds",
    meaning: "The function's time-out. No invocation takes longer, also where the deadline that it brings is further away, as after a \
              freeze with the clock behind, or implausible, as under cargo lambda watch.",
};

const RESPONSE_RESERVE: Integer = Integer {
    name: "RESPONSE_RESERVE_MILLISECONDS",
    allowed: 100..=60_000, // with less, an answer would race against Lambda's own clock
    default: Some(milliseconds(TimeReserves::DEFAULT_RESPONSE)),
    unit: "milliseconds",
    meaning: "How long before its deadline an invocation stops delivering. Half of it is for a destination that ends \
              late. At most a quarter of its time.",
};

const DELIVERY_RESERVE: Integer = Integer {
    name: "DELIVERY_RESERVE_MILLISECONDS",
    allowed: 0..=600_000,
    default: Some(milliseconds(TimeReserves::DEFAULT_DELIVERY)),
    unit: "milliseconds",
    meaning: "How much of an invocation's time is kept for opening, quarantine and delivery when data keys are slow to come. At \
              most half of it.",
};
