//! Variables of KMS: which keys may be used, how requests are retried, how long data keys are kept.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::{Choice, Describe, Environment, Integer, Text, TextList, milliseconds};
use crate::batch::UnavailableKeys;
use crate::data_keys::{AllowedKeys, DiscoveryFilter, KeyArn, KeyringSettings};
use crate::kms::{KeyStore, KmsSettings};
use crate::materials_cache::CacheSettings;
use crate::retry::{ConcurrencyLimit, RetryPolicy};

/// What a function that asks KMS for data keys is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsConfig {
    /// How single requests are made.
    pub client: KmsSettings,
    /// Which keys may be used.
    pub keyring: KeyringSettings,
    /// How long data keys are kept.
    pub cache: CacheSettings,
    /// How requests are retried.
    pub retry: RetryPolicy,
    /// The most requests under way at once.
    pub max_concurrency: NonZeroUsize,
}

/// The variables, in the order of the documentation.
pub(super) const VARIABLES: &[&dyn Describe] = &[
    &KEY_ARNS,
    &DISCOVERY_ACCOUNT_IDS,
    &DISCOVERY_PARTITION,
    &GRANT_TOKENS,
    &KEY_STORE,
    &UNAVAILABLE_KEY,
    &MAX_AGE,
    &REFRESH_AFTER,
    &CAPACITY,
    &PARTITION,
    &FAILURE_MAX_AGE,
    &MAX_ATTEMPTS,
    &BASE_DELAY,
    &MAX_DELAY,
    &ATTEMPT_TIMEOUT,
    &MAX_CONCURRENCY,
];

impl KmsConfig {
    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let keyring = read_keyring(environment);
        let cache = read_cache(environment);
        let retry = read_retry(environment);
        let max_concurrency = environment.read(&MAX_CONCURRENCY).and_then(to_nonzero);
        let client = read_client(environment, retry.as_ref());
        Some(Self {
            client: client?,
            keyring: keyring?,
            cache: cache?,
            retry: retry?,
            max_concurrency: max_concurrency?,
        })
    }
}

pub(super) fn read_unavailable_keys(environment: &mut Environment<'_>) -> Option<UnavailableKeys> {
    environment.read(&UNAVAILABLE_KEY)
}

fn read_keyring(environment: &mut Environment<'_>) -> Option<KeyringSettings> {
    let region = environment.require(&REGION, "always (Lambda sets it)");
    let keys = environment.read(&KEY_ARNS)?;
    let accounts: BTreeSet<_> = environment.read(&DISCOVERY_ACCOUNT_IDS)?.into_iter().collect();
    let partition = environment.read(&DISCOVERY_PARTITION)?;
    let grant_tokens = environment.read(&GRANT_TOKENS)?;
    let allowed = match (keys.is_empty(), accounts.is_empty()) {
        (false, true) => AllowedKeys::Strict(keys),
        (true, false) => AllowedKeys::Discovery(Some(DiscoveryFilter { partition, accounts })),
        (true, true) => {
            environment
                .reject(KEY_ARNS.name, "is not set, and neither is KMS_DISCOVERY_ACCOUNT_IDS; one of them is needed");
            return None;
        }
        (false, false) => {
            environment
                .reject(KEY_ARNS.name, "is set together with KMS_DISCOVERY_ACCOUNT_IDS; only one of them may be");
            return None;
        }
    };
    let settings = KeyringSettings::new(allowed, region?, grant_tokens);
    settings.map_err(|error| environment.reject(KEY_ARNS.name, error.to_string())).ok()
}

fn read_client(environment: &mut Environment<'_>, retry: Option<&RetryPolicy>) -> Option<KmsSettings> {
    let key_store = environment.read(&KEY_STORE)?;
    // The attempt's own time-out ends it first; a connection that stays silent as long is not used again.
    let timeout =
        retry?.attempt_timeout.clamp(*KmsSettings::TIMEOUT_BOUNDS.start(), *KmsSettings::TIMEOUT_BOUNDS.end());
    KmsSettings::new(timeout, timeout, key_store)
        .map_err(|error| environment.reject(ATTEMPT_TIMEOUT.name, error.to_string()))
        .ok()
}

