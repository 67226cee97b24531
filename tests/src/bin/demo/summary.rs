//! The two columns at the end, and whether the demo succeeded.

use std::io::{self, Write};
use std::time::Duration;

use local_stack::kinesis::EntryCounts;
use local_stack::kms::CallCounts;

use crate::consumer::Consumed;
use crate::ledger::Tally;
use crate::options::Options;
use crate::standing::{Moment, NAMES, Sides, grouped};

/// Everything that a run has shown.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) options: &'a Options,
    pub(crate) tallies: Sides<Tally>,
    pub(crate) consumed: &'a Sides<Consumed>,
    pub(crate) times: Sides<Time>,
    /// Of `GenerateDataKey`, by the producer.
    pub(crate) generated: CallCounts,
    pub(crate) entries: EntryCounts,
}

/// How long a consumer was at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// Until it was done.
    Done(Duration),
    /// Until it was stopped.
    Stopped(Duration),
}

/// The same of both consumers.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) cells: Sides<String>,
}

/// How long each consumer was at work on so many records, as the race went.
pub(crate) fn times(moments: &[Moment], records: usize) -> Sides<Time> {
    let stopped = moments.last().map_or(Duration::ZERO, |moment| moment.elapsed);
    let time = |done: fn(&Moment) -> usize| {
        let done = moments.iter().find(|moment| done(moment) >= records);
        done.map_or(Time::Stopped(stopped), |moment| Time::Done(moment.elapsed))
    };
    Sides {
        call_per_record: time(|moment| moment.standings.call_per_record.records),
        warmkeys: time(|moment| moment.standings.warmkeys.records),
    }
}

impl Summary<'_> {
    /// Whether Warmkeys delivered every record unchanged and in order, or quarantined it if it was poison. Duplicates are allowed: a
    /// sandbox that is lost after delivering leaves some. The other consumer must have done the same with what it came to: a race
    /// against one that does not work is none.
    pub(crate) fn is_success(&self) -> bool {
        let Sides { call_per_record, warmkeys } = self.tallies;
        let works =
            |tally: Tally| tally.finished() > 0 && tally.lost == 0 && tally.out_of_order == 0 && tally.wrong == 0;
        let violations = [&self.consumed.call_per_record, &self.consumed.warmkeys].map(|side| &side.mapping.violations);
        works(call_per_record) && works(warmkeys) && warmkeys.left == 0 && violations.into_iter().all(Vec::is_empty)
    }

    /// What the race is about.
    pub(crate) fn title(&self) -> String {
        let Options { records, quota, .. } = self.options;
        format!("{} encrypted records, and a KMS that allows {quota} requests a second", grouped(records.get()))
    }

    /// The rows that show who won, and whether it was worth it.
    pub(crate) fn result(&self) -> Vec<Row> {
        let Self { options, tallies, times, .. } = self;
        let records = options.records.get();
        let time_for_all = Sides {
            call_per_record: times.call_per_record.for_all(tallies.call_per_record.finished(), records),
            warmkeys: times.warmkeys.for_all(tallies.warmkeys.finished(), records),
        };
        let calls = Sides {
            call_per_record: self.consumed.call_per_record.decrypted,
            warmkeys: self.consumed.warmkeys.decrypted,
        };
        let of_tally = |of: fn(Tally) -> usize| tallies.map(|tally| grouped(of(tally)));
        let row = |name, cells| Row { name, cells };
        vec![
            row(
                "records done",
                tallies.map(|tally| format!("{} of {}", grouped(tally.finished()), grouped(tally.put))),
            ),
            row("time", times.map(Time::in_words)),
            row("time for all of them", time_for_all),
            row("KMS calls", calls.map(|calls| grouped(calls.calls))),
            row("of these throttled", calls.map(|calls| grouped(calls.throttled))),
            row("duplicates", of_tally(|tally| tally.duplicated)),
            row("lost", of_tally(|tally| tally.lost)),
            row("out of order", of_tally(|tally| tally.out_of_order)),
        ]
    }

    /// The rows that say what it took.
    fn details(&self) -> Vec<Row> {
        let mappings = Sides {
            call_per_record: &self.consumed.call_per_record.mapping,
            warmkeys: &self.consumed.warmkeys.mapping,
        };
        let row = |name, cells| Row { name, cells };
        vec![
            row("wrong", self.tallies.map(|tally| grouped(tally.wrong))),
            row("poison in quarantine", self.tallies.map(|tally| format!("{} of {}", tally.quarantined, tally.poison))),
            row("invocations", mappings.map(|report| grouped(report.invocations))),
            row("sandboxes", mappings.map(|report| grouped(report.cold_starts))),
            row("of these lost", mappings.map(|report| grouped(report.function_errors))),
            row("checkpoints answered", mappings.map(|report| grouped(report.checkpoints))),
        ]
    }

    /// The KMS calls that data keys saved, compared with one per record that is never throttled.
    pub(crate) fn saved(&self) -> String {
        let put = self.tallies.warmkeys.put;
        let sealed = put - self.tallies.warmkeys.poison;
        let saved = |records: usize, calls: u64| {
            let records = u64::try_from(records).unwrap_or(u64::MAX);
            format!("{} of {}", grouped(records.saturating_sub(calls)), grouped(records))
        };
        let (decrypted, generated) = (self.consumed.warmkeys.decrypted.calls, self.generated.calls);
        format!("KMS calls saved: {} to decrypt, {} to encrypt", saved(put, decrypted), saved(sealed, generated))
    }

    /// Writes everything to the standard output.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut output = io::stdout().lock();
        let [left, right] = NAMES.both();
        writeln!(output, "{:>22}  {left:>26}{right:>26}", "")?;
        for rows in [self.result(), self.details()] {
            for Row { name, cells: Sides { call_per_record, warmkeys } } in rows {
                writeln!(output, "{name:>22}  {call_per_record:>26}{warmkeys:>26}")?;
            }
            writeln!(output)?;
        }
        let CallCounts { calls, throttled, .. } = self.generated;
        let entries = grouped(self.entries.throttled);
        writeln!(
            output,
            "record-encryptor wrote them with {calls} KMS calls, {throttled} of them throttled, and sent"
        )?;
        writeln!(output, "{entries} entries again that the shards had throttled.")?;
        writeln!(output, "{}", self.saved())?;
        for side in [&self.consumed.call_per_record, &self.consumed.warmkeys] {
            for violation in &side.mapping.violations {
                writeln!(output, "an answer that no function should give: {violation}")?;
            }
        }
        let verdict = if self.is_success() { "nothing lost, order kept" } else { "FAILED" };
        writeln!(output, "{verdict}")
    }
}

impl Time {
    fn in_words(self) -> String {
        match self {
            Self::Done(time) => format!("{:.1} s", time.as_secs_f64()),
            Self::Stopped(time) => format!("stopped after {:.1} s", time.as_secs_f64()),
        }
    }

    /// The time for all records, reckoned from those that are done if these are not all.
    fn for_all(self, done: usize, records: u32) -> String {
        match (self, u32::try_from(done)) {
            (Self::Done(_), _) => self.in_words(),
            (Self::Stopped(time), Ok(done @ 1..)) => {
                let reckoned = time.as_secs_f64() * f64::from(records) / f64::from(done);
                format!("{reckoned:.0} s at this pace")
            }
            (Self::Stopped(_), _) => "never at this pace".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
