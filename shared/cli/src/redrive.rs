//! `warmkeys redrive`: records that were given up or quarantined come back.
//!
//! What the sources hold is read and put in shard order (`collecting`, `content`, `inventory`). Then one batch after the other is sent
//! (`sending`, `destination`), what is done is written down (`state`), and, if asked for, what holds only records that are done is
//! deleted. Messages stay hidden from others meanwhile, and those that are left become visible again at the end.

mod aws_failure;
mod collecting;
mod content;
mod destination;
mod error;
mod filter;
mod inventory;
mod options;
mod record;
mod report;
mod run;
mod screen;
mod sending;
mod source;
mod state;

use std::process::ExitCode;

pub(crate) use options::Options;

/// Runs it to its end.
pub(crate) fn main(options: &Options) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::error(&format!("no thread can be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run::run(options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            screen::error(&warmkeys::failure::describe(&error));
            ExitCode::FAILURE
        }
    }
}
