//! Shows how far the records have come: a bar on a terminal, a line now and then elsewhere.

use std::cell::Cell;
use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use local_stack::event_source_mapping::MappingReport;
use local_stack::kms::CallCounts;

/// Where there is no terminal, a line is written each time so many more parts of a hundred are done.
const PERCENT_PER_LINE: u64 = 10;

/// The display of one run.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    records: u64,
    /// None where there is no terminal.
    bar: Option<ProgressBar>,
    percent_shown: Cell<u64>,
}

impl ProgressDisplay {
    /// Nothing of so many records is done so far.
    pub(crate) fn new(records: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(records);
            // The template is a constant that works; the style of indicatif's own would do as well.
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { records, bar, percent_shown: Cell::new(0) }
    }

    /// Shows what was done so far.
    pub(crate) fn show(&self, report: &MappingReport, calls: CallCounts) {
        let settled = report.records_finished + report.records_discarded;
        let message = format!(
            "{} invocations, {} KMS calls, {} throttled, {} checkpoints",
            report.invocations, calls.calls, calls.throttled, report.checkpoints
        );
        if let Some(bar) = &self.bar {
            bar.set_position(settled);
            bar.set_message(message);
            return;
        }
        let percent = settled * 100 / self.records.max(1);
        if percent >= self.percent_shown.get() + PERCENT_PER_LINE {
            self.percent_shown.set(percent);
            // Where nobody can read it, nobody misses it.
            let _ = writeln!(std::io::stderr(), "{settled}/{} records, {message}", self.records);
        }
    }

    /// Clears the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
