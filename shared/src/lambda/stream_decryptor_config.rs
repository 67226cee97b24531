//! Everything about decrypting a stream that variables set, but for the sink.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;

use crate::batch::{self, BatchProcessor, BatchSettings, SuspiciousBatches};
use crate::clock::Clock;
use crate::config::Environment;
use crate::data_keys::{self, CachingDecryption, DecryptionKeyring, DecryptionKeyringSettings};
use crate::decryptor::{self, Decryptor, DecryptorSettings, UnavailableKeys};
use crate::invocation::{self, variables::InvocationTime};
use crate::kms::{self, KmsClient, KmsRequestSettings};
use crate::logging::{self, LogSettings};
use crate::materials_cache::{self, CacheSettings};
use crate::metrics::{self, MetricsSettings};
use crate::quarantine::{self, ConfiguredQuarantine, QuarantineSettings};
use crate::record_format::{self, RecordFormat};
use crate::retry::{ConcurrencyLimit, Retrying};
use crate::sinks::RecordSink;

/// Everything about decrypting a stream that variables set, but for the sink: a function adds that of
/// [`sinks::VARIABLES`](crate::sinks::VARIABLES), or one of its own.
#[derive(Clone, Debug)]
pub struct StreamDecryptorConfig {
    /// What a record is.
    pub record_format: RecordFormat,
    /// Which keys may be used.
    pub keyring: DecryptionKeyringSettings,
    /// How KMS is asked.
    pub kms: KmsRequestSettings,
    /// How long data keys are kept.
    pub cache: CacheSettings,
    /// What becomes of records whose key cannot be used.
    pub unavailable_keys: UnavailableKeys,
    /// How long a whole batch is held that cannot be read.
    pub suspicious_batch_hold: Duration,
    /// Where rejected records go.
    pub quarantine: QuarantineSettings,
    /// How much time an invocation has.
    pub time: InvocationTime,
    /// What is logged.
    pub logs: LogSettings,
    /// Whether metrics are written.
    pub metrics: MetricsSettings,
}

/// Data keys from KMS, cached.
pub type KmsDataKeys = CachingDecryption<DecryptionKeyring<Retrying<KmsClient>>>;

impl StreamDecryptorConfig {
    /// Reads all groups. `None` if a variable has a problem, which `environment` notes.
    pub fn read(environment: &mut Environment) -> Option<Self> {
        let record_format = environment.group(&record_format::VARIABLES);
        Self::read_for(environment, record_format)
    }

    /// Reads all groups but that of the record format, which is the function's own: `None` if that has a problem already.
    pub fn read_for(environment: &mut Environment, record_format: Option<RecordFormat>) -> Option<Self> {
        let keyring = environment.group(&data_keys::variables::DECRYPTION);
        let unavailable_keys = environment.group(&decryptor::VARIABLES);
        let suspicious_batch_hold = environment.group(&batch::VARIABLES);
        let cache = environment.group(&materials_cache::variables::DECRYPTION);
        let kms = environment.group(&kms::VARIABLES);
        let quarantine = environment.group(&quarantine::VARIABLES);
        let time = environment.group(&invocation::variables::OF_BATCHES);
        let logs = environment.group(&logging::VARIABLES);
        let metrics = environment.group(&metrics::VARIABLES);
        Some(Self {
            record_format: record_format?,
            keyring: keyring?,
            kms: kms?,
            cache: cache?,
            unavailable_keys: unavailable_keys?,
            suspicious_batch_hold: suspicious_batch_hold?,
            quarantine: quarantine?,
            time: time?,
            logs: logs?,
            metrics: metrics?,
        })
    }

    /// The processor that this describes, which delivers to `sink`. Clients are made from `sdk`.
    #[must_use]
    pub fn into_processor<S: RecordSink>(
        self,
        sink: S,
        sdk: &SdkConfig,
        clock: Arc<dyn Clock>,
    ) -> BatchProcessor<KmsDataKeys, S, ConfiguredQuarantine> {
        let quarantine = ConfiguredQuarantine::new(self.quarantine.clone(), sdk, Arc::clone(&clock));
        let settings = BatchSettings { unavailable_keys: self.unavailable_keys, reserves: self.time.reserves };
        BatchProcessor {
            suspicious_batches: SuspiciousBatches::held_for(self.suspicious_batch_hold),
            decryptor: self.into_decryptor(sdk, Arc::clone(&clock)),
            sink,
            quarantine,
            settings,
            clock,
        }
    }

    /// The decryptor that this describes, for use without batches and without Lambda.
    #[must_use]
    pub fn into_decryptor(self, sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Decryptor<KmsDataKeys> {
        let limit = ConcurrencyLimit::new(self.kms.max_concurrency);
        let kms = KmsClient::new(sdk, &self.kms.client);
        let retrying = Retrying::new(kms, self.kms.retry, limit, Arc::clone(&clock));
        let keyring = DecryptionKeyring::new(retrying, self.keyring, Arc::clone(&clock));
        Decryptor {
            data_keys: CachingDecryption::new(keyring, &self.cache, Arc::clone(&clock)),
            format: Arc::new(self.record_format),
            clock,
            settings: DecryptorSettings {
                max_concurrent_requests: self.kms.max_concurrency,
                ..DecryptorSettings::default()
            },
        }
    }
}

#[cfg(test)]
mod tests;
