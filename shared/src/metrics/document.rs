//! A document of the embedded metric format.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::definitions::NAMESPACE;
use super::metric::{Family, Metric, Presence, Unit};
use crate::retry::DurationCounts;
use crate::text::rfc3339;

/// A document: what was measured in one invocation, by what CloudWatch is to tell it apart, and what else a query may look for.
///
/// None of its methods takes a record's content: numbers, names and ids only.
#[derive(Clone, Debug, Default)]
pub struct Document {
    dimensions: Vec<(&'static str, String)>,
    properties: Vec<(&'static str, String)>,
    metrics: Vec<(Cow<'static, str>, Unit, Value)>,
}

#[derive(Clone, Debug)]
enum Value {
    Whole(u64),
    Fraction(f64),
    Distribution(Vec<(f64, u64)>),
}

impl Document {
    /// The most metrics of a document.
    ///
    /// > The number of MetricDefinitions (..) MUST NOT be more than 100
    pub const MAX_METRICS: usize = 100;

    /// By this, CloudWatch tells the metrics apart.
    pub fn dimension(&mut self, name: &'static str, value: &str) {
        self.dimensions.push((name, value.to_owned()));
    }

    /// This, queries may look for.
    pub fn property(&mut self, name: &'static str, value: impl fmt::Display) {
        self.properties.push((name, value.to_string()));
    }

    /// A number of things or bytes.
    pub fn count(&mut self, metric: &Metric, value: u64) {
        self.add(metric, value == 0, Value::Whole(value));
    }

    /// A number of things, as collections count.
    pub fn len(&mut self, metric: &Metric, value: usize) {
        self.count(metric, whole(value));
    }

    /// A duration, to the microsecond.
    pub fn duration(&mut self, metric: &Metric, value: Duration) {
        self.add(metric, value.is_zero(), Value::Fraction(seconds(value)));
    }

    /// A distribution of durations.
    pub fn distribution(&mut self, metric: &Metric, counts: &DurationCounts) {
        let values: Vec<_> = counts.iter().map(|(duration, count)| (seconds(duration), count)).collect();
        if !values.is_empty() {
            self.add(metric, false, Value::Distribution(values));
        }
    }

    /// The member `code` of a family.
    pub fn count_of(&mut self, family: &Family, code: &'static str, value: u64) {
        if value > 0 {
            let name = format!("{}.{code}", family.prefix);
            self.metrics.push((name.into(), Unit::Count, Value::Whole(value)));
        }
    }

    fn add(&mut self, metric: &Metric, is_zero: bool, value: Value) {
        if metric.presence == Presence::Always || !is_zero {
            self.metrics.push((metric.name.into(), metric.unit, value));
        }
    }

    /// The document as one line, without its end. `level` is the log level that it is to pass as.
    ///
    /// Lambda's own filter of JSON logs drops what is below the function's log level, and takes what has no `level`, or no `timestamp` that
    /// it can read, for `INFO`: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
    pub(super) fn line(&self, level: &'static str, now: SystemTime) -> serde_json::Result<String> {
        serde_json::to_string(&Line { document: self, level, now })
    }
}

struct Line<'a> {
    document: &'a Document,
    level: &'static str,
    now: SystemTime,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { dimensions, properties, metrics } = self.document;
        let mut root = serializer.serialize_map(None)?;
        let since_epoch = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let milliseconds = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        let to_the_millisecond = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds));
        root.serialize_entry("level", self.level)?;
        root.serialize_entry("timestamp", &rfc3339(to_the_millisecond.unwrap_or(self.now)))?;
        let metadata = Metadata {
            timestamp: milliseconds,
            cloud_watch_metrics: [Directive {
                namespace: NAMESPACE,
                dimensions: [dimensions.iter().map(|(name, _)| *name).collect()],
                metrics: metrics.iter().map(|(name, unit, _)| Definition { name, unit: unit.name() }).collect(),
            }],
        };
        root.serialize_entry("_aws", &metadata)?;
        for (name, value) in dimensions.iter().chain(properties) {
            root.serialize_entry(name, value)?;
        }
        for (name, _, value) in metrics {
            root.serialize_entry(name, value)?;
        }
        root.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: [Vec<&'static str>; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'static str,
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => serializer.serialize_u64(*value),
            Self::Fraction(value) => serializer.serialize_f64(*value),
            Self::Distribution(values) => {
                let mut distribution = serializer.serialize_map(Some(2))?;
                distribution.serialize_entry("Values", &Column(values, |(value, _)| *value))?;
                distribution.serialize_entry("Counts", &Column(values, |(_, count)| *count))?;
                distribution.end()
            }
        }
    }
}

/// One side of pairs.
struct Column<'a, P, T>(&'a [P], fn(&P) -> T);

impl<P, T: Serialize> Serialize for Column<'_, P, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_seq(Some(self.0.len()))?;
        for pair in self.0 {
            column.serialize_element(&self.1(pair))?;
        }
        column.end()
    }
}

/// To the microsecond: what is finer is noise, and takes room in the log.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
