//! From the environment to a running function, in one expression.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Error, FunctionMetrics, KmsDataKeys, StreamDecryptorConfig, StreamFunction, configure, sdk_config};
use crate::clock::{Clock, SystemClock};
use crate::logging::{self, Program};
use crate::quarantine::ConfiguredQuarantine;
use crate::sinks::RecordSink;

/// A function that decrypts a stream, but for the sink: configured, with credentials and clock.
///
/// ```no_run
/// use warmkeys::lambda::{Error, StreamDecryptor};
/// use warmkeys::records::OpenedRecord;
/// use warmkeys::sinks::{Fate, each};
///
/// #[tokio::main]
/// async fn main() -> Result<(), Error> {
///     StreamDecryptor::from_environment().await?.deliver_to(each(store)).run().await
/// }
///
/// async fn store(record: OpenedRecord) -> Fate {
///     match record.plaintext.is_empty() {
///         true => Fate::Never("it is empty".to_owned()),
///         false => Fate::Delivered,
///     }
/// }
/// ```
#[derive(Debug)]
pub struct StreamDecryptor {
    config: StreamDecryptorConfig,
    sdk: SdkConfig,
    clock: Arc<dyn Clock>,
}

impl StreamDecryptor {
    /// Reads the [configuration](StreamDecryptorConfig) from the process's environment and starts logging.
    ///
    /// A function with variables of its own composes them with these: see [`config`](crate::config), [`configure`] and [`new`](Self::new).
    ///
    /// # Errors
    /// [`Error::Configuration`]; what is wrong has been logged by then.
    pub async fn from_environment() -> Result<Self, Error> {
        let program =
            Program { name: "a function on warmkeys", version: env!("CARGO_PKG_VERSION"), crate_name: "warmkeys" };
        let config = configure(&program, StreamDecryptorConfig::read).ok_or(Error::Configuration)?;
        Ok(Self::new(config).await)
    }

    /// A function that is configured as `config` says. Region and credentials come from the process's [environment](sdk_config).
    pub async fn new(config: StreamDecryptorConfig) -> Self {
        Self { config, sdk: sdk_config().await, clock: Arc::new(SystemClock) }
    }

    /// Region and credentials, to make clients of your own from.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The clock that the function lives by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The function, which delivers to `sink`. The log level holds for the crate of the sink's type too.
    pub fn deliver_to<S: RecordSink>(self, sink: S) -> StreamFunction<KmsDataKeys, S, ConfiguredQuarantine> {
        for crate_name in crates_of(std::any::type_name::<S>()) {
            logging::include(crate_name);
        }
        let function_timeout = self.config.time.function_timeout;
        let metrics = FunctionMetrics::new(&self.config.metrics, self.config.logs, self.clock());
        StreamFunction::new(self.config.into_processor(sink, &self.sdk, self.clock), function_timeout)
            .with_metrics(metrics)
    }
}

/// The crates that a type's name names, this one and the language's own aside: `orders` of
/// `warmkeys::sinks::each::Each<orders::main::{{closure}}>`.
fn crates_of(type_name: &str) -> impl Iterator<Item = &str> {
    let is_separator = |character: char| !(character.is_alphanumeric() || "_:".contains(character));
    let crates = type_name.split(is_separator).filter_map(|path| path.split_once("::").map(|(first, _)| first));
    crates
        .filter(|name| !matches!(*name, "" | "warmkeys" | "alloc" | "core" | "std" | "serde_json" | "bytes" | "tokio"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_of_a_sink_are_told_by_its_type() {
        let crates = |name| crates_of(name).collect::<Vec<_>>();
        assert_eq!(crates("orders::Table"), ["orders"]);
        assert_eq!(crates("warmkeys::sinks::each::Each<orders::main::{{closure}}>"), ["orders"]);
        assert_eq!(crates("warmkeys::sinks::stdout::StdoutSink"), Vec::<&str>::new());
        assert_eq!(crates("warmkeys::sinks::typed::Typed<alloc::string::String, orders::store>"), ["orders"]);
    }
}
