//! The report in words, for a terminal of 100 columns.

use std::fmt::Write as _;

use super::{KmsKey, Report};
use crate::inspect::deployment::{Deployment, Parameter};
use crate::inspect::numbers::{count, counted, dollars, duration, number, percent};

/// The report in words, with a line feed at its end.
pub(crate) fn text(report: &Report) -> String {
    let mut page = Page::default();
    page.paragraph("", &report.verdict.summary);
    records(&mut page, report);
    if report.records.readable > 0 {
        encryption(&mut page, report);
        data_keys(&mut page, report);
        kms_calls(&mut page, report);
    }
    if let Some(deployment) = &report.deployment {
        deploy(&mut page, deployment);
    }
    if !report.verdict.advice.is_empty() {
        page.heading("What to know");
        for advice in &report.verdict.advice {
            page.paragraph("  - ", advice);
        }
    }
    page.text
}

fn records(page: &mut Page, report: &Report) {
    let records = &report.records;
    page.heading("Records");
    let mut read = format!("{} in {}", count(records.user_records), counted(records.inputs, "input"));
    if records.aggregates > 0 {
        let of_stream = counted(records.kinesis_records, "record");
        let _ = write!(read, ": {of_stream} of the stream, {} of them KPL aggregates", count(records.aggregates));
    }
    page.item("read", &read);
    let rate = records.readable_per_second.map(|rate| format!("{} a second", number(rate)));
    match (&records.first_arrival, &records.last_arrival, records.span_seconds) {
        (Some(first), Some(last), Some(seconds)) => {
            let rate = rate.filter(|_| !records.rate_was_given).map_or(String::new(), |rate| format!(", {rate}"));
            page.item("arrived", &format!("{first} to {last} ({}{rate})", duration(seconds)));
        }
        _ => page.item("arrived", "unknown: the input does not tell"),
    }
    if records.unreadable > 0 {
        page.item("cannot be read", &format!("{}, which would go to quarantine:", count(records.unreadable)));
        for unreadable in &report.unreadable {
            page.paragraph(&format!("{:>26}  ", count(unreadable.records)), &unreadable.reason);
        }
    }
}

fn encryption(page: &mut Page, report: &Report) {
    page.heading("Encryption");
    for format in &report.formats {
        page.item("record format", &format!("{} ({})", format.record_format, count(format.records)));
    }
    for (place, suite) in report.suites.iter().enumerate() {
        let label = if place == 0 { "suites" } else { "" };
        page.item(label, &format!("{} {} ({})", suite.id, suite.name, count(suite.records)));
    }
    if report.suites.is_empty() {
        page.item("KMS keys", "not told by such records: ask their producer");
        return;
    }
    for (place, key) in report.kms_keys.iter().enumerate() {
        page.item(if place == 0 { "KMS keys" } else { "" }, &key.arn);
        page.item("", &format!("  {}", need(key)));
        if let (Some(first), Some(last)) = (&key.first_arrival, &key.last_arrival) {
            let ended = if key.has_ended { ", none since: retired" } else { "" };
            page.item("", &format!("  arrived {first} to {last}{ended}"));
        }
    }
    let keys: Vec<_> = report.encryption_context_keys.iter().map(|key| key.key.as_str()).collect();
    let keys = if keys.is_empty() { "none".to_owned() } else { format!("{} (values are not shown)", keys.join(", ")) };
    page.item("context keys", &keys);
    if let Some(bounds) = report.encrypted_data_keys {
        let bounds =
            if bounds.min == bounds.max { bounds.min.to_string() } else { format!("{} to {}", bounds.min, bounds.max) };
        let noun = if bounds == "1" { "data key" } else { "data keys" };
        page.item("wrapped", &format!("{bounds} encrypted {noun} per message"));
    }
}

fn need(key: &KmsKey) -> String {
    let records = counted(key.records, "record");
    match key.only_this_key {
        0 => format!("{records}, each of which another key opens, too"),
        only if only == key.records => format!("{records}, which no other key opens: needed"),
        only => format!("{records}, {} of which no other key opens: needed", count(only)),
    }
}

fn data_keys(page: &mut Page, report: &Report) {
    let data_keys = &report.data_keys;
    let Some(spread) = data_keys.records_per_data_key else { return };
    page.heading("Data keys");
    let about = if data_keys.is_exact { "" } else { "about " };
    page.item("distinct", &format!("{about}{}", count(data_keys.distinct)));
    let (min, max) = (count(spread.min), count(spread.max));
    let records = match min == max {
        true => format!("{min} in each"),
        false => {
            let (mean, median, most) = (number(spread.mean), count(spread.median), count(spread.percentile95));
            format!("{min} to {max}; {mean} on average, half have at most {median}, 95 % at most {most}")
        }
    };
    page.item("records of each", &records);
    if data_keys.ranges.len() > 1 {
        for range in &data_keys.ranges {
            let bounds = if range.from == range.to {
                count(range.from)
            } else {
                format!("{} to {}", count(range.from), count(range.to))
            };
            let (keys, records) = (count(range.data_keys), count(range.records));
            let _ = writeln!(page.text, "{bounds:>26} records: {keys:>10} data keys, {records:>12} records together");
        }
    }
}

