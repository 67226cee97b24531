//! `warmkeys inspect`: what a stream holds, and what this project would do to it.
//!
//! Records are read one after the other ([`input`]), of each payload the header only ([`sample`]). What was counted becomes a
//! [`report`]: with a [`forecast`] of KMS calls, [`advice`], and the parameters of a [`deployment`]. Nothing is decrypted, nobody is asked,
//! and no payload is shown.

mod advice;
mod deployment;
mod forecast;
mod input;
mod numbers;
mod options;
mod report;
mod sample;
#[cfg(test)]
mod testing;
mod time;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use warmkeys::failure::describe;

use self::input::InputError;
use self::options::Format;
use self::report::Report;
use self::sample::Sample;

pub(crate) use self::options::Options;

/// Runs the subcommand: 0 if something was read, 1 for an error of the input. (A wrong command line ends with 2 before this.)
#[expect(clippy::print_stderr, reason = "the last thing that a program has to say")]
pub(crate) fn run(options: &Options) -> ExitCode {
    let report = match inspect(options) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {}", describe(&error));
            return ExitCode::FAILURE;
        }
    };
    let written = match options.format {
        Format::Text => io::stdout().lock().write_all(report::text(&report).as_bytes()),
        Format::Json => report::json(&report).and_then(|json| io::stdout().lock().write_all(json.as_bytes())),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has enough: `warmkeys inspect … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the report cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "told to whoever waits for something to happen")]
fn inspect(options: &Options) -> Result<Report, InputError> {
    let mut sample = Sample::new(options);
    let from_stdin =
        options.paths.is_empty() || options.paths.iter().any(|path| path.as_os_str() == input::STANDARD_INPUT);
    if from_stdin && io::stdin().is_terminal() {
        eprintln!("reading standard input: what `aws kinesis get-records` prints, for instance; Ctrl-D ends it");
    }
    input::read(&options.paths, &mut sample)?;
    Ok(Report::new(&sample, options))
}
