//! With which parameters to deploy this project's template.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use warmkeys::data_keys::KeyArn;
use warmkeys::materials_cache::CacheSettings;
use warmkeys::message::{AlgorithmSuite, DEFAULT_MAX_ENCRYPTED_DATA_KEYS};

use super::advice::Helps;
use super::options::Options;
use super::sample::{RecordFormatName, Sample};

/// How to deploy this project's template.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    /// The environment of samconfig.toml: `sam deploy --config-env …`.
    pub(crate) config_env: &'static str,
    /// Parameters of template.yaml. A value in capitals is to be replaced.
    pub(crate) parameters: BTreeMap<&'static str, Parameter>,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Parameter {
    One(String),
    List(Vec<String>),
}

impl Deployment {
    /// `None` if there is nothing to decrypt.
    pub(crate) fn new(sample: &Sample, options: &Options, helps: Helps) -> Option<Self> {
        let (format, _) = sample.formats.sorted().first().copied()?;
        let mut parameters = BTreeMap::new();
        let mut set = |name, value| parameters.insert(name, value);
        let one = |value: &str| Parameter::One(value.to_owned());
        let streams = sample.stream_arns.sorted();
        let stream =
            streams.first().map(|(arn, _)| arn.as_str()).filter(|arn| is_stream_arn(arn)).map(without_consumer);
        set("StreamArn", one(stream.unwrap_or("arn:aws:kinesis:REGION:ACCOUNT:stream/NAME")));
        set("RecordFormat", one(format.as_str()));
        set("DeployRecordEncryptor", one("false"));
        match kms_keys(sample, stream.and_then(region)) {
            keys if keys.is_empty() => {
                set("KmsKeyArns", Parameter::List(vec!["arn:aws:kms:REGION:ACCOUNT:key/ID".to_owned()]))
            }
            keys if keys.len() > MAX_KMS_KEY_ARNS => {
                let accounts: BTreeSet<_> = keys.iter().map(KeyArn::account).collect();
                set("KmsDiscoveryAccountIds", Parameter::List(accounts.into_iter().map(str::to_owned).collect()))
            }
            keys => set("KmsKeyArns", Parameter::List(keys.iter().map(ToString::to_string).collect())),
        };
        if *format != RecordFormatName::ActivityStream {
            set("ParallelizationFactor", one(&options.parallelization_factor.to_string()));
            let settings = settings(sample, options, helps);
            if !settings.is_empty() {
                // Strings have a JSON.
                set("StreamDecryptorSettings", Parameter::One(serde_json::to_string(&settings).unwrap_or_default()));
            }
        }
        let config_env =
            if *format == RecordFormatName::ActivityStream { "activity-stream" } else { "existing-stream" };
        Some(Self { config_env, parameters })
    }
}

/// The most that the template takes.
const MAX_KMS_KEY_ARNS: usize = 20;

/// The keys that a function in `region` is to be given: a message of several keys needs one of them, a multi-Region key its replica there.
fn kms_keys(sample: &Sample, region: Option<&str>) -> Vec<KeyArn> {
    let all: Vec<_> = sample.kms_keys.sorted().into_iter().map(|(key, _)| key.clone()).collect();
    let Some(region) = region else { return all };
    let there: BTreeSet<_> =
        all.iter().map(|key| key.related_in(region)).filter(|key| key.region() == region).collect();
    if there.is_empty() { all } else { there.into_iter().collect() }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn settings(sample: &Sample, options: &Options, helps: Helps) -> BTreeMap<&'static str, String> {
    let mut settings = BTreeMap::new();
    let committing = |id: u16| AlgorithmSuite::from_id(id).is_ok_and(AlgorithmSuite::is_committing);
    if sample.suites.sorted().iter().any(|(id, _)| !committing(**id)) {
        settings.insert("COMMITMENT_POLICY", "require-encrypt-allow-decrypt".to_owned());
    }
    if let Some((_, most)) =
        sample.encrypted_data_keys.filter(|(_, most)| *most > usize::from(DEFAULT_MAX_ENCRYPTED_DATA_KEYS.get()))
    {
        settings.insert("MAX_ENCRYPTED_DATA_KEYS", most.to_string());
    }
    if options.max_age_seconds != CacheSettings::DEFAULT_MAX_AGE {
        settings.insert("DATA_KEY_MAX_AGE_SECONDS", options.max_age_seconds.as_secs().to_string());
    }
    let most = most_data_keys_of_a_lane(sample, options.max_age_seconds);
    if helps == Helps::Yes && most > CacheSettings::DEFAULT_CAPACITY.get() as f64 {
        // Twice, so that it lasts for a while.
        let capacity = (most * 2.0).min(CacheSettings::MAX_CAPACITY.get() as f64);
        settings.insert("DATA_KEY_CACHE_CAPACITY", format!("{capacity:.0}"));
    }
    settings
}

/// The most data keys that one cache holds at a time.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn most_data_keys_of_a_lane(sample: &Sample, max_age: Duration) -> f64 {
    let mut by_lane: BTreeMap<u32, usize> = BTreeMap::new();
    for uses in sample.data_keys.by_data_key().iter().flatten() {
        *by_lane.entry(uses.lane).or_default() += 1;
    }
    let in_sample = by_lane.into_values().max().unwrap_or_default() as f64 * sample.data_keys.weight();
    // Those of a longer time are not held all at once.
    in_sample * (max_age.as_secs_f64() / sample.uses.seconds().max(1.0)).min(1.0)
}

/// A Lambda event names the consumer, if it comes through one.
fn without_consumer(arn: &str) -> &str {
    arn.split_once("/consumer/").map_or(arn, |(stream, _)| stream)
}

fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}

/// Whether it may be shown: nobody has checked where it came from.
fn is_stream_arn(arn: &str) -> bool {
    const MAX_LEN: usize = 300;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":/_.-".contains(&byte);
    arn.len() <= MAX_LEN && arn.starts_with("arn:") && arn.contains(":kinesis:") && arn.bytes().all(allowed)
}
