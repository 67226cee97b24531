//! The front door: what a Lambda function starts with, one of this workspace or one of your own.
//!
//! [`StreamDecryptor::from_environment`] reads the configuration and starts logging, [`deliver_to`](StreamDecryptor::deliver_to) takes
//! the sink, and [`run`](StreamFunction::run) takes invocations until the process ends.

mod batch_metrics;
#[cfg(feature = "aws")]
mod environment;
mod error;
mod observer;
pub mod runtime_api;
mod start;
#[cfg(all(feature = "kms", feature = "s3", feature = "sqs"))]
mod stream_decryptor;
#[cfg(all(feature = "kms", feature = "s3", feature = "sqs"))]
mod stream_decryptor_config;
mod stream_function;

#[cfg(feature = "aws")]
pub use environment::sdk_config;
pub use error::Error;
pub use observer::{FunctionMetrics, Observed, Observer};
pub use start::configure;
#[cfg(all(feature = "kms", feature = "s3", feature = "sqs"))]
pub use stream_decryptor::StreamDecryptor;
#[cfg(all(feature = "kms", feature = "s3", feature = "sqs"))]
pub use stream_decryptor_config::{KmsDataKeys, StreamDecryptorConfig};
pub use stream_function::{HandlerError, StreamFunction, StreamResponse};
