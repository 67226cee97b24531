//! Lets the two consumers run, until Warmkeys is done.

use std::time::Duration;

use tokio::time::Instant;
use warmkeys::clock::{Clock, SystemClock};

use crate::consumer::{Consumed, Consumer};
use crate::options::Options;
use crate::progress::RaceDisplay;
use crate::standing::{Moment, Sides};

/// How long the records may take to flow through before the demo gives up: a function that makes no progress is a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// After so many failed invocations without a single record finished, the function is taken not to work at all.
const HOPELESS_FUNCTION_ERRORS: u64 = 20;

/// How often the progress is looked at.
const TICK: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug)]
pub(crate) struct Race {
    /// How both stood, again and again, and at the end.
    pub(crate) moments: Vec<Moment>,
    pub(crate) consumed: Sides<Consumed>,
}

/// Lets both run until Warmkeys is done, and with `--to-the-end` until the other one is, too. Whoever is not done then is stopped.
pub(crate) async fn run(options: &Options, started: Instant, mut consumers: Sides<Consumer<'_>>) -> Race {
    let display = RaceDisplay::new(options.records);
    let mut moments = Vec::new();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let settled = tokio::select! {
            () = is_over(options, &consumers) => true,
            _ = ticks.tick() => false,
        };
        let elapsed = SystemClock.now().monotonic.saturating_duration_since(started);
        let Sides { call_per_record, warmkeys } = &mut consumers;
        let standings = Sides { call_per_record: call_per_record.standing(), warmkeys: warmkeys.standing() };
        let moment = Moment { elapsed, standings };
        display.show(&moment);
        moments.push(moment);
        let in_vain = !options.to_the_end && elapsed >= PATIENCE;
        if settled || in_vain || consumers.warmkeys.is_hopeless(HOPELESS_FUNCTION_ERRORS) {
            break;
        }
    }
    display.finish();
    let Sides { call_per_record, warmkeys } = consumers;
    let (call_per_record, warmkeys) = tokio::join!(call_per_record.stop(), warmkeys.stop());
    Race { moments, consumed: Sides { call_per_record, warmkeys } }
}

/// Ends with the race.
async fn is_over(options: &Options, consumers: &Sides<Consumer<'_>>) {
    let records = options.records.get().into();
    consumers.warmkeys.settled(records).await;
    if options.to_the_end {
        consumers.call_per_record.settled(records).await;
    }
}