fn read_cache(environment: &mut Environment<'_>) -> Option<CacheSettings> {
    let max_age = Duration::from_secs(environment.read(&MAX_AGE)?);
    let refresh_after = match environment.read(&REFRESH_AFTER) {
        Some(seconds) => Duration::from_secs(seconds),
        None => CacheSettings::default_refresh_after(max_age),
    };
    let capacity = usize::try_from(environment.read(&CAPACITY)?).ok()?;
    let partition = environment.read(&PARTITION)?;
    let failure_max_age = Duration::from_secs(environment.read(&FAILURE_MAX_AGE)?);
    let settings = CacheSettings::new(max_age, Some(refresh_after), capacity)
        .and_then(|settings| settings.with_failure_max_age(failure_max_age));
    match settings {
        Ok(settings) => Some(settings.with_partition(partition)),
        Err(error) => {
            environment.reject(REFRESH_AFTER.name, error.to_string());
            None
        }
    }
}

fn read_retry(environment: &mut Environment<'_>) -> Option<RetryPolicy> {
    let max_attempts = environment.read(&MAX_ATTEMPTS)?;
    let base_delay = Duration::from_millis(environment.read(&BASE_DELAY)?);
    let max_delay = Duration::from_millis(environment.read(&MAX_DELAY)?);
    let attempt_timeout = Duration::from_millis(environment.read(&ATTEMPT_TIMEOUT)?);
    if base_delay > max_delay {
        environment.reject(BASE_DELAY.name, "is more than KMS_MAX_DELAY_MILLISECONDS");
        return None;
    }
    let max_attempts = u32::try_from(max_attempts).ok().and_then(NonZeroU32::new)?;
    Some(RetryPolicy { max_attempts, base_delay, max_delay, attempt_timeout })
}

fn to_nonzero(number: u64) -> Option<NonZeroUsize> {
    usize::try_from(number).ok().and_then(NonZeroUsize::new)
}

const REGION: Text<String> = Text {
    name: "AWS_REGION",
    allowed: "a Region's name",
    default: None,
    parse: |text| Some(text.to_owned()),
    meaning: "The Region whose KMS is called. Lambda sets it.",
};

const KEY_ARNS: TextList<KeyArn> = TextList {
    name: "KMS_KEY_ARNS",
    allowed: "ARNs of KMS keys (not of aliases), at most 100",
    parse: |text| text.parse().ok(),
    meaning: "The keys that may wrap data keys. A record wrapped by another key goes to quarantine. A multi-Region key stands \
              for its replicas in all Regions.",
};

const DISCOVERY_ACCOUNT_IDS: TextList<String> = TextList {
    name: "KMS_DISCOVERY_ACCOUNT_IDS",
    allowed: "account ids of 12 digits",
    parse: |text| (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned()),
    meaning: "In place of KMS_KEY_ARNS: any key of these accounts may wrap data keys (discovery).",
};

const DISCOVERY_PARTITION: Text<String> = Text {
    name: "KMS_DISCOVERY_PARTITION",
    allowed: "a partition: aws, aws-cn, aws-us-gov",
    default: Some("aws"),
    parse: |text| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then(|| text.to_owned()),
    meaning: "The partition of the accounts of KMS_DISCOVERY_ACCOUNT_IDS.",
};

const GRANT_TOKENS: TextList<String> = TextList {
    name: "KMS_GRANT_TOKENS",
    allowed: "grant tokens, at most 10",
    parse: |text| Some(text.to_owned()),
    meaning: "Presented with every KMS request, until a grant made minutes ago is known everywhere.",
};

const KEY_STORE: Choice<KeyStore> = Choice {
    name: "KMS_KEY_STORE",
    choices: &[("kms", KeyStore::Kms), ("custom", KeyStore::Custom)],
    meaning: "Where the keys' material is. In a custom key store (CloudHSM, external), KMSInvalidStateException may be overload \
              and is tried again.",
};

const UNAVAILABLE_KEY: Choice<UnavailableKeys> = Choice {
    name: "UNAVAILABLE_KEY",
    choices: &[("checkpoint", UnavailableKeys::Checkpoint), ("quarantine", UnavailableKeys::Quarantine)],
    meaning: "What becomes of a record whose key is disabled or whose access is denied: it waits (and the shard with it), or \
              goes to quarantine.",
};

