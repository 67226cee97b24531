//! How the local services are run.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::{DECRYPTOR, ENCRYPTOR};

/// How many data keys `events/throttled.json` needs: each of its records has its own.
pub const THROTTLED_EVENT_DATA_KEYS: u32 = 36;

/// How the local services are run.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// The port of the functions' invoke API; 0: any free one.
    pub port: u16,
    /// The port of KMS; 0: any free one.
    pub kms_port: u16,
    /// The port of Kinesis; 0: any free one.
    pub kinesis_port: u16,
    /// How many requests KMS allows in a second; `None`: any number.
    pub kms_quota: Option<NonZeroU32>,
    /// The functions' time-out. Whole seconds, as on Lambda.
    pub timeout: Duration,
    /// Further variables of `stream-decryptor`.
    pub decryptor_environment: BTreeMap<String, String>,
    /// Further variables of `record-encryptor`.
    pub encryptor_environment: BTreeMap<String, String>,
}

impl LocalSettings {
    /// The default of [`port`](Self::port): that of `cargo lambda watch`.
    pub const DEFAULT_PORT: u16 = 9_000;
    /// The default of [`kms_port`](Self::kms_port): that of the program `embedded-kms`.
    pub const DEFAULT_KMS_PORT: u16 = 4_599;
    /// The default of [`kinesis_port`](Self::kinesis_port): that of the program `embedded-kinesis`.
    pub const DEFAULT_KINESIS_PORT: u16 = 4_598;
    /// The default of [`kms_quota`](Self::kms_quota): of the throttled event's data keys, one invocation gets 35 at the most,
    /// and a
    /// further one, a second later, those that are missing.
    pub const DEFAULT_KMS_QUOTA: NonZeroU32 = NonZeroU32::new(10).unwrap();
    /// The default of [`timeout`](Self::timeout): short, because nobody likes to wait for a checkpoint.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            port: Self::DEFAULT_PORT,
            kms_port: Self::DEFAULT_KMS_PORT,
            kinesis_port: Self::DEFAULT_KINESIS_PORT,
            kms_quota: Some(Self::DEFAULT_KMS_QUOTA),
            timeout: Self::DEFAULT_TIMEOUT,
            decryptor_environment: BTreeMap::new(),
            encryptor_environment: BTreeMap::new(),
        }
    }
}

/// The functions' binaries.
#[derive(Clone, Debug)]
pub struct Functions {
    /// `stream-decryptor`.
    pub decryptor: PathBuf,
    /// `record-encryptor`.
    pub encryptor: PathBuf,
}

impl Functions {
    /// Picks the functions out of all built binaries; the error is the name of the one that is not there.
    ///
    /// # Errors
    /// The missing binary's name.
    pub fn among(binaries: &BTreeMap<String, PathBuf>) -> Result<Self, &'static str> {
        let binary = |name| binaries.get(name).cloned().ok_or(name);
        Ok(Self { decryptor: binary(DECRYPTOR)?, encryptor: binary(ENCRYPTOR)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long an invocation waits for data keys by default: its time less `DELIVERY_RESERVE_MILLISECONDS`, 3,000 but "at most half of it".
    const WAIT: Duration = LocalSettings::DEFAULT_TIMEOUT.checked_div(2).unwrap();

    #[test]
    fn by_default_the_throttled_event_needs_two_invocations() {
        let a_second = f64::from(LocalSettings::DEFAULT_KMS_QUOTA.get());
        let needed = f64::from(THROTTLED_EVENT_DATA_KEYS);
        let flowing_in = a_second * WAIT.as_secs_f64();
        assert!(a_second + flowing_in < needed, "one is not enough, though it begins with a second's worth");
        // Not all is fetched: delays between attempts let some of it pass, and an invocation stops asking a little before its end.
        assert!(2.0 * (a_second + flowing_in) * 0.6 > needed, "two are, a second apart, even if 40 % go unused");
    }
}
