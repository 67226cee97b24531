//! How the demo runs `stream-decryptor`: the only place here that names its configuration.

use std::path::Path;
use std::time::Duration;

use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms};
use local_stack::lambda_function::{FunctionSettings, Kill};

/// The function's time-out. Short, so that throttled batches meet their deadline and answer with a checkpoint.
const TIMEOUT: Duration = Duration::from_secs(6);

/// The sandbox to be lost: a warm one, in an invocation that waits for KMS, since no other takes so long.
const KILL: Kill = Kill { from_invocation: 10, after: Duration::from_millis(100) };

/// The function, writing records in clear to its standard output and poison to its error output.
pub(crate) fn settings(binary: &Path, kms: &EmbeddedKms) -> FunctionSettings {
    let own = [
        ("RECORD_FORMAT", "encryption-sdk".to_owned()),
        ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN.to_owned()),
        ("SINK", "stdout".to_owned()),
        ("QUARANTINE", "stderr".to_owned()),
        ("KMS_ATTEMPT_TIMEOUT_MILLISECONDS", "1000".to_owned()),
        ("FUNCTION_TIMEOUT_SECONDS", TIMEOUT.as_secs().to_string()),
    ];
    FunctionSettings::new("stream-decryptor", binary)
        .with_environment(own)
        .with_environment(kms.environment())
        .with_timeout(TIMEOUT)
        .with_kill(KILL)
}
