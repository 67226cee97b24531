//! What the demo is asked for.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Parser;
use local_stack::command_line::positive;

/// Races a consumer that calls KMS once per record against Warmkeys: same records, same KMS quota.
///
/// record-encryptor writes into a Kinesis whose shards throttle, split and merge. Two functions read from
/// it: call-per-record, which asks KMS for each record, with the AWS SDK's retries, and stream-decryptor.
/// Each has a KMS of its own, which allows a few requests a second; stream-decryptor shares its KMS with
/// record-encryptor. Some records are poison, and each function loses a sandbox on the way.
///
/// The race ends when stream-decryptor is done. The other function is stopped then, and the demo reckons how
/// long it would take at its pace. Exits with 1 if stream-decryptor or call-per-record lost or changed a
/// record, or delivered it out of the order of its partition key.
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
    /// How many requests KMS allows either consumer in a second [default: 20]
    #[arg(long, alias = "kms-requests-per-second", value_name = "N", value_parser = positive)]
    quota: Option<NonZeroU32>,
    /// Let call-per-record finish too, instead of reckoning when it would: minutes
    #[arg(long)]
    to_the_end: bool,
    /// Draw what happens, as an animated picture (SVG), into this file
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
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
    /// Of KMS, in requests a second.
    pub(crate) quota: NonZeroU32,
    /// Whether the consumer with a call per record is let finish.
    pub(crate) to_the_end: bool,
    /// Where the picture goes.
    pub(crate) picture: Option<PathBuf>,
    pub(crate) seed: u64,
}

impl Options {
    /// Enough to see batches, caches and throttling at work, and done in well under half a minute.
    const USUAL: Self = Self {
        records: NonZeroU32::new(6_000).unwrap(),
        shards: NonZeroU32::new(4).unwrap(),
        tenants: NonZeroU32::new(60).unwrap(),
        quota: NonZeroU32::new(20).unwrap(),
        to_the_end: false,
        picture: None,
        seed: 1,
    };

    /// The same in a few seconds.
    const SHORT: Self = Self {
        records: NonZeroU32::new(800).unwrap(),
        shards: NonZeroU32::new(2).unwrap(),
        tenants: NonZeroU32::new(16).unwrap(),
        quota: NonZeroU32::new(10).unwrap(),
        to_the_end: false,
        picture: None,
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
            quota: given.quota.unwrap_or(defaults.quota),
            to_the_end: given.to_the_end,
            picture: given.picture,
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
    fn the_quota_has_a_short_name_and_keeps_its_old_one() {
        for name in ["--quota", "--kms-requests-per-second"] {
            assert_eq!(options(&[name, "7"]).quota.get(), 7);
        }
    }

    #[test]
    fn the_help_tells_the_defaults() {
        let help = CommandLine::command().render_long_help().to_string();
        let Options { records, shards, tenants, quota, seed, .. } = Options::USUAL;
        for default in [records, shards, tenants, quota].map(|number| number.to_string()) {
            assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
        }
        assert!(help.contains(&format!("[default: {seed}]")), "{help}");
        let Options { records, shards, tenants, quota, .. } = Options::SHORT;
        let short = format!("{records} records, {shards} shards, {tenants} tenants, {quota} KMS");
        assert!(help.contains(&short), "{help}");
    }
}
