//! Variables of decrypting with KMS: which keys may be used, and what becomes of records whose keys cannot be.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::{Choice, Describe, Environment, Integer, KmsRequestConfig, Text, TextList, data_key_cache, kms_requests};
use crate::data_keys::{AllowedKeys, DecryptionKeyringSettings, DiscoveryFilter, KeyArn};
use crate::decryptor::UnavailableKeys;
use crate::kms::KmsSettings;
use crate::materials_cache::CacheSettings;
use crate::retry::RetryPolicy;

/// What a function that has data keys decrypted by KMS is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsConfig {
    /// How single requests are made.
    pub client: KmsSettings,
    /// Which keys may be used.
    pub keyring: DecryptionKeyringSettings,
    /// How long data keys are kept.
    pub cache: CacheSettings,
    /// How requests are retried.
    pub retry: RetryPolicy,
    /// The most requests under way at once.
    pub max_concurrency: NonZeroUsize,
}

/// The variables, in the order of the documentation.
pub(super) const VARIABLES: &[&dyn Describe] =
    &[&KEY_ARNS, &DISCOVERY_ACCOUNT_IDS, &DISCOVERY_PARTITION, &UNAVAILABLE_KEY, &FAILURE_MAX_AGE];

impl KmsConfig {
    pub(super) fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let keyring = read_keyring(environment);
        let cache = read_cache(environment);
        let KmsRequestConfig { client, retry, max_concurrency } = KmsRequestConfig::read(environment)?;
        Some(Self { client, keyring: keyring?, cache: cache?, retry, max_concurrency })
    }
}

pub(super) fn read_unavailable_keys(environment: &mut Environment<'_>) -> Option<UnavailableKeys> {
    environment.read(&UNAVAILABLE_KEY)
}

fn read_keyring(environment: &mut Environment<'_>) -> Option<DecryptionKeyringSettings> {
    let region = environment.require(&REGION, "always (Lambda sets it)");
    let keys = environment.read(&KEY_ARNS)?;
    let accounts: BTreeSet<_> = environment.read(&DISCOVERY_ACCOUNT_IDS)?.into_iter().collect();
    let partition = environment.read(&DISCOVERY_PARTITION)?;
    let grant_tokens = environment.read(&kms_requests::GRANT_TOKENS)?;
    let allowed = match (keys.is_empty(), accounts.is_empty()) {
        (false, true) => AllowedKeys::Strict(keys),
        (true, false) => AllowedKeys::Discovery(Some(DiscoveryFilter { partition, accounts })),
        // A list that is there but wrong has been reported as such.
        (true, true) if environment.has_rejected(KEY_ARNS.name) => return None,
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
    let settings = DecryptionKeyringSettings::new(allowed, region?, grant_tokens);
    settings.map_err(|error| environment.reject(KEY_ARNS.name, error.to_string())).ok()
}

fn read_cache(environment: &mut Environment<'_>) -> Option<CacheSettings> {
    let settings = data_key_cache::read(environment);
    let failure_max_age = Duration::from_secs(environment.read(&FAILURE_MAX_AGE)?);
    settings?
        .with_failure_max_age(failure_max_age)
        .map_err(|error| environment.reject(FAILURE_MAX_AGE.name, error.to_string()))
        .ok()
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

const UNAVAILABLE_KEY: Choice<UnavailableKeys> = Choice {
    name: "UNAVAILABLE_KEY",
    choices: &[("checkpoint", UnavailableKeys::Checkpoint), ("quarantine", UnavailableKeys::Quarantine)],
    meaning: "What becomes of a record whose key is disabled or whose access is denied: it waits (and the shard with it), or \
              goes to quarantine.",
};

const FAILURE_MAX_AGE: Integer = Integer {
    name: "PERMANENT_FAILURE_MAX_AGE_SECONDS",
    allowed: 0..=CacheSettings::MAX_FAILURE_MAX_AGE.as_secs(),
    default: Some(CacheSettings::DEFAULT_FAILURE_MAX_AGE.as_secs()),
    unit: "seconds",
    meaning: "How long it is remembered that a data key can never be decrypted, so that a burst of poison records costs one \
              KMS request. 0 remembers nothing.",
};
