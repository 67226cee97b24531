//! The client: made from the SDK's shared configuration, with the SDK's own retrying switched off.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_config::SdkConfig;

use crate::aws::{client_config, timeouts, within};

/// KMS, as this crate calls it: one request for one call, never tried again here.
#[derive(Clone)]
pub struct KmsClient {
    pub(super) client: aws_sdk_kms::Client,
    pub(super) key_store: KeyStore,
}

impl KmsClient {
    /// A client with `sdk_config`'s Region, credentials, endpoint and connections.
    #[must_use]
    pub fn new(sdk_config: &SdkConfig, settings: &KmsSettings) -> Self {
        Self::from_config(sdk_config_for_kms(sdk_config, settings), settings)
    }

    fn from_config(config: aws_sdk_kms::config::Builder, settings: &KmsSettings) -> Self {
        Self { client: aws_sdk_kms::Client::from_conf(config.build()), key_store: settings.key_store }
    }
}

impl fmt::Debug for KmsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsClient").field("key_store", &self.key_store).finish_non_exhaustive()
    }
}

fn sdk_config_for_kms(sdk_config: &SdkConfig, settings: &KmsSettings) -> aws_sdk_kms::config::Builder {
    let timeouts =
        timeouts(settings.read_timeout).to_builder().connect_timeout(within(settings.connect_timeout)).build();
    client_config!(aws_sdk_kms, sdk_config, timeouts)
}

/// Where the KMS keys keep their material, which decides what `KMSInvalidStateException` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStore {
    /// In KMS. The key is then pending deletion or import: an operator has to see to it.
    #[default]
    Kms,
    /// In a CloudHSM or an external key store. The exception is "a general failure with many possible causes" there, overload
    /// among them, so it is tried again.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html>
    Custom,
}

/// How KMS is called, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KmsSettings {
    connect_timeout: Duration,
    read_timeout: Duration,
    key_store: KeyStore,
}

impl KmsSettings {
    /// The default time for a connection: within a Region it takes milliseconds, so a second means that it will not come.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

    /// The default time until an answer begins: KMS takes about 10 ms.
    pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(1);

    /// The allowed time-outs. Less than 50 ms would give up on healthy calls.
    pub const TIMEOUT_BOUNDS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(60);

    /// Calls with these time-outs.
    ///
    /// # Errors
    /// [`KmsSettingsError`] if a time-out is out of [its bounds](Self::TIMEOUT_BOUNDS).
    pub fn new(
        connect_timeout: Duration,
        read_timeout: Duration,
        key_store: KeyStore,
    ) -> Result<Self, KmsSettingsError> {
        for timeout in [connect_timeout, read_timeout] {
            if !Self::TIMEOUT_BOUNDS.contains(&timeout) {
                return Err(KmsSettingsError { timeout });
            }
        }
        Ok(Self { connect_timeout, read_timeout, key_store })
    }
}

impl Default for KmsSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            read_timeout: Self::DEFAULT_READ_TIMEOUT,
            key_store: KeyStore::default(),
        }
    }
}

/// A time-out is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time-out of {timeout:?} is not within 50 ms and 60 s")]
pub struct KmsSettingsError {
    /// The time-out.
    pub timeout: Duration,
}

#[cfg(test)]
pub(super) mod test_client {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::aws::caller_fault::tests::no_credentials;
    use aws_config::retry::RetryConfig;
    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_kms::config::interceptors::BeforeTransmitInterceptorContextRef;
    use aws_sdk_kms::config::{ConfigBag, Credentials, Intercept, RuntimeComponents, SharedCredentialsProvider};
    use aws_sdk_kms::error::BoxError;
    use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client};

    fn sdk_config() -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
            // What `new` has to switch off: with it, a retryable answer would be asked for three times.
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .sleep_impl(aws_sdk_kms::config::SharedAsyncSleep::new(NoBackoff))
            .build()
    }

    /// The client as `new` makes it, answered by `rule` in place of the network.
    pub(in crate::kms) fn answered_by(rule: &Rule, settings: &KmsSettings) -> KmsClient {
        let sdk_config = sdk_config().into_builder().http_client(create_mock_http_client()).build();
        let interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny).with_rule(rule);
        KmsClient::from_config(sdk_config_for_kms(&sdk_config, settings).interceptor(interceptor), settings)
    }

    /// The client as `new` makes it, talking to `endpoint` over the real connector.
    pub(in crate::kms) fn connected_to(endpoint: &str) -> KmsClient {
        let sdk_config = sdk_config().into_builder().endpoint_url(endpoint).build();
        KmsClient::new(&sdk_config, &KmsSettings::default())
    }

    /// The client as `new` makes it, which finds nothing to sign with.
    pub(in crate::kms) fn without_credentials() -> KmsClient {
        let sdk_config = sdk_config().into_builder().credentials_provider(no_credentials()).build();
        KmsClient::new(&sdk_config, &KmsSettings::default())
    }

    /// The client as `new` makes it, whose requests go nowhere: their hosts are noted instead.
    pub(in crate::kms) fn hosts_called_by() -> (KmsClient, Arc<Mutex<Vec<String>>>) {
        let sdk_config = sdk_config().into_builder().http_client(create_mock_http_client()).build();
        let (settings, hosts) = (KmsSettings::default(), Arc::default());
        let config = sdk_config_for_kms(&sdk_config, &settings).interceptor(HostsNoted(Arc::clone(&hosts)));
        (KmsClient::from_config(config, &settings), hosts)
    }

    #[derive(Debug)]
    struct HostsNoted(Arc<Mutex<Vec<String>>>);

    impl Intercept for HostsNoted {
        fn name(&self) -> &'static str {
            "HostsNoted"
        }

        fn read_before_transmit(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let host = context.request().uri().split('/').nth(2).unwrap_or_default().to_owned();
            self.0.lock().unwrap().push(host);
            Ok(())
        }
    }

    /// A back-off is over at once, a time-out never.
    #[derive(Debug)]
    struct NoBackoff;

    impl aws_sdk_kms::config::AsyncSleep for NoBackoff {
        fn sleep(&self, duration: Duration) -> aws_sdk_kms::config::Sleep {
            if duration < Duration::from_millis(50) {
                return aws_sdk_kms::config::Sleep::new(std::future::ready(()));
            }
            aws_sdk_kms::config::Sleep::new(std::future::pending())
        }
    }

    #[test]
    fn time_outs_are_50_milliseconds_to_a_minute() {
        let with = |millis| KmsSettings::new(Duration::from_millis(millis), Duration::from_secs(1), KeyStore::Kms);
        assert!(with(49).is_err());
        assert!(with(50).is_ok() && with(60_000).is_ok());
        assert!(with(60_001).is_err());
    }
}
