//! The table at the end, and whether the demo succeeded.

use std::io::{self, Write};
use std::time::Duration;

use local_stack::event_source_mapping::MappingReport;
use local_stack::kinesis::EntryCounts;
use local_stack::kms::CallCounts;

use crate::ledger::Tally;
use crate::options::Options;

/// Everything that a run has shown.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) options: &'a Options,
    pub(crate) tally: Tally,
    pub(crate) mapping: &'a MappingReport,
    /// Of `GenerateDataKey`, by the producer.
    pub(crate) generated: CallCounts,
    /// Of `Decrypt`, by the function.
    pub(crate) decrypted: CallCounts,
    pub(crate) entries: EntryCounts,
    pub(crate) duration: Duration,
}

impl Summary<'_> {
    /// Whether every record was delivered unchanged and in order, or quarantined if it was poison. Duplicates are allowed:
    /// a sandbox that is lost after delivering leaves some.
    pub(crate) fn is_success(&self) -> bool {
        let Tally { lost, out_of_order, wrong, .. } = self.tally;
        lost == 0 && out_of_order == 0 && wrong == 0 && self.mapping.violations.is_empty()
    }

    /// Writes the table to the standard output.
    pub(crate) fn print(&self) -> io::Result<()> {
        let Self { options, tally, mapping, generated, decrypted, entries, duration } = self;
        let seconds = duration.as_secs_f64().max(0.001);
        // Each record costs a call to encrypt it, and one to decrypt it.
        let call_per_record = 2.0 * f64::from(options.records.get()) / f64::from(options.kms_requests_per_second.get());
        let rows = [
            ("records in", tally.put.to_string()),
            ("KMS calls to encrypt", format!("{}, instead of {} with one per record", generated.calls, tally.put)),
            ("of these throttled", generated.throttled.to_string()),
            ("Kinesis throttled", format!("{} entries, which were sent again", entries.throttled)),
            ("", String::new()),
            ("delivered", tally.delivered.to_string()),
            ("quarantined", format!("{} of {} poison records", tally.quarantined, tally.poison)),
            ("lost", tally.lost.to_string()),
            ("out of order", tally.out_of_order.to_string()),
            ("wrong", tally.wrong.to_string()),
            ("duplicated", tally.duplicated.to_string()),
            ("", String::new()),
            ("invocations", format!("{} in {} sandboxes", mapping.invocations, mapping.cold_starts)),
            ("invocations lost", format!("{}, with their sandbox", mapping.function_errors)),
            ("checkpoints answered", mapping.checkpoints.to_string()),
            ("KMS calls to decrypt", format!("{}, instead of {} with one per record", decrypted.calls, tally.put)),
            ("of these throttled", format!("{}, at {} a second", decrypted.throttled, options.kms_requests_per_second)),
            ("time", format!("{seconds:.1} s; one call per record would take {call_per_record:.0} s")),
            ("records a second", format!("{:.0}", f64::from(options.records.get()) / seconds)),
        ];
        let mut output = io::stdout().lock();
        for (name, value) in rows {
            writeln!(output, "{name:>22}  {value}")?;
        }
        for violation in &mapping.violations {
            writeln!(output, "an answer that no function should give: {violation}")?;
        }
        writeln!(output)?;
        let verdict = if self.is_success() { "nothing lost, order kept" } else { "FAILED" };
        writeln!(output, "{verdict}")
    }
}
