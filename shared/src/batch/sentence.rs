//! What became of a batch, as it is logged: in a sentence that says what happened, what it means and what to do, and in fields.

use std::fmt;

use super::BatchReport;
use crate::failure::FailureClass;

impl BatchReport {
    /// Logs one line, as a sentence and as fields: a warning if there is a checkpoint, or if a record was quarantined.
    pub fn log(&self) {
        let durations = &self.durations;
        let checkpoint = self.checkpoint.as_ref();
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    received = self.received,
                    delivered = self.delivered,
                    decrypted = self.decrypted,
                    quarantined = self.quarantined,
                    quarantined_by_reason = (self.quarantined > 0).then(|| Reasons(self).to_string()),
                    empty_aggregates = self.empty_aggregates,
                    distinct_data_keys = self.distinct_data_keys,
                    checkpoint_index = checkpoint.map(|checkpoint| checkpoint.index),
                    checkpoint_sequence_number = checkpoint.map(|checkpoint| checkpoint.sequence_number.as_str()),
                    checkpoint_class = checkpoint.map(|checkpoint| checkpoint.class.name()),
                    checkpoint_reason = checkpoint.map(|checkpoint| checkpoint.reason.as_str()),
                    reading_seconds = durations.decrypting.reading.as_secs_f64(),
                    data_keys_seconds = durations.decrypting.data_keys.as_secs_f64(),
                    opening_seconds = durations.decrypting.opening.as_secs_f64(),
                    delivering_seconds = durations.delivering.as_secs_f64(),
                    quarantining_seconds = durations.quarantining.as_secs_f64(),
                    "{}",
                    Sentence(self)
                )
            };
        }
        if checkpoint.is_some() || self.quarantined > 0 { log!(warn) } else { log!(info) }
    }
}

/// A report as a sentence to read.
struct Sentence<'a>(&'a BatchReport);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BatchReport { received, delivered, quarantined, .. } = *self.0;
        match (received, delivered) {
            (0, _) => f.write_str("the batch has no records")?,
            (1, 1) => f.write_str("the one record was delivered")?,
            (_, _) if received == delivered => write!(f, "all {received} records were delivered")?,
            (_, _) => write!(f, "of {received} records {delivered} {} delivered", were(delivered))?,
        }
        if quarantined > 0 {
            write!(
                f,
                "; {quarantined} {} quarantined ({}), which can never be read or taken: ",
                were(quarantined),
                Reasons(self.0)
            )?;
            f.write_str("the quarantine has them with their reasons")?;
        }
        let Some(checkpoint) = &self.0.checkpoint else { return Ok(()) };
        let again = self.0.checkpointed();
        write!(
            f,
            "; {again} {} again, from index {} on, for a failure of the class {}",
            comes(again),
            checkpoint.index,
            checkpoint.class
        )?;
        write!(f, " ({}): {}", checkpoint.reason, advice(checkpoint.class))
    }
}

/// How many records were quarantined for which reason: `malformed=1, undecryptable=2`.
struct Reasons<'a>(&'a BatchReport);

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (code, records)) in self.0.quarantined_by_code.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{code}={records}")?;
        }
        Ok(())
    }
}

fn were(number: usize) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

fn comes(number: usize) -> &'static str {
    if number == 1 { "comes" } else { "come" }
}

fn advice(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Throttled => "this passes; if it goes on, ask for a higher quota",
        FailureClass::Transient => {
            "this passes; if it goes on, look at the service that is named, or give the invocations more time or fewer records"
        }
        FailureClass::Caller => {
            "no record is to blame; if it goes on, look at the function's own credentials, clock, account and network"
        }
        FailureClass::Unavailable => "the shard waits until somebody fixes what the reason names",
        FailureClass::Permanent => "the shard waits until the destination takes the record",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Checkpoint;
    use crate::records::{RejectionCode, SequenceNumber};

    fn said(report: &BatchReport) -> String {
        Sentence(report).to_string()
    }

    fn report(received: usize, delivered: usize) -> BatchReport {
        BatchReport { received, delivered, ..BatchReport::default() }
    }

    #[test]
    fn a_finished_batch_is_said_in_a_few_words() {
        assert_eq!(said(&report(0, 0)), "the batch has no records");
        assert_eq!(said(&report(1, 1)), "the one record was delivered");
        assert_eq!(said(&report(6, 6)), "all 6 records were delivered");
    }

    #[test]
    fn quarantined_records_are_summed_by_reason_and_a_checkpoint_says_why_and_what_to_do() {
        let checkpoint = Checkpoint {
            index: 5,
            sequence_number: SequenceNumber::parse("495").unwrap(),
            class: FailureClass::Throttled,
            reason: "KMS throttled the request".into(),
        };
        let mixed = BatchReport {
            quarantined: 3,
            quarantined_by_code: [(RejectionCode::Undecryptable, 2), (RejectionCode::Malformed, 1)].into(),
            checkpoint: Some(checkpoint),
            ..report(6, 2)
        };
        assert_eq!(
            said(&mixed),
            "of 6 records 2 were delivered; 3 were quarantined (malformed=1, undecryptable=2), which can never be read or taken: the \
             quarantine has them with their reasons; 1 comes again, from index 5 on, for a failure of the class throttled (KMS throttled the \
             request): this passes; if it goes on, ask for a higher quota"
        );
    }
}
