//! What is told: all numbers in one value, which is written as JSON, or in words.

mod costs;
mod distribution;
mod words;

use std::io;

use serde::Serialize;
use warmkeys::message::AlgorithmSuite;

use self::costs::Costs;
use self::distribution::Distribution;
use super::advice::Verdict;
use super::deployment::Deployment;
use super::forecast::{Course, Forecast};
use super::numbers::shown;
use super::options::Options;
use super::sample::{Counts, Sample, Span};
use super::time;

pub(crate) use self::words::text;

/// Everything that is told. Field for field in docs/inspect.md.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The version of this schema: a reader refuses another number before the dot.
    pub(crate) version: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) records: Records,
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) formats: Vec<FormatCount>,
    pub(crate) suites: Vec<SuiteCount>,
    pub(crate) kms_keys: Vec<KmsKey>,
    pub(crate) encryption_context_keys: Vec<ContextKey>,
    pub(crate) encrypted_data_keys: Option<Bounds>,
    pub(crate) data_keys: Distribution,
    pub(crate) kms: Costs,
    pub(crate) deployment: Option<Deployment>,
}

/// The records, and when they came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Records {
    pub(crate) inputs: u64,
    /// Records of the stream.
    pub(crate) kinesis_records: u64,
    /// Of these, KPL aggregates, and those of them that are empty.
    pub(crate) aggregates: u64,
    pub(crate) empty_aggregates: u64,
    /// Aggregates taken apart.
    pub(crate) user_records: u64,
    pub(crate) readable: u64,
    pub(crate) unreadable: u64,
    pub(crate) bytes: u64,
    pub(crate) first_arrival: Option<String>,
    pub(crate) last_arrival: Option<String>,
    pub(crate) span_seconds: Option<f64>,
    /// Of those that can be read: as they arrived, or as it was given.
    pub(crate) readable_per_second: Option<f64>,
    pub(crate) rate_was_given: bool,
    pub(crate) server_side_encrypted: u64,
}

/// Records that cannot be read, by reason.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unreadable {
    pub(crate) reason: String,
    pub(crate) records: u64,
}

/// Records of a format.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FormatCount {
    pub(crate) record_format: &'static str,
    pub(crate) records: u64,
}

/// Records of a suite.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SuiteCount {
    /// Four hexadecimal digits.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) records: u64,
}

/// A KMS key that records name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KmsKey {
    pub(crate) arn: String,
    pub(crate) records: u64,
    /// Records that name no other key.
    pub(crate) only_this_key: u64,
    pub(crate) first_arrival: Option<String>,
    pub(crate) last_arrival: Option<String>,
    /// Whether the last tenth of the time has no record of it: its producers are gone, but what they wrote is still to be read.
    pub(crate) has_ended: bool,
}

/// A key of the encryption context, and how many records have it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ContextKey {
    pub(crate) key: String,
    pub(crate) records: u64,
}

/// The least and the most.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Bounds {
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Report {
    pub(crate) fn new(sample: &Sample, options: &Options) -> Self {
        let course = course(sample);
        let seen = sample.seen();
        let forecast =
            Forecast::new(seen.readable, &sample.data_keys, sample.lanes().count(), options.max_age_seconds, course);
        let verdict = Verdict::new(sample, &forecast);
        Self {
            version: "1.0",
            records: Records::new(sample, course),
            unreadable: named(&sample.unreadable, |reason| (*reason).clone())
                .map(|(reason, records)| Unreadable { reason, records })
                .collect(),
            formats: sample
                .formats
                .sorted()
                .into_iter()
                .map(|(format, records)| FormatCount { record_format: format.as_str(), records })
                .collect(),
            suites: sample.suites.sorted().into_iter().map(|(id, records)| SuiteCount::new(*id, records)).collect(),
            kms_keys: kms_keys(sample),
            encryption_context_keys: named(&sample.context_keys, |key| shown(key))
                .map(|(key, records)| ContextKey { key, records })
                .collect(),
            encrypted_data_keys: sample.encrypted_data_keys.map(|(min, max)| Bounds { min, max }),
            data_keys: Distribution::new(&sample.data_keys),
            kms: Costs::new(sample, options, &forecast),
            deployment: Deployment::new(sample, options, verdict.helps),
            verdict,
        }
    }
}

