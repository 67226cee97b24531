//! `warmkeys`: the program for the people who adopt and operate the functions.

mod inspect;
#[cfg(feature = "redrive")]
mod redrive;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

/// What people do with encrypted Kinesis streams beside the Lambda functions.
#[derive(Debug, Parser)]
#[command(name = "warmkeys", version, propagate_version = true)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what a stream holds and what Warmkeys would do to it: headers only, no KMS call, no credentials, no network
    Inspect(inspect::Options),
    #[cfg(feature = "redrive")]
    Redrive(Box<redrive::Options>),
    /// Print the completions of a shell: `warmkeys completions bash > /etc/bash_completion.d/warmkeys`
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    match Options::parse().command {
        Command::Inspect(options) => inspect::run(&options),
        #[cfg(feature = "redrive")]
        Command::Redrive(options) => redrive::main(&options),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Options::command(), "warmkeys", &mut io::stdout());
            ExitCode::SUCCESS
        }
    }
}
