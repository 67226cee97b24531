//! Writes CONFIGURATION.md from what the functions read, and docs/metrics.md from what they measure.

use std::error::Error;
use std::fs;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use local_stack::command_line::finish;
use local_stack::{configuration, metrics};

/// Writes the tables of CONFIGURATION.md from what the functions read, and those of docs/metrics.md from what they measure. The prose around
/// the tables stays.
#[derive(Debug, Parser)]
#[command(name = "configuration", bin_name = "cargo configuration")]
struct Options {}

fn main() -> ExitCode {
    let Options {} = Options::parse();
    finish(run())
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    write(configuration::DOCUMENTATION, configuration::documentation)?;
    write(metrics::DOCUMENTATION, metrics::documentation)?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: &str, documentation: fn(&str) -> io::Result<String>) -> Result<(), Box<dyn Error>> {
    let path = configuration::root().join(file);
    let failed = |error| format!("{}: {error}", path.display());
    let written = fs::read_to_string(&path).map_err(failed)?;
    fs::write(&path, documentation(&written)?).map_err(failed)?;
    Ok(())
}
