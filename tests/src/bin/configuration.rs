//! Writes CONFIGURATION.md from what the functions read.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use clap::Parser;
use local_stack::command_line::finish;
use local_stack::configuration::{DOCUMENTATION, documentation, root};

/// Writes the tables of CONFIGURATION.md from what the functions read. The prose around the tables stays.
#[derive(Debug, Parser)]
#[command(name = "configuration", bin_name = "cargo configuration")]
struct Options {}

fn main() -> ExitCode {
    let Options {} = Options::parse();
    finish(run())
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let path = root().join(DOCUMENTATION);
    let failed = |error| format!("{}: {error}", path.display());
    let written = fs::read_to_string(&path).map_err(failed)?;
    fs::write(&path, documentation(&written)?).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
