//! Starting the local services, and stopping them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use warmkeys::clock::{Clock, SystemClock};

use super::settings::{Functions, LocalSettings};
use super::{DECRYPTOR, ENCRYPTOR};
use crate::kinesis::{EmbeddedKinesis, KinesisSettings};
use crate::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings};
use crate::lambda_function::{EndedInvocation, Function, FunctionSettings, InvokeApi, OutputLines};
use crate::stream::InMemoryStream;

/// Why the local services do not start.
#[derive(Debug, thiserror::Error)]
#[error("{service} cannot listen on port {port} of 127.0.0.1")]
pub struct ServicesError {
    /// Which one.
    service: &'static str,
    /// Where.
    port: u16,
    #[source]
    source: io::Error,
}

/// The running services. They stop when dropped.
#[derive(Debug)]
pub struct LocalServices {
    /// The KMS that the functions call.
    pub kms: EmbeddedKms,
    /// The stream that `record-encryptor` writes to.
    pub stream: Arc<InMemoryStream>,
    /// The stream's endpoint.
    pub kinesis: EmbeddedKinesis,
    /// The functions, to be invoked.
    pub functions: InvokeApi,
    /// What `stream-decryptor` writes.
    pub decryptor_output: OutputLines,
    /// What `record-encryptor` writes.
    pub encryptor_output: OutputLines,
    /// The invocations as they end, each behind the lines that it wrote.
    pub ended: mpsc::UnboundedReceiver<EndedInvocation>,
}

impl LocalServices {
    /// The name of the stream.
    pub const STREAM: &str = "local";

    /// Starts everything within the current tokio runtime.
    ///
    /// # Errors
    /// If a port is taken.
    pub async fn start(binaries: Functions, settings: &LocalSettings) -> Result<Self, ServicesError> {
        Self::start_with_clock(binaries, settings, Arc::new(SystemClock)).await
    }

    /// The same, with the quotas measured by `clock`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_clock(
        binaries: Functions,
        settings: &LocalSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServicesError> {
        let cannot = |service, port| move |source| ServicesError { service, port, source };
        let kms_settings = KmsSettings {
            listen: loopback(settings.kms_port),
            requests_per_second: settings.kms_quota,
            ..KmsSettings::unlimited()
        };
        let kms = EmbeddedKms::start_with_clock(kms_settings, Arc::clone(&clock)).await;
        let kms = kms.map_err(cannot("KMS", settings.kms_port))?;
        let stream = Arc::new(InMemoryStream::new(Self::STREAM, 1));
        let kinesis_settings =
            KinesisSettings { listen: loopback(settings.kinesis_port), ..KinesisSettings::default() };
        let kinesis = EmbeddedKinesis::start_with_clock(Arc::clone(&stream), kinesis_settings, clock).await;
        let kinesis = kinesis.map_err(cannot("Kinesis", settings.kinesis_port))?;
        let (decryptor, decryptor_output) = Function::new(decryptor(binaries.decryptor, settings, &kms));
        let (encryptor, encryptor_output) = Function::new(encryptor(binaries.encryptor, settings, &kms, &kinesis));
        let functions = [(DECRYPTOR.to_owned(), decryptor), (ENCRYPTOR.to_owned(), encryptor)];
        let started = InvokeApi::start(loopback(settings.port), functions).await;
        let (functions, ended) = started.map_err(cannot("the functions' endpoint", settings.port))?;
        Ok(Self { kms, stream, kinesis, functions, decryptor_output, encryptor_output, ended })
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// `stream-decryptor`, which writes records in clear to its standard output and quarantined ones to its error output.
fn decryptor(binary: PathBuf, settings: &LocalSettings, kms: &EmbeddedKms) -> FunctionSettings {
    let own = [("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN), ("SINK", "stdout"), ("QUARANTINE", "stderr")];
    FunctionSettings::new(DECRYPTOR, binary)
        .with_environment(kms.environment())
        .with_environment(own)
        .with_environment([timeout(settings)])
        .with_environment(&settings.decryptor_environment)
        .with_timeout(settings.timeout)
}

/// `record-encryptor`, which writes to the embedded stream.
fn encryptor(
    binary: PathBuf,
    settings: &LocalSettings,
    kms: &EmbeddedKms,
    kinesis: &EmbeddedKinesis,
) -> FunctionSettings {
    let own = [("STREAM_NAME", LocalServices::STREAM), ("KMS_GENERATOR_KEY_ARN", DEVELOPMENT_KEY_ARN)];
    FunctionSettings::new(ENCRYPTOR, binary)
        .with_environment(kms.environment())
        .with_environment([kinesis.environment()])
        .with_environment(own)
        .with_environment([timeout(settings)])
        .with_environment(&settings.encryptor_environment)
        .with_timeout(settings.timeout)
}

fn timeout(settings: &LocalSettings) -> (&'static str, String) {
    ("FUNCTION_TIMEOUT_SECONDS", settings.timeout.as_secs().to_string())
}