const MAX_AGE: Integer = Integer {
    name: "DATA_KEY_MAX_AGE_SECONDS",
    allowed: CacheSettings::MAX_AGE_BOUNDS.start().as_secs()..=CacheSettings::MAX_AGE_BOUNDS.end().as_secs(),
    default: Some(CacheSettings::DEFAULT_MAX_AGE.as_secs()),
    unit: "seconds",
    meaning: "How long a data key is used after KMS has given it out. Also how long a disabled key goes on working.",
};

const REFRESH_AFTER: Integer = Integer {
    name: "DATA_KEY_REFRESH_AFTER_SECONDS",
    allowed: 1..=CacheSettings::MAX_AGE_BOUNDS.end().as_secs(),
    default: None,
    unit: "seconds, less than DATA_KEY_MAX_AGE_SECONDS (absent: four fifths of it)",
    meaning: "The age from which on a use of a data key also renews it, without waiting.",
};

const CAPACITY: Integer = Integer {
    name: "DATA_KEY_CACHE_CAPACITY",
    allowed: 1..=CacheSettings::MAX_CAPACITY.get() as u64,
    default: Some(CacheSettings::DEFAULT_CAPACITY.get() as u64),
    unit: "data keys",
    meaning: "The most data keys kept in a sandbox; the least recently used goes first.",
};

const PARTITION: Text<String> = Text {
    name: "DATA_KEY_CACHE_PARTITION",
    allowed: "up to 256 bytes",
    default: Some(CacheSettings::DEFAULT_PARTITION),
    parse: |text| (text.len() <= 256).then(|| text.to_owned()),
    meaning: "The cache's partition; entries of different partitions are never shared.",
};

const FAILURE_MAX_AGE: Integer = Integer {
    name: "PERMANENT_FAILURE_MAX_AGE_SECONDS",
    allowed: 0..=CacheSettings::MAX_FAILURE_MAX_AGE.as_secs(),
    default: Some(CacheSettings::DEFAULT_FAILURE_MAX_AGE.as_secs()),
    unit: "seconds",
    meaning: "How long it is remembered that a data key can never be decrypted, so that a burst of poison records costs one \
              KMS request. 0 remembers nothing.",
};

const MAX_ATTEMPTS: Integer = Integer {
    name: "KMS_MAX_ATTEMPTS",
    allowed: 1..=100,
    default: Some(RetryPolicy::DEFAULT_MAX_ATTEMPTS.get() as u64),
    unit: "attempts",
    meaning: "The most attempts at one KMS request within an invocation, the first included. The deadline ends them too.",
};

const BASE_DELAY: Integer = Integer {
    name: "KMS_BASE_DELAY_MILLISECONDS",
    allowed: 1..=60_000,
    default: Some(milliseconds(RetryPolicy::DEFAULT_BASE_DELAY)),
    unit: "milliseconds",
    meaning: "The upper bound of the first delay between attempts; it doubles with each. The delay is drawn evenly below it.",
};

const MAX_DELAY: Integer = Integer {
    name: "KMS_MAX_DELAY_MILLISECONDS",
    allowed: 1..=60_000,
    default: Some(milliseconds(RetryPolicy::DEFAULT_MAX_DELAY)),
    unit: "milliseconds",
    meaning: "The upper bound of every delay between attempts.",
};

const ATTEMPT_TIMEOUT: Integer = Integer {
    name: "KMS_ATTEMPT_TIMEOUT_MILLISECONDS",
    allowed: 10..=60_000,
    default: Some(milliseconds(RetryPolicy::DEFAULT_ATTEMPT_TIMEOUT)),
    unit: "milliseconds",
    meaning: "The most time one attempt may take.",
};

const MAX_CONCURRENCY: Integer = Integer {
    name: "KMS_MAX_CONCURRENCY",
    allowed: 1..=1_000,
    default: Some(ConcurrencyLimit::DEFAULT_MAX.get() as u64),
    unit: "requests",
    meaning: "The most KMS requests under way at once in a sandbox. Fewer are while KMS throttles.",
};
