//! What the demo is asked for.

use std::num::NonZeroU32;

use local_stack::arguments::{ArgumentError, Arguments};

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) records: NonZeroU32,
    pub(crate) shards: NonZeroU32,
    pub(crate) tenants: NonZeroU32,
    pub(crate) kms_requests_per_second: NonZeroU32,
    pub(crate) seed: u64,
}

impl Options {
    /// Enough to see batches, caches and throttling at work, and done in well under half a minute.
    const USUAL: Self = Self {
        records: NonZeroU32::new(6_000).unwrap(),
        shards: NonZeroU32::new(4).unwrap(),
        tenants: NonZeroU32::new(60).unwrap(),
        kms_requests_per_second: NonZeroU32::new(20).unwrap(),
        seed: 1,
    };

    /// The same in a few seconds.
    const SHORT: Self = Self {
        records: NonZeroU32::new(800).unwrap(),
        shards: NonZeroU32::new(2).unwrap(),
        tenants: NonZeroU32::new(16).unwrap(),
        kms_requests_per_second: NonZeroU32::new(10).unwrap(),
        seed: 1,
    };

    /// Reads the command line.
    ///
    /// # Errors
    /// [`ArgumentError`], which names the option.
    pub(crate) fn read(mut arguments: Arguments) -> Result<Self, ArgumentError> {
        const POSITIVE: &str = "a number from 1 on";
        let defaults = if arguments.flag("short")? { Self::SHORT } else { Self::USUAL };
        let options = Self {
            records: arguments.value("records", POSITIVE)?.unwrap_or(defaults.records),
            shards: arguments.value("shards", POSITIVE)?.unwrap_or(defaults.shards),
            tenants: arguments.value("tenants", POSITIVE)?.unwrap_or(defaults.tenants),
            kms_requests_per_second: arguments
                .value("kms-requests-per-second", POSITIVE)?
                .unwrap_or(defaults.kms_requests_per_second),
            seed: arguments.value("seed", "a number")?.unwrap_or(defaults.seed),
        };
        arguments.finish()?;
        Ok(options)
    }
}
