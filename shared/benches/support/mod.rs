//! Two ways of doing the same, compared in the same seconds: what the machine does besides then slows both.

use std::hint::black_box;
use std::time::Duration;

/// How many times each side is measured. Odd, so that the median is one of them.
const ROUNDS: usize = 41;
/// How long one side of one round runs: short, so that both sides of a round see the same disturbances.
const ROUND_TIME: Duration = Duration::from_millis(30);

/// Prints `RATIO <name> <value>`: the rate of `ours` over the rate of `limit` (1 is as fast), the median of interleaved
/// rounds. Above it, both rates in operations a second. Arguments select: `cargo bench --bench <file> -- <part of a name>`.
pub(crate) fn compare<A, B>(name: &str, mut ours: impl FnMut() -> A, mut limit: impl FnMut() -> B) {
    if !is_selected(name) {
        return;
    }
    let count = repetitions(&mut limit);
    let mut rounds: Vec<Round> = (0..ROUNDS)
        .map(|round| {
            // Who goes first alternates, so that a drift of the clock rate favours nobody.
            if round % 2 == 0 {
                let ours = time(count, &mut ours);
                Round { ours, limit: time(count, &mut limit) }
            } else {
                let limit = time(count, &mut limit);
                Round { ours: time(count, &mut ours), limit }
            }
        })
        .collect();
    rounds.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    if let Some(median) = rounds.get(ROUNDS / 2) {
        println!("{name}: {:.0}/s, limit {:.0}/s", rate(count, median.ours), rate(count, median.limit));
        println!("RATIO {name} {:.3}", median.ratio());
    }
}

fn is_selected(name: &str) -> bool {
    // Cargo itself adds `--bench`.
    let mut parts = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|part| name.contains(&part))
}

struct Round {
    ours: Duration,
    limit: Duration,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.limit.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// How many operations fill a round.
fn repetitions<T>(operation: &mut impl FnMut() -> T) -> u32 {
    let mut count = 1;
    while time(count, operation) < ROUND_TIME / 2 {
        count *= 2;
    }
    count
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn time<T>(count: u32, operation: &mut impl FnMut() -> T) -> Duration {
    let start = std::time::Instant::now();
    for _ in 0..count {
        black_box(operation());
    }
    start.elapsed()
}

fn rate(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}
