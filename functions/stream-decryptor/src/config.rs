//! The function's configuration, composed of the library's groups of variables.

use warmkeys::config::Environment;
use warmkeys::lambda::StreamDecryptorConfig;
use warmkeys::sinks::{self, SinkSettings};

/// The function's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// How a stream is decrypted.
    pub decryptor: StreamDecryptorConfig,
    /// Where opened records go.
    pub sink: SinkSettings,
}

impl Config {
    /// Reads all groups. `None` if a variable has a problem, which `environment` notes.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let sink = environment.group(&sinks::VARIABLES);
        let decryptor = StreamDecryptorConfig::read(environment);
        Some(Self { decryptor: decryptor?, sink: sink? })
    }
}
