//! The built binaries of this workspace: those that are deployed, and those of this package.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Why a binary is not there.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo could not be started.
    #[error("cargo could not be started")]
    Cargo(#[source] io::Error),
    /// The build failed; cargo's own words.
    #[error("the workspace's binaries do not build:\n{0}")]
    Failed(String),
    /// The build failed; cargo's own words were shown as they came.
    #[error("the workspace's binaries do not build: see above")]
    FailedAsShown,
    /// The workspace has no such binary.
    #[error("the workspace has no binary {0}")]
    NoSuchBinary(String),
}

/// Where cargo's progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// To the standard error output of this process, as it comes.
    Shown,
    /// Into [`BuildError::Failed`], if the build fails.
    Hidden,
}

/// The function `stream-decryptor`, built once in this process.
///
/// # Errors
/// [`BuildError`].
pub fn stream_decryptor() -> Result<PathBuf, BuildError> {
    built("stream-decryptor")
}

/// The function `activity-stream`, built once in this process.
///
/// # Errors
/// [`BuildError`].
pub fn activity_stream() -> Result<PathBuf, BuildError> {
    built("activity-stream")
}

/// The function `record-encryptor`, built once in this process.
///
/// # Errors
/// [`BuildError`].
pub fn record_encryptor() -> Result<PathBuf, BuildError> {
    built("record-encryptor")
}

/// The program `warmkeys`, built once in this process.
///
/// # Errors
/// [`BuildError`].
pub fn warmkeys() -> Result<PathBuf, BuildError> {
    built("warmkeys")
}

/// The function `call-per-record` of this package, which the demo's race is against.
///
/// # Errors
/// [`BuildError`].
pub fn call_per_record() -> Result<PathBuf, BuildError> {
    built("call-per-record")
}

/// The function `scripted-function` of this package: see its source for what can be asked of it.
///
/// # Errors
/// [`BuildError`].
pub fn scripted_function() -> Result<PathBuf, BuildError> {
    built("scripted-function")
}

/// The binary `name` of this workspace.
fn built(name: &str) -> Result<PathBuf, BuildError> {
    static BINARIES: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();
    // A failed build is not tried again by every test of the process.
    let binaries = BINARIES.get_or_init(|| build(Progress::Hidden).map_err(|error| error.to_string()));
    match binaries {
        Ok(binaries) => binaries.get(name).cloned().ok_or_else(|| BuildError::NoSuchBinary(name.to_owned())),
        Err(error) => Err(BuildError::Failed(error.clone())),
    }
}

/// Builds all binaries of the workspace, in the profile of this process, and tells where each one is.
///
/// The whole workspace is built, not one package of it, so that cargo unifies the same features as for the tests and
/// compiles no dependency a second time. Cargo's own lock makes processes wait for each other.
///
/// # Errors
/// [`BuildError`].
pub fn build(progress: Progress) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    let mut command = Command::new(cargo());
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--workspace", "--bins", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if progress == Progress::Shown {
        command.stderr(Stdio::inherit());
    }
    let output = command.output().map_err(BuildError::Cargo)?;
    if !output.status.success() {
        return Err(match progress {
            Progress::Shown => BuildError::FailedAsShown,
            Progress::Hidden => BuildError::Failed(String::from_utf8_lossy(&output.stderr).into_owned()),
        });
    }
    Ok(output.stdout.split(|byte| *byte == b'\n').filter_map(executable).collect())
}

/// The cargo that runs or ran this process, or else the one on the path.
#[expect(clippy::disallowed_methods, reason = "cargo tells by this variable where it is")]
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The name and the place of a binary, if that is what the line of cargo's output tells.
///
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
fn executable(line: &[u8]) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let executable = message.get("executable")?.as_str()?;
    Some((message.get("target")?.get("name")?.as_str()?.to_owned(), executable.into()))
}
