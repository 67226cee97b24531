//! How the demo runs the functions: the only place here that names their configuration.

use std::path::Path;
use std::time::Duration;

use local_stack::kinesis::EmbeddedKinesis;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms};
use local_stack::lambda_function::{FunctionSettings, Kill};

/// The decryptor's time-out. Short, so that throttled batches meet their deadline and answer with a checkpoint.
const DECRYPTOR_TIMEOUT: Duration = Duration::from_secs(6);

/// The time-out of the consumer with a call per record. Long, in its favour: a batch of 100 takes 20 s where four shards share 20
/// requests a second, and what is cut off by a time-out comes again from its beginning, for ever.
const CALL_PER_RECORD_TIMEOUT: Duration = Duration::from_secs(300);

/// The encryptor's time-out: KMS is throttled for as long as the decryptor reads, and the shards for as long as it writes.
const ENCRYPTOR_TIMEOUT: Duration = Duration::from_secs(15);

/// The sandbox to be lost, on either side of the race: `stream-decryptor` loses one in an invocation that waits for KMS, since no
/// other takes so long.
const KILL: Kill = Kill { from_invocation: 4, after: Duration::from_millis(100) };

/// `stream-decryptor`, writing records in clear to its standard output and poison to its error output.
pub(crate) fn decryptor(binary: &Path, kms: &EmbeddedKms) -> FunctionSettings {
    let own = [
        ("RECORD_FORMAT", "encryption-sdk".to_owned()),
        ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN.to_owned()),
        ("SINK_ARN", "stdout".to_owned()),
        ("QUARANTINE_ARN", "stderr".to_owned()),
        ("KMS_ATTEMPT_TIMEOUT_MILLISECONDS", "1000".to_owned()),
        ("FUNCTION_TIMEOUT_SECONDS", DECRYPTOR_TIMEOUT.as_secs().to_string()),
    ];
    FunctionSettings::new("stream-decryptor", binary)
        .with_environment(own)
        .with_environment(kms.environment())
        .with_timeout(DECRYPTOR_TIMEOUT)
        .with_kill(KILL)
}

/// The consumer with a call per record, writing to its outputs as `stream-decryptor` does.
pub(crate) fn call_per_record(binary: &Path, kms: &EmbeddedKms) -> FunctionSettings {
    FunctionSettings::new("call-per-record", binary)
        .with_environment([("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN)])
        .with_environment(kms.environment())
        .with_timeout(CALL_PER_RECORD_TIMEOUT)
        .with_kill(KILL)
}

/// `record-encryptor`, writing to the stream with this ARN.
pub(crate) fn encryptor(
    binary: &Path,
    kms: &EmbeddedKms,
    kinesis: &EmbeddedKinesis,
    stream_arn: &str,
) -> FunctionSettings {
    let own = [
        ("STREAM_ARN", stream_arn.to_owned()),
        ("KMS_GENERATOR_KEY_ARN", DEVELOPMENT_KEY_ARN.to_owned()),
        ("KMS_ATTEMPT_TIMEOUT_MILLISECONDS", "1000".to_owned()),
        ("FUNCTION_TIMEOUT_SECONDS", ENCRYPTOR_TIMEOUT.as_secs().to_string()),
    ];
    FunctionSettings::new("record-encryptor", binary)
        .with_environment(own)
        .with_environment(kms.environment())
        .with_environment([kinesis.environment()])
        .with_timeout(ENCRYPTOR_TIMEOUT)
}
