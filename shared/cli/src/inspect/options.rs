//! The command line of `inspect`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use warmkeys::materials_cache::CacheSettings;

/// What is inspected, and what it is to be reckoned with.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Files with what `aws kinesis get-records` prints (one document or many), with Lambda events, objects of an on-failure
    /// destination, quarantine messages, payloads in base64, or one raw payload each. `-`, or none: standard input
    pub(crate) paths: Vec<PathBuf>,

    /// The stream's shards [default: those that a Lambda event names, else 1]
    #[arg(long, value_name = "NUMBER", value_parser = shards)]
    pub(crate) shards: Option<NonZeroU32>,

    /// Concurrent batches per shard (the template's ParallelizationFactor, 1 to 10)
    #[arg(long, value_name = "NUMBER", value_parser = factor, default_value = "1")]
    pub(crate) parallelization_factor: NonZeroU32,

    /// The whole stream's user records a second [default: as the records arrived]
    #[arg(long, value_name = "NUMBER", value_parser = records_per_second)]
    pub(crate) records_per_second: Option<f64>,

    /// How long a data key stays in the cache, in seconds (DATA_KEY_MAX_AGE_SECONDS, 1 to 86400)
    #[arg(long, value_name = "NUMBER", value_parser = max_age, default_value = "300")]
    pub(crate) max_age_seconds: Duration,

    /// The KMS request quota in requests a second [default: AWS's own default of the keys' Region, else 10000]
    #[arg(long, value_name = "NUMBER", value_parser = quota)]
    pub(crate) quota: Option<NonZeroU32>,

    /// What payloads are that look like nothing known. AWS does not say what a KMS ciphertext looks like: those under symmetric keys are
    /// recognised, others by this only
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) record_format: Unknown,

    /// How the report is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: docs/inspect.md says what each field is
    Json,
}

/// What payloads are that look like nothing known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unknown {
    /// They cannot be read
    Auto,
    /// What kms:Encrypt returned
    KmsCiphertext,
}

/// No stream has more: the highest quota that AWS names is 20,000.
const MAX_SHARDS: u32 = 100_000;
/// What event source mappings allow.
const MAX_FACTOR: u32 = 10;
/// A hundred thousand full shards: what is more is a slip.
const MAX_RECORDS_PER_SECOND: f64 = 100_000_000.0;

const EXAMPLES: &str = "\
Examples:
  aws kinesis get-records --shard-iterator … | warmkeys inspect --shards 4
  warmkeys inspect --shards 4 --parallelization-factor 2 shard-*.json
  warmkeys inspect --records-per-second 2500 --format json events/all-decryptable.json

docs/inspect.md has a loop that reads all shards, and says how each number is computed.";

fn shards(text: &str) -> Result<NonZeroU32, String> {
    whole_number(text, MAX_SHARDS)
}

fn factor(text: &str) -> Result<NonZeroU32, String> {
    whole_number(text, MAX_FACTOR)
}

fn quota(text: &str) -> Result<NonZeroU32, String> {
    whole_number(text, u32::MAX)
}

fn whole_number(text: &str, max: u32) -> Result<NonZeroU32, String> {
    let number = text.parse::<NonZeroU32>().ok().filter(|number| number.get() <= max);
    number.ok_or_else(|| format!("a whole number from 1 to {max} is expected"))
}

fn records_per_second(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= MAX_RECORDS_PER_SECOND);
    number.ok_or_else(|| format!("a number above 0, at most {MAX_RECORDS_PER_SECOND}, is expected"))
}

fn max_age(text: &str) -> Result<Duration, String> {
    let age = text.parse().ok().map(Duration::from_secs).filter(|age| CacheSettings::MAX_AGE_BOUNDS.contains(age));
    age.ok_or_else(|| "whole seconds from 1 to 86400 are expected".to_owned())
}
