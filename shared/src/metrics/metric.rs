//! What a metric is.

/// A metric: its name, unit and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name: OpenTelemetry's where it has one, else one made by its rules.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// Which documents have it.
    pub presence: Presence,
    /// What it tells, for the documentation.
    pub meaning: &'static str,
}

/// Metrics of one meaning, one for each of several codes: `records.quarantined.malformed`. Each is there only if it is not zero, and its
/// values are counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// What the names begin with; a dot and the code follow.
    pub prefix: &'static str,
    /// What they tell, for the documentation.
    pub meaning: &'static str,
}

/// Which documents have a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// All that can: a metric that is missing then tells that the function did not run.
    Always,
    /// Those in which it is not zero: CloudWatch charges for each metric and hour in which there is a value.
    IfNotZero,
}

/// The unit of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds, with fractions.
    Seconds,
}

impl Unit {
    /// CloudWatch's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Seconds => "Seconds",
        }
    }
}

impl Metric {
    pub(super) const fn always(name: &'static str, unit: Unit, meaning: &'static str) -> Self {
        Self { name, unit, presence: Presence::Always, meaning }
    }

    pub(super) const fn if_not_zero(name: &'static str, unit: Unit, meaning: &'static str) -> Self {
        Self { name, unit, presence: Presence::IfNotZero, meaning }
    }
}
