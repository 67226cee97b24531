//! Runs the stream-decryptor in chaos, seed by seed: see [`Options`], which `cargo chaos --help` prints.

use std::error::Error;
use std::io::Write;
use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::Parser;
use local_stack::chaos::run;
use local_stack::command_line::{finish, positive};

/// Runs the real stream-decryptor among services that throttle, fail, lose answers and hang, with freezes, dead connections, clocks that
/// jump, killed invocations and cold starts, and judges what it did: nothing lost, order kept, nothing beyond the checkpoint but what
/// README.md says, no late answer.
///
/// Each seed is a run of its own, and always takes the same course. Ends at the first seed that violates a promise: prints what was
/// violated and everything that happened, and exits with 1.
#[derive(Debug, Parser)]
#[command(name = "chaos", bin_name = "cargo chaos")]
struct Options {
    /// How many seeds
    #[arg(long, value_name = "N", default_value = "200", value_parser = positive)]
    seeds: NonZeroU32,
    /// The first of them
    #[arg(long, value_name = "S", default_value_t = 1)]
    first_seed: u64,
    /// Go on after a violation, and print the traces of none
    #[arg(long)]
    keep_going: bool,
    /// Print what happened, whatever came of it
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    finish(run_all(&Options::parse()))
}

fn run_all(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    let mut violated = 0;
    for seed in (options.first_seed..).take(options.seeds.get() as usize) {
        let outcome = run(seed);
        let is_violated = !outcome.violations.is_empty();
        if options.trace || (is_violated && !options.keep_going) {
            for line in &outcome.trace {
                writeln!(output, "{line}")?;
            }
        }
        writeln!(output, "seed {seed}: {}", outcome.summary)?;
        for violation in &outcome.violations {
            writeln!(output, "seed {seed} VIOLATED: {violation}")?;
        }
        output.flush()?;
        violated += u32::from(is_violated);
        if is_violated && !options.keep_going {
            return Ok(ExitCode::FAILURE);
        }
    }
    let seeds = options.seeds;
    writeln!(output, "{} of {seeds} seeds kept every promise", seeds.get() - violated)?;
    Ok(if violated == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
