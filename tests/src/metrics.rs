//! The documentation of the functions' metrics, written from what they measure.

use std::io;

use warmkeys::failure::FailureClass;
use warmkeys::metrics::definitions::{ALL, BATCHES_CHECKPOINTED_BY_CLASS, KMS_ERRORS, QUARANTINED_BY_REASON};
use warmkeys::metrics::{Family, Metric, Presence, Unit};
use warmkeys::records::RejectionCode;

/// The documentation's file, in the workspace.
pub const DOCUMENTATION: &str = "docs/metrics.md";

/// A metric that a function may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Which documents have it.
    pub presence: Presence,
    /// What it tells.
    pub meaning: String,
}

/// Every metric that a function may write, those of the families one by one.
#[must_use]
pub fn all() -> Vec<Described> {
    let mut all: Vec<_> = ALL.iter().copied().map(described).collect();
    let reasons = RejectionCode::ALL.map(|code| (code.name(), code.meaning()));
    let classes = FailureClass::ALL.map(|class| (class.name(), meaning(class)));
    all.extend(reasons.iter().map(|member| described_member(&QUARANTINED_BY_REASON, *member)));
    for family in [&BATCHES_CHECKPOINTED_BY_CLASS, &KMS_ERRORS] {
        all.extend(classes.iter().map(|member| described_member(family, *member)));
    }
    all
}

/// The documentation that `written` should be: its prose, with a table of all metrics between two markers.
///
/// # Errors
/// No markers.
pub fn documentation(written: &str) -> io::Result<String> {
    let parts = written.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other(format!("{DOCUMENTATION} has no {BEGIN}")))?;
    let rows: String = all().iter().map(row).collect();
    let table = format!("\n| metric | unit | written | what it tells |\n|---|---|---|---|\n{rows}\n");
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

const BEGIN: &str = "<!-- metrics -->\n";
const END: &str = "<!-- end -->";

fn described(metric: &Metric) -> Described {
    let Metric { name, unit, presence, meaning } = *metric;
    Described { name: name.to_owned(), unit, presence, meaning: meaning.to_owned() }
}

fn described_member(family: &Family, (code, meaning): (&str, &str)) -> Described {
    Described {
        name: format!("{}.{code}", family.prefix),
        unit: Unit::Count,
        presence: Presence::IfNotZero,
        meaning: format!("{} {meaning}", family.meaning),
    }
}

fn row(metric: &Described) -> String {
    let written = match metric.presence {
        Presence::Always => "always",
        Presence::IfNotZero => "if not 0",
    };
    format!("| `{}` | {} | {written} | {}. |\n", metric.name, metric.unit.name(), metric.meaning.replace('|', "\\|"))
}

fn meaning(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Throttled => "too many requests. It passes; if it goes on, ask for a higher quota",
        FailureClass::Transient => "the service, the network or the time failed. It passes",
        FailureClass::Caller => {
            "the service did not accept what the function brings into every request: credentials, signature, clock, account. No record is \
             to blame"
        }
        FailureClass::Unavailable => {
            "a key or a destination cannot be used, or access to it is denied. Somebody has to fix it: the shard waits until then"
        }
        FailureClass::Permanent => "it can never succeed",
    }
}
