//! Variables of the cache of data keys.

use std::time::Duration;

use super::{Describe, Environment, Integer, Text};
use crate::materials_cache::CacheSettings;

/// The variables, in the order of the documentation.
pub(super) const VARIABLES: &[&dyn Describe] = &[&MAX_AGE, &REFRESH_AFTER, &CAPACITY, &PARTITION];

pub(super) fn read(environment: &mut Environment<'_>) -> Option<CacheSettings> {
    let max_age = Duration::from_secs(environment.read(&MAX_AGE)?);
    let refresh_after = match environment.read(&REFRESH_AFTER) {
        Some(seconds) => Duration::from_secs(seconds),
        None => CacheSettings::default_refresh_after(max_age),
    };
    let capacity = usize::try_from(environment.read(&CAPACITY)?).ok()?;
    let partition = environment.read(&PARTITION)?;
    match CacheSettings::new(max_age, Some(refresh_after), capacity) {
        Ok(settings) => Some(settings.with_partition(partition)),
        Err(error) => {
            environment.reject(REFRESH_AFTER.name, error.to_string());
            None
        }
    }
}

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