fn kms_calls(page: &mut Page, report: &Report) {
    let kms = &report.kms;
    let _ = writeln!(page.text, "\n{:<20}{:>18}{:>18}", "KMS calls", "without Warmkeys", "with Warmkeys");
    let mut row = |label: &str, without: &str, with: &str, note: &str| {
        let line = format!("  {label:<18}{without:>18}{with:>18}   {note}");
        let _ = writeln!(page.text, "{}", line.trim_end());
    };
    let lanes =
        format!("{}, ParallelizationFactor {}", counted(u64::from(kms.shards), "shard"), kms.parallelization_factor);
    let at_most = "if Lambda moves lanes between sandboxes";
    let sample = kms.calls_in_sample;
    row("for these records", &number(sample.without), &number(sample.with), &lanes);
    let Some((calls, (cost, share))) = kms.calls_per_second.zip(kms.dollars_per_month.zip(kms.share_of_quota)) else {
        if is_more(sample.with_at_most, sample.with) {
            row("at most", &number(sample.without), &number(sample.with_at_most), at_most);
        }
        let unknown = "unknown: give --records-per-second, since the times of arrival do not tell it";
        page.item("a second", unknown);
        return;
    };
    let cached = format!("data keys cached for {} s", kms.max_age_seconds);
    row("a second", &number(calls.without), &number(calls.with), &cached);
    if is_more(calls.with_at_most, calls.with) {
        row("a second, at most", &number(calls.without), &number(calls.with_at_most), at_most);
    }
    row("cost a month", &dollars(cost.without), &dollars(cost.with), "$0.03 per 10,000 calls");
    let quota = format!("of {}/s, {}", count(u64::from(kms.quota.requests_per_second)), kms.quota.source);
    row("KMS quota used", &percent(share.without), &percent(share.with), &quota);
}

/// Whether it is worth a line of its own.
fn is_more(at_most: f64, expected: f64) -> bool {
    at_most >= expected * 1.1
}

fn deploy(page: &mut Page, deployment: &Deployment) {
    let environment = deployment.config_env;
    page.heading(&format!("Deploy: this in samconfig.toml, then sam build && sam deploy --config-env {environment}"));
    let _ = writeln!(page.text, "  [{environment}.deploy.parameters.parameter_overrides]");
    for (name, value) in &deployment.parameters {
        // None of these values has a quotation mark but the JSON, which TOML takes between apostrophes.
        let _ = match value {
            Parameter::One(value) if value.contains('"') => writeln!(page.text, "  {name} = '{value}'"),
            Parameter::One(value) => writeln!(page.text, "  {name} = \"{value}\""),
            Parameter::List(values) if values.len() == 1 => writeln!(page.text, "  {name} = [\"{}\"]", values.join("")),
            Parameter::List(values) => {
                writeln!(page.text, "  {name} = [\n    \"{}\",\n  ]", values.join("\",\n    \""))
            }
        };
    }
}

/// Lines of text so far. Writing to a `String` cannot fail.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.text, "\n{heading}");
    }

    fn item(&mut self, label: &str, value: &str) {
        self.paragraph(&format!("  {label:<18}"), value);
    }

    /// `text` after `start`, broken into lines between words, the others indented as the first.
    fn paragraph(&mut self, start: &str, text: &str) {
        let indent = start.chars().count();
        let mut line = start.to_owned();
        let mut is_first = true;
        // Spaces at the beginning are part of the first line.
        for word in text.split(' ') {
            if !is_first && line.chars().count() + 1 + word.chars().count() > COLUMNS {
                let _ = writeln!(self.text, "{}", line.trim_end());
                line = " ".repeat(indent);
                is_first = true;
            }
            if !is_first {
                line.push(' ');
            }
            line.push_str(word);
            is_first = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

const COLUMNS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_before_the_last_column() {
        let mut page = Page::default();
        page.paragraph("  - ", &"word ".repeat(40));
        assert!(page.text.lines().all(|line| line.len() <= COLUMNS && line.trim_start().starts_with(['-', 'w'])));
        assert_eq!(page.text.matches("word").count(), 40);
        assert!(page.text.lines().skip(1).all(|line| line.starts_with("    word")));
    }
}