/// The report as JSON, with a line feed at its end.
pub(crate) fn json(report: &Report) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// Over which time the records came; `None` if that cannot be told.
#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn course(sample: &Sample) -> Option<Course> {
    let (first, _) = sample.uses.ends()?;
    let seconds = match sample.pace() {
        Some(pace) => sample.seen().readable as f64 / pace,
        None => sample.uses.seconds(),
    };
    // Shorter, it is the course of one PutRecords, not of a stream.
    let is_known = sample.pace().is_some() || seconds >= LEAST_SECONDS;
    (is_known && seconds > 0.0).then_some(Course { first, seconds })
}

/// The least time between the first and the last record that tells a rate, in seconds.
const LEAST_SECONDS: f64 = 1.0;

impl Records {
    #[expect(clippy::cast_precision_loss, reason = "rates")]
    fn new(sample: &Sample, course: Option<Course>) -> Self {
        let seen = sample.seen();
        let arrivals = sample.arrivals.ends();
        Self {
            inputs: seen.inputs,
            kinesis_records: seen.kinesis_records,
            aggregates: seen.aggregates,
            empty_aggregates: seen.empty_aggregates,
            user_records: seen.user_records,
            readable: seen.readable,
            unreadable: seen.user_records - seen.readable,
            bytes: seen.bytes,
            first_arrival: arrivals.map(|(first, _)| time::to_text(first)),
            last_arrival: arrivals.map(|(_, last)| time::to_text(last)),
            span_seconds: arrivals.map(|_| sample.arrivals.seconds()),
            readable_per_second: course.map(|course| seen.readable as f64 / course.seconds),
            rate_was_given: sample.pace().is_some(),
            server_side_encrypted: seen.server_side_encrypted,
        }
    }
}

impl SuiteCount {
    fn new(id: u16, records: u64) -> Self {
        let name = AlgorithmSuite::from_id(id).map_or_else(|_| "unknown".to_owned(), describe);
        Self { id: format!("{id:04x}"), name, records }
    }
}

fn describe(suite: AlgorithmSuite) -> String {
    let mut name = format!("AES-{}-GCM", suite.data_key_len() * 8);
    for (is, what) in [
        (!suite.is_cacheable(), ", no key derivation"),
        (suite.is_committing(), ", key commitment"),
        (!suite.is_committing(), ", no key commitment"),
        (suite.is_signing(), ", signed"),
    ] {
        if is {
            name.push_str(what);
        }
    }
    name
}

fn kms_keys(sample: &Sample) -> Vec<KmsKey> {
    let of_key = |(arn, uses): (&warmkeys::data_keys::KeyArn, super::sample::KmsKeyUse)| {
        let ends = uses.arrivals.ends();
        KmsKey {
            arn: arn.to_string(),
            records: uses.records,
            only_this_key: uses.only,
            first_arrival: ends.map(|(first, _)| time::to_text(first)),
            last_arrival: ends.map(|(_, last)| time::to_text(last)),
            has_ended: has_ended(uses.arrivals, sample.arrivals),
        }
    };
    sample.kms_keys.sorted().into_iter().map(of_key).collect()
}

/// Whether `key`'s records have ended in the last tenth of all, or before.
fn has_ended(key: Span, all: Span) -> bool {
    let (Some((_, last)), Some((first_of_all, last_of_all))) = (key.ends(), all.ends()) else { return false };
    last_of_all.saturating_sub(first_of_all) / 10 < last_of_all.saturating_sub(last)
}

/// Names and counts, and what became too many names as one more.
fn named<K: Ord>(counts: &Counts<K>, name: impl Fn(&K) -> String) -> impl Iterator<Item = (String, u64)> {
    let rest = (counts.rest() > 0).then(|| ("others".to_owned(), counts.rest()));
    let named: Vec<_> = counts.sorted().into_iter().map(|(key, count)| (name(key), count)).collect();
    named.into_iter().chain(rest)
}
