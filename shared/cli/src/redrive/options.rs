//! What `warmkeys redrive` is asked for.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::filter::Filter;
use super::source::SourceName;

/// Brings records back that Lambda gave up or that are in quarantine, shard by shard, in order.
///
/// Begin with --dry-run: it says what is there, and sends and deletes nothing. docs/redrive.md has the exact commands for each case.
/// Exit code 0: all that was found came back. 1: something did not, or nothing was found.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Where the records are: s3://BUCKET[/PREFIX], or the ARN or URL of an SQS queue; may be repeated
    #[arg(long, value_name = "SOURCE", required = true, value_parser = SourceName::parse)]
    pub(crate) from: Vec<SourceName>,
    /// Invoke this function with them (name or ARN): each shard in its order
    #[arg(long, value_name = "FUNCTION", required_unless_present_any = ["onto", "dry_run"], conflicts_with = "onto")]
    pub(crate) through: Option<String>,
    /// Put them onto this stream again (ARN or name), behind what is there, with their partition keys
    #[arg(long, value_name = "STREAM")]
    pub(crate) onto: Option<String>,
    /// Only say what would be sent: counts by shard, reason and time
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where to write down what is done, so that a run that was killed goes on; one file per task
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub(crate) state: Option<PathBuf>,
    /// Delete each object and message once all records in it are done
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) delete: bool,
    /// Only the records of this shard, such as shardId-000000000003; may be repeated
    #[arg(long, value_name = "ID")]
    shard: Vec<String>,
    /// Only records that arrived in the stream at or after this time, such as 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<SystemTime>,
    /// Only records that arrived before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<SystemTime>,
    /// Only records whose reason contains this text; of given-up records the reason is Lambda's condition
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The most records of one invocation or write (1 to 10000)
    #[arg(long, value_name = "N", default_value = "500", value_parser = batch_records)]
    pub(crate) batch_records: NonZeroUsize,
    /// The most records a second, so that the function has room for new ones [default: no limit]
    #[arg(long, value_name = "N")]
    pub(crate) records_per_second: Option<NonZeroU32>,
    /// How often the same record is tried before its shard is given up
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) max_attempts: NonZeroU32,
    /// The pause after a failure; it doubles with each further one, up to a minute
    #[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = milliseconds)]
    pub(crate) retry_pause: Duration,
    /// For how long messages are hidden from others, renewed while this runs (30 to 43200)
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(i32).range(30..=43_200))]
    pub(crate) visibility_timeout: i32,
    /// The AWS Region [default: of the profile or environment]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

impl Options {
    /// Which records are meant.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            shards: self.shard.clone(),
            since: self.since,
            until: self.until,
            reason: self.reason.as_ref().map(|text| text.to_lowercase()),
        }
    }
}

/// The largest `BatchSize` of an event source mapping, which is also the most that a function reads.
const MAX_BATCH_RECORDS: usize = 10_000;

fn batch_records(text: &str) -> Result<NonZeroUsize, String> {
    let records = text.parse().ok().filter(|records: &NonZeroUsize| records.get() <= MAX_BATCH_RECORDS);
    records.ok_or_else(|| format!("a whole number from 1 to {MAX_BATCH_RECORDS} is expected"))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let milliseconds = text.parse::<u32>().map_err(|_| "a whole number of milliseconds is expected".to_owned())?;
    Ok(Duration::from_millis(milliseconds.into()))
}

fn time(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339_weak(text)
        .map_err(|_| "a time in UTC is expected, such as 2026-03-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, clap::Error> {
        Line::try_parse_from(["redrive"].into_iter().chain(line.split_whitespace())).map(|line| line.options)
    }

    #[test]
    fn only_a_dry_run_needs_neither_destination_nor_state() {
        assert!(parsed("--from s3://bucket --dry-run").is_ok());
        assert!(parsed("--from s3://bucket --state f").is_err());
        assert!(parsed("--from s3://bucket --through f").is_err());
        assert!(parsed("--from s3://bucket --through f --state s").is_ok());
        assert!(parsed("--from s3://bucket --onto o --state s").is_ok());
        assert!(parsed("--from s3://bucket --through f --onto o --state s").is_err());
        assert!(parsed("--from s3://bucket --through f --state s --dry-run --delete").is_err());
        assert!(parsed("--through f --state s").is_err());
    }

    #[test]
    fn a_batch_is_of_1_to_10000_records() {
        for (given, is_allowed) in [("0", false), ("1", true), ("10000", true), ("10001", false)] {
            let line = format!("--from s3://bucket --dry-run --batch-records {given}");
            assert_eq!(parsed(&line).is_ok(), is_allowed, "{given}");
        }
    }

    #[test]
    fn times_are_in_utc() {
        let parsed = |time: &str| parsed(&format!("--from s3://bucket --dry-run --since {time}"));
        let since = parsed("2026-03-01T00:00:00Z").unwrap().since.unwrap();
        assert_eq!(since.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(), 1_772_323_200);
        assert!(parsed("yesterday").is_err());
    }
}
