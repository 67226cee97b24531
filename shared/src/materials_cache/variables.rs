//! The variables of a cache of data keys.

use std::time::Duration;

use super::CacheSettings;
use crate::config::{Environment, Group, Integer, Text};

/// The cache of data keys that records carry.
pub const DECRYPTION: Group<CacheSettings> = Group {
    heading: "Cache of data keys",
    variables: &[&MAX_AGE, &REFRESH_AFTER, &CAPACITY, &PARTITION, &FAILURE_MAX_AGE],
    replaced: &[],
    read: |environment| {
        let settings = read(environment);
        let failure_max_age = Duration::from_secs(environment.read(&FAILURE_MAX_AGE)?);
        settings?
            .with_failure_max_age(failure_max_age)
            .map_err(|error| environment.reject(FAILURE_MAX_AGE.name, format!("cannot be used: {error}")))
            .ok()
    },
};

/// The cache of data keys to encrypt with.
pub const GENERATION: Group<CacheSettings> = Group {
    heading: "Cache of data keys",
    variables: &[&MAX_AGE, &REFRESH_AFTER, &CAPACITY, &PARTITION],
    replaced: &[],
    read,
};

fn read(environment: &mut Environment) -> Option<CacheSettings> {
    let max_age = environment.read(&MAX_AGE).map(Duration::from_secs);
    let refresh_after = environment.read(&REFRESH_AFTER).map(Duration::from_secs);
    let capacity = environment.read(&CAPACITY).and_then(|entries| usize::try_from(entries).ok());
    let partition = environment.read(&PARTITION);
    let max_age = max_age?;
    let refresh_after = refresh_after.unwrap_or_else(|| CacheSettings::default_refresh_after(max_age));
    match CacheSettings::new(max_age, Some(refresh_after), capacity?) {
        Ok(settings) => Some(settings.with_partition(partition?)),
        Err(error) => {
            environment.reject(REFRESH_AFTER.name, format!("cannot be used: {error}"));
            None
        }
    }
}

const MAX_AGE: Integer = Integer {
    name: "DATA_KEY_MAX_AGE_SECONDS",
    allowed: CacheSettings::MAX_AGE_BOUNDS.start().as_secs()..=CacheSettings::MAX_AGE_BOUNDS.end().as_secs(),
    default: Some(CacheSettings::DEFAULT_MAX_AGE.as_secs()),
    unit: "seconds",
    meaning: "How long a data key is used after KMS was asked for it. Until then a disabled KMS key goes on working, too.",
};

const REFRESH_AFTER: Integer = Integer {
    name: "DATA_KEY_REFRESH_AFTER_SECONDS",
    allowed: 1..=CacheSettings::MAX_AGE_BOUNDS.end().as_secs(),
    default: None,
    unit: "seconds, less than DATA_KEY_MAX_AGE_SECONDS (absent: four fifths of it)",
    meaning: "From this age on, using a data key also renews it, without waiting. Of the keys that records carry, only those that \
              have been in use for longer than DATA_KEY_MAX_AGE_SECONDS.",
};

const CAPACITY: Integer = Integer {
    name: "DATA_KEY_CACHE_CAPACITY",
    allowed: 1..=CacheSettings::MAX_CAPACITY.get() as u64,
    default: Some(CacheSettings::DEFAULT_CAPACITY.get() as u64),
    unit: "data keys",
    meaning: "The most data keys kept in a sandbox (one running copy of the function); the least recently used goes first.",
};

const PARTITION: Text<String> = Text {
    name: "DATA_KEY_CACHE_PARTITION",
    allowed: "up to 256 bytes",
    default: Some(CacheSettings::DEFAULT_PARTITION),
    parse: |text| (text.len() <= 256).then(|| text.to_owned()),
    secret: false,
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
