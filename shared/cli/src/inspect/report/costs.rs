//! What the calls cost, in dollars and of the quota.

use serde::Serialize;

use crate::inspect::forecast::Forecast;
use crate::inspect::options::Options;
use crate::inspect::sample::Sample;

/// KMS calls without and with Warmkeys, and what they cost.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Costs {
    pub(crate) shards: u32,
    pub(crate) shards_are_assumed: bool,
    pub(crate) parallelization_factor: u32,
    pub(crate) max_age_seconds: u64,
    /// For the records that were read, with cold caches at the beginning.
    pub(crate) calls_in_sample: Pair,
    /// `None` where no rate is known: also of the next two.
    pub(crate) calls_per_second: Option<Pair>,
    pub(crate) dollars_per_month: Option<Pair>,
    /// 0 to 1, or above.
    pub(crate) share_of_quota: Option<Pair>,
    pub(crate) quota: Quota,
}

/// A number without and with Warmkeys.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pair {
    pub(crate) without: f64,
    pub(crate) with: f64,
    /// If every sandbox comes to need the data keys of every lane.
    pub(crate) with_at_most: f64,
}

/// The request quota of KMS.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quota {
    pub(crate) requests_per_second: u32,
    /// Where it is from, in words.
    pub(crate) source: String,
}

impl Costs {
    pub(crate) fn new(sample: &Sample, options: &Options, forecast: &Forecast) -> Self {
        let quota = Quota::new(sample, options);
        let rates = forecast.per_second.map(|rates| Pair {
            without: rates.without,
            with: rates.with,
            with_at_most: rates.with_at_most,
        });
        Self {
            shards: sample.lanes().shards(),
            shards_are_assumed: !sample.lanes().are_known(),
            parallelization_factor: sample.lanes().factor(),
            max_age_seconds: options.max_age_seconds.as_secs(),
            calls_in_sample: Pair {
                without: forecast.in_sample.without,
                with: forecast.in_sample.with,
                with_at_most: forecast.in_sample.with_at_most,
            },
            calls_per_second: rates,
            dollars_per_month: rates.map(|rates| rates.times(SECONDS_PER_MONTH * DOLLARS_PER_REQUEST)),
            share_of_quota: rates.map(|rates| rates.times(1.0 / f64::from(quota.requests_per_second))),
            quota,
        }
    }
}

impl Pair {
    fn times(self, factor: f64) -> Self {
        Self { without: self.without * factor, with: self.with * factor, with_at_most: self.with_at_most * factor }
    }
}

impl Quota {
    /// As given, else AWS's default where the keys are.
    fn new(sample: &Sample, options: &Options) -> Self {
        if let Some(quota) = options.quota {
            return Self { requests_per_second: quota.get(), source: "as given".to_owned() };
        }
        let keys = sample.kms_keys.sorted();
        match keys.first().map(|(key, _)| key.region()) {
            Some(region) => Self { requests_per_second: default_quota(region), source: format!("default of {region}") },
            None => Self { requests_per_second: COMMON_QUOTA, source: "default of most Regions".to_owned() },
        }
    }
}

/// Cryptographic operations with symmetric keys, all together, of an account in a Region.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
fn default_quota(region: &str) -> u32 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 100_000,
        "us-east-2" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-1" | "eu-central-1" | "eu-west-2" => 20_000,
        _ => COMMON_QUOTA,
    }
}

/// The default quota of all other Regions.
const COMMON_QUOTA: u32 = 10_000;

/// AWS reckons with 730 hours.
const SECONDS_PER_MONTH: f64 = 730.0 * 3600.0;

/// $0.03 per 10,000. The free tier (20,000 a month) is left out. <https://aws.amazon.com/kms/pricing/>
const DOLLARS_PER_REQUEST: f64 = 0.03 / 10_000.0;
