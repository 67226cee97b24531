//! One process of a function, and its one invocation at a time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::invocation::{Outcome, StartFailure};
use super::output::{OutputFile, OutputLine, Source};
use super::runtime_api::{Answer, Event, RuntimeApi};
use super::settings::FunctionSettings;
use crate::loopback_server::LoopbackServer;

/// How long a function may take to initialise.
///
/// > the Init phase is limited to 10 seconds
/// > <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
const INITIALISATION_LIMIT: Duration = Duration::from_secs(10);

/// How often what a function writes is passed on while it is invoked: often enough for whoever watches it.
const OUTPUT_INTERVAL: Duration = Duration::from_millis(100);

/// A running process, initialised. It is killed when dropped.
#[derive(Debug)]
pub(super) struct Sandbox {
    process: Child,
    runtime_api: Arc<RuntimeApi>,
    /// Lives as long as the process needs it.
    _server: LoopbackServer,
    outputs: [OutputFile; 2],
}

impl Sandbox {
    /// Starts the process and waits until it has initialised itself.
    pub(super) async fn start(
        settings: &FunctionSettings,
        number: u64,
        lines: &mpsc::UnboundedSender<OutputLine>,
    ) -> Result<Self, StartFailure> {
        let spawn_failure = |error: io::Error| StartFailure::Spawn(error.to_string());
        let runtime_api = Arc::new(RuntimeApi::new());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = LoopbackServer::start(address, Arc::clone(&runtime_api)).await.map_err(spawn_failure)?;
        let output = |source| OutputFile::new(number, source, lines.clone()).map_err(spawn_failure);
        let (stdout, stdout_end) = output(Source::Stdout)?;
        let (stderr, stderr_end) = output(Source::Stderr)?;
        let mut command = command(settings, number, &server);
        let process = command.stdout(stdout_end).stderr(stderr_end).spawn().map_err(spawn_failure)?;
        let outputs = [stdout, stderr];
        let mut sandbox = Self { process, runtime_api, _server: server, outputs };
        match sandbox.initialise().await {
            Ok(()) => Ok(sandbox),
            Err(failure) => {
                sandbox.stop().await;
                Err(failure)
            }
        }
    }

    async fn initialise(&mut self) -> Result<(), StartFailure> {
        tokio::select! {
            biased;
            initialised = self.runtime_api.initialised() => {
                initialised.map_err(|report| StartFailure::Reported(String::from_utf8_lossy(&report).into_owned()))
            }
            status = self.process.wait() => {
                Err(status.map_or_else(|error| StartFailure::Spawn(error.to_string()), StartFailure::Exited))
            }
            () = tokio::time::sleep(INITIALISATION_LIMIT) => Err(StartFailure::TimedOut(INITIALISATION_LIMIT)),
        }
    }

    /// Whether the process still runs, and so can be used again.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The process's id, while it runs.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Hands the function one event. Kills the process after `timeout`, or when `accident` ends.
    pub(super) async fn invoke(
        &mut self,
        event: Event,
        timeout: Duration,
        accident: impl Future<Output = ()>,
    ) -> Outcome {
        let mut answer = self.runtime_api.offer(event).fuse();
        let mut accident = pin!(accident);
        let mut time_is_up = pin!(tokio::time::sleep(timeout));
        let mut ticks = tokio::time::interval(OUTPUT_INTERVAL);
        let outcome = loop {
            tokio::select! {
                biased;
                Ok(answer) = &mut answer => break match answer {
                    Answer::Responded(body) => Outcome::Responded(body),
                    Answer::Failed(report) => Outcome::Failed(report),
                },
                status = self.process.wait() => break Outcome::Crashed(status.ok()),
                () = &mut accident => {
                    self.kill().await;
                    break Outcome::Crashed(None);
                }
                () = &mut time_is_up => {
                    self.kill().await;
                    break Outcome::TimedOut;
                }
                _ = ticks.tick() => self.pass_on_output(),
            }
        };
        self.pass_on_output();
        outcome
    }

    fn pass_on_output(&mut self) {
        for output in &mut self.outputs {
            // A file that cannot be read any more leaves lines out, which whoever counts them will notice.
            let _ = output.pass_on();
        }
    }

    /// Ends the process and passes on the last lines that it wrote.
    pub(super) async fn stop(mut self) -> Option<ExitStatus> {
        let status = self.kill().await;
        for output in self.outputs {
            // As above.
            let _ = output.finish();
        }
        status
    }

    async fn kill(&mut self) -> Option<ExitStatus> {
        // It fails if the process has ended already, which is what is wanted.
        let _ = self.process.start_kill();
        self.process.wait().await.ok()
    }
}

/// The command with the environment that Lambda gives a function, and the function's own.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
fn command(settings: &FunctionSettings, number: u64, server: &LoopbackServer) -> Command {
    let mut command = Command::new(&settings.binary);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", server.address().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", &settings.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", settings.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("sandbox-{number}"))
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .envs(passed_on())
        .envs(&settings.environment)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What a function inherits from this process: where coverage is written to, and whether to tell where it panicked.
#[expect(clippy::disallowed_methods, reason = "this is about processes, not configuration")]
fn passed_on() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    ["LLVM_PROFILE_FILE", "RUST_BACKTRACE"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}
