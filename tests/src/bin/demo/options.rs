//! What the demo is asked for.

use std::num::NonZeroU32;

use clap::Parser;
use local_stack::command_line::positive;

/// Shows the main job, from producer to consumer: thousands of records through the real functions, and nothing lost.
///
/// record-encryptor writes into a Kinesis whose shards throttle, split and merge, and stream-decryptor reads from it, while
/// KMS allows a few requests a second, some records are poison, and a sandbox is lost on the way.
/// Exits with 1 if a record was lost, changed, or delivered out of the order of its partition key.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "cargo demo", verbatim_doc_comment)]
pub(crate) struct CommandLine {
    /// Show the same in a few seconds: 800 records, 2 shards, 16 tenants, 10 KMS requests a second
    #[arg(long)]
    short: bool,
    /// How many records [default: 6000]
    #[arg(long, value_name = "N", value_parser = positive)]
    records: Option<NonZeroU32>,
    /// How many shards the stream has at first [default: 4]
    #[arg(long, value_name = "N", value_parser = positive)]
    shards: Option<NonZeroU32>,
    /// How many tenants there are: each has records, and data keys, of its own [default: 60]
    #[arg(long, value_name = "N", value_parser = positive)]
    tenants: Option<NonZeroU32>,
    /// How many requests KMS allows in a second [default: 20]
    #[arg(long, value_name = "N", value_parser = positive)]
    kms_requests_per_second: Option<NonZeroU32>,
    /// What the workload is drawn from: the same number gives the same records
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// What the demo is asked for, the defaults filled in.
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
}

impl From<CommandLine> for Options {
    fn from(given: CommandLine) -> Self {
        let defaults = if given.short { Self::SHORT } else { Self::USUAL };
        Self {
            records: given.records.unwrap_or(defaults.records),
            shards: given.shards.unwrap_or(defaults.shards),
            tenants: given.tenants.unwrap_or(defaults.tenants),
            kms_requests_per_second: given.kms_requests_per_second.unwrap_or(defaults.kms_requests_per_second),
            seed: given.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn options(line: &[&str]) -> Options {
        CommandLine::parse_from([&["demo"], line].concat()).into()
    }

    #[test]
    fn what_is_given_goes_before_what_is_usual() {
        assert_eq!(options(&[]).records.get(), 6_000);
        let short = options(&["--short", "--records", "12"]);
        assert_eq!((short.records.get(), short.shards.get()), (12, 2));
    }

    #[test]
    fn the_help_tells_the_defaults() {
        let help = CommandLine::command().render_long_help().to_string();
        let Options { records, shards, tenants, kms_requests_per_second, seed } = Options::USUAL;
        for default in [records, shards, tenants, kms_requests_per_second].map(|number| number.to_string()) {
            assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
        }
        assert!(help.contains(&format!("[default: {seed}]")), "{help}");
        let Options { records, shards, tenants, kms_requests_per_second, .. } = Options::SHORT;
        let short = format!("{records} records, {shards} shards, {tenants} tenants, {kms_requests_per_second} KMS");
        assert!(help.contains(&short), "{help}");
    }
}
