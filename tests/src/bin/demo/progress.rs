//! Shows how far the consumers have come: two bars on a terminal, a line now and then elsewhere.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::num::NonZeroU32;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::standing::{Moment, NAMES, Sides, Standing, grouped};

/// Where there is no terminal, a line is written each time so many more parts of a hundred are done, by whichever consumer.
const PERCENT_PER_LINE: usize = 10;

/// The display of one race.
#[derive(Debug)]
pub(crate) struct RaceDisplay {
    records: usize,
    /// None where there is no terminal.
    bars: Option<Sides<ProgressBar>>,
    /// The parts of a hundred after which the next line is due.
    next_line: Cell<usize>,
}

impl RaceDisplay {
    /// Nothing of so many records is done so far.
    pub(crate) fn new(records: NonZeroU32) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let together = MultiProgress::new();
            NAMES.map(|name| together.add(bar(name, records)))
        });
        let display =
            Self { records: usize::try_from(records.get()).unwrap_or(usize::MAX), bars, next_line: Cell::new(0) };
        if display.bars.is_none() {
            write_lines(&headings());
        }
        display
    }

    /// Shows how they stand.
    pub(crate) fn show(&self, moment: &Moment) {
        if let Some(bars) = &self.bars {
            for (bar, standing) in std::iter::zip([&bars.call_per_record, &bars.warmkeys], moment.standings.both()) {
                bar.set_position(u64::try_from(standing.records).unwrap_or(u64::MAX));
                bar.set_message(format!(
                    "{} KMS calls, {} throttled",
                    grouped(standing.calls),
                    grouped(standing.throttled)
                ));
            }
            return;
        }
        let Sides { call_per_record, warmkeys } = moment.standings;
        let percent = (call_per_record.records + warmkeys.records).saturating_mul(100) / self.records;
        if percent >= self.next_line.get().max(1) {
            self.next_line.set(percent / PERCENT_PER_LINE * PERCENT_PER_LINE + PERCENT_PER_LINE);
            write_lines(&[line(moment)]);
        }
    }

    /// Clears the bars away.
    pub(crate) fn finish(&self) {
        for bar in self.bars.iter().flat_map(|bars| [&bars.call_per_record, &bars.warmkeys]) {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: &'static str, records: NonZeroU32) -> ProgressBar {
    let bar = ProgressBar::new(records.get().into()).with_prefix(name);
    // The template is a constant that works; the style of indicatif's own would do as well.
    match ProgressStyle::with_template("{prefix:>15} {bar:20} {pos:>5} of {len} {wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn write_lines(lines: &[String]) {
    let mut errors = std::io::stderr().lock();
    for line in lines {
        // Where nobody can read it, nobody misses it.
        let _ = writeln!(errors, "{line}");
    }
}

fn headings() -> [String; 2] {
    let [left, right] = NAMES.both();
    let columns = format!("{:>9}{:>11}{:>11}", "records", "KMS calls", "throttled");
    [format!("{:>8}{left:>31}{right:>31}", ""), format!("{:>8}{columns}{columns}", "time")]
}

fn line(moment: &Moment) -> String {
    let columns = |Standing { records, calls, throttled }: Standing| {
        format!("{:>9}{:>11}{:>11}", grouped(records), grouped(calls), grouped(throttled))
    };
    let [left, right] = moment.standings.map(columns).both();
    format!("{:>6.1} s{left}{right}", moment.elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_lines_stand_under_their_headings_and_fit_into_80_columns() {
        let standing = Standing { records: 100_000, calls: 1_234, throttled: 56 };
        let moment = Moment { elapsed: Duration::from_millis(123_456), standings: Sides::default().map(|()| standing) };
        let [names, columns] = headings();
        let line = line(&moment);
        assert_eq!(line, " 123.5 s  100,000      1,234         56  100,000      1,234         56");
        assert_eq!((names.len(), columns.len()), (line.len(), line.len()));
        assert!(line.len() <= 80, "{}", line.len());
    }
}
