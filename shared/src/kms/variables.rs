//! The variables of requests to KMS: how they are made, and how they are retried.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::{KeyStore, KmsSettings};
use crate::config::{Choice, Environment, Group, Integer, milliseconds};
use crate::retry::{ConcurrencyLimit, RetryPolicy};

/// How KMS is asked, whatever for.
pub const VARIABLES: Group<KmsRequestSettings> = Group {
    heading: "Requests to KMS",
    variables: &[&KEY_STORE, &MAX_ATTEMPTS, &BASE_DELAY, &MAX_DELAY, &ATTEMPT_TIMEOUT, &MAX_CONCURRENCY],
    replaced: &[],
    read,
};

/// How KMS is asked, whatever for.
#[derive(Clone, Debug)]
pub struct KmsRequestSettings {
    /// How single requests are made.
    pub client: KmsSettings,
    /// How requests are retried.
    pub retry: RetryPolicy,
    /// The most requests under way at once.
    pub max_concurrency: NonZeroUsize,
}

fn read(environment: &mut Environment) -> Option<KmsRequestSettings> {
    let retry = read_retry(environment);
    let max_concurrency = environment.read(&MAX_CONCURRENCY).and_then(|requests| usize::try_from(requests).ok());
    let client = read_client(environment, retry.as_ref());
    let max_concurrency = NonZeroUsize::new(max_concurrency?)?;
    Some(KmsRequestSettings { client: client?, retry: retry?, max_concurrency })
}

fn read_client(environment: &mut Environment, retry: Option<&RetryPolicy>) -> Option<KmsSettings> {
    let key_store = environment.read(&KEY_STORE)?;
    // The attempt's own time-out ends it first; a connection that stays silent as long is not used again.
    let timeout =
        retry?.attempt_timeout.clamp(*KmsSettings::TIMEOUT_BOUNDS.start(), *KmsSettings::TIMEOUT_BOUNDS.end());
    KmsSettings::new(timeout, timeout, key_store)
        .map_err(|error| environment.reject(ATTEMPT_TIMEOUT.name, format!("cannot be used: {error}")))
        .ok()
}

fn read_retry(environment: &mut Environment) -> Option<RetryPolicy> {
    let max_attempts = environment.read(&MAX_ATTEMPTS);
    let base_delay = environment.read(&BASE_DELAY).map(Duration::from_millis);
    let max_delay = environment.read(&MAX_DELAY).map(Duration::from_millis);
    let attempt_timeout = environment.read(&ATTEMPT_TIMEOUT).map(Duration::from_millis);
    let (base_delay, max_delay) = (base_delay?, max_delay?);
    if base_delay > max_delay {
        let what = format!("is {base_delay:?}, more than {}, which is {max_delay:?}", MAX_DELAY.name);
        environment.reject(BASE_DELAY.name, what);
        return None;
    }
    Some(RetryPolicy {
        max_attempts: u32::try_from(max_attempts?).ok().and_then(NonZeroU32::new)?,
        base_delay,
        max_delay,
        attempt_timeout: attempt_timeout?,
        ..RetryPolicy::default()
    })
}

const KEY_STORE: Choice<KeyStore> = Choice {
    name: "KMS_KEY_STORE",
    choices: &[("kms", KeyStore::Kms), ("custom", KeyStore::Custom)],
    meaning: "Where the keys' material is. In a custom key store (CloudHSM, external), KMSInvalidStateException may be overload \
              and is tried again.",
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
    meaning: "The upper bound of the first delay between attempts; it doubles with each. The delay is drawn evenly below it. \
              Once KMS throttles, requests also wait for their turn at the pace that it grants.",
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
    meaning: "The most KMS requests under way at once in a sandbox. There are fewer at first and while KMS throttles.",
};
