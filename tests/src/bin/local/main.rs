//! Runs everything on this machine, for invocations by hand: see [`CommandLine`], which `cargo local --help` prints.

mod console;
mod options;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use local_stack::binaries::{self, Progress};
use local_stack::command_line::{asked_to_end, finish};
use local_stack::local_services::{Functions, LocalServices, LocalSettings};

use crate::console::Console;
use crate::options::CommandLine;

#[tokio::main]
async fn main() -> ExitCode {
    finish(run(&CommandLine::parse().into()).await)
}

async fn run(settings: &LocalSettings) -> Result<ExitCode, Box<dyn Error>> {
    let functions = Functions::among(&binaries::build(Progress::Shown)?)
        .map_err(|name| format!("the workspace has no binary {name}"))?;
    let services = LocalServices::start(functions, settings).await?;
    console::greet(&services, settings)?;
    let LocalServices { kms, stream: _stream, kinesis: _kinesis, functions, decryptor_output, encryptor_output, ended } =
        services;
    let mut console = Console::new(&kms, decryptor_output, encryptor_output, ended);
    let shown = tokio::select! {
        asked = asked_to_end() => asked,
        shown = console.show() => shown,
    };
    functions.stop().await;
    shown?;
    // What was written last comes out now that everything has stopped.
    console.show().await?;
    Ok(ExitCode::SUCCESS)
}
