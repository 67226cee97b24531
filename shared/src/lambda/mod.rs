//! The front door: what a Lambda function of the workspace, or of one's own, starts with.

mod start;
mod stream_decryptor_config;

pub use start::configure;
pub use stream_decryptor_config::{KmsDataKeys, StreamDecryptorConfig};
