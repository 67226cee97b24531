//! What is told at the end: what was found, what was sent, and what is left.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::inventory::{Inventory, Item, Status};
use super::record::Shard;
use super::screen;

/// What a run did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) found: usize,
    pub(crate) left_out: usize,
    pub(crate) done_before: usize,
    pub(crate) delivered: usize,
    /// Given-up records that the function put into quarantine.
    pub(crate) quarantined: usize,
    pub(crate) quarantined_again: usize,
    pub(crate) refused: usize,
    pub(crate) not_done: usize,
    pub(crate) deleted: usize,
    pub(crate) undeleted: usize,
    /// Why records are not done, or not delivered, each once.
    pub(crate) reasons: BTreeMap<String, usize>,
    pub(crate) problems: Vec<String>,
    /// Whether it was stopped by Ctrl-C.
    pub(crate) is_interrupted: bool,
}

/// The most lines of a kind: nobody reads more.
const MAX_LINES: usize = 20;

impl Totals {
    /// Notes what was found at the beginning of a round.
    pub(crate) fn begin(&mut self, inventory: &Inventory) {
        self.found += inventory.items().count();
        self.left_out += inventory.count(Status::LeftOut);
        self.done_before += inventory.count(Status::DoneBefore);
        self.problems.extend(inventory.problems.iter().cloned());
    }

    pub(crate) fn note(&mut self, reason: &str) {
        *self.reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Whether everything that was found and asked for has come back.
    pub(crate) fn is_success(&self) -> bool {
        let failed = self.quarantined + self.quarantined_again + self.refused + self.not_done + self.undeleted;
        failed == 0 && self.problems.is_empty() && !self.is_interrupted && self.found > self.left_out
    }

    /// Tells everything.
    pub(crate) fn tell(&self) {
        for (label, count, always) in [
            ("records found", self.found, true),
            ("left out by the filters", self.left_out, false),
            ("done by an earlier run", self.done_before, false),
            ("delivered", self.delivered, true),
            ("quarantined", self.quarantined, false),
            ("quarantined again", self.quarantined_again, false),
            ("cannot be sent", self.refused, false),
            ("not done", self.not_done, true),
            ("objects and messages deleted", self.deleted, false),
            ("objects and messages not deleted", self.undeleted, false),
        ] {
            if always || count > 0 {
                screen::line(&format!("{label:>32}  {count}"));
            }
        }
        for (reason, records) in self.reasons.iter().take(MAX_LINES) {
            screen::line(&format!("{records:>32}  {reason}"));
        }
        problems(&self.problems);
        if self.is_interrupted {
            screen::line("stopped by Ctrl-C; the same command goes on from here");
        }
        screen::line(if self.is_success() { "all of them came back" } else { "not all of them came back" });
    }
}

/// Tells what would be sent.
pub(crate) fn dry_run(inventory: &Inventory) {
    let open = || inventory.items().filter(|(_, item)| item.status == Status::Open);
    let mut shards: BTreeMap<&Shard, Vec<&Item>> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut hours: BTreeMap<String, usize> = BTreeMap::new();
    for (shard, item) in open() {
        shards.entry(shard).or_default().push(item);
        *reasons.entry(format!("{}: {}", item.record.kind.name(), item.record.reason)).or_default() += 1;
        *hours.entry(hour(item.record.arrival)).or_default() += 1;
    }
    for (shard, items) in &shards {
        let ends = items.first().zip(items.last());
        let span =
            ends.map(|(first, last)| format!("{} to {}", first.record.sequence_number, last.record.sequence_number));
        screen::line(&format!(
            "{:>8}  {} of {}, {}",
            items.len(),
            shard.id,
            shard.stream_arn,
            span.unwrap_or_default()
        ));
    }
    section("by reason", &reasons);
    section("by hour of arrival", &hours);
    screen::line("");
    for (label, status) in
        [("left out by the filters", Status::LeftOut), ("done by an earlier run", Status::DoneBefore)]
    {
        let count = inventory.count(status);
        if count > 0 {
            screen::line(&format!("{count:>8}  {label}"));
        }
    }
    screen::line(&format!("{:>8}  records would be sent", open().count()));
    problems(&inventory.problems);
}

fn section(heading: &str, counts: &BTreeMap<String, usize>) {
    screen::line(&format!("\n{heading}"));
    for (what, count) in counts.iter().take(MAX_LINES) {
        screen::line(&format!("{count:>8}  {what}"));
    }
    if counts.len() > MAX_LINES {
        screen::line(&format!("          and {} more", counts.len() - MAX_LINES));
    }
}

fn problems(problems: &[String]) {
    for problem in problems.iter().take(MAX_LINES) {
        screen::line(&format!("cannot come back: {problem}"));
    }
    if problems.len() > MAX_LINES {
        screen::line(&format!("cannot come back: {} more", problems.len() - MAX_LINES));
    }
}

/// The hour of an arrival, such as `2026-03-01T10`.
fn hour(arrival: Option<SystemTime>) -> String {
    const LEN: usize = "2026-03-01T10".len();
    match arrival {
        Some(arrival) => humantime::format_rfc3339_seconds(arrival).to_string().chars().take(LEN).collect(),
        None => "not known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_success_and_neither_is_a_record_that_did_not_come_back() {
        assert!(!Totals::default().is_success());
        let whole = Totals { found: 3, delivered: 2, done_before: 1, ..Totals::default() };
        assert!(whole.is_success());
        assert!(!Totals { found: 3, left_out: 3, ..Totals::default() }.is_success());
        for part in [
            Totals { quarantined: 1, ..whole.clone() },
            Totals { quarantined_again: 1, ..whole.clone() },
            Totals { refused: 1, ..whole.clone() },
            Totals { not_done: 1, ..whole.clone() },
            Totals { undeleted: 1, ..whole.clone() },
            Totals { problems: vec!["gone".to_owned()], ..whole.clone() },
            Totals { is_interrupted: true, ..whole.clone() },
        ] {
            assert!(!part.is_success(), "{part:?}");
        }
    }

    #[test]
    fn records_are_counted_by_the_hour() {
        assert_eq!(hour(Some(SystemTime::UNIX_EPOCH)), "1970-01-01T00");
        assert_eq!(hour(None), "not known");
    }
}
