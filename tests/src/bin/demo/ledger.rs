//! Keeps account of every record: what has to become of it, and what did with one of the consumers.

use std::collections::{HashMap, HashSet, VecDeque};

use local_stack::lambda_function::{OutputLine, Source};
use serde::Deserialize;

/// What has to become of every record, and what was seen of it. Each consumer has a copy of what the producer entered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    expected: HashMap<String, Expected>,
    records_by_key: HashMap<String, usize>,
    delivered: HashSet<String>,
    quarantined: HashSet<String>,
    /// For each partition key, the place behind the last record that was delivered for the first time.
    next_place: HashMap<String, usize>,
    tally: Tally,
    /// The last lines of the function's log, as many as are shown if the demo fails.
    log: VecDeque<String>,
}

#[derive(Clone, Debug)]
struct Expected {
    partition_key: String,
    /// Among the records of its partition key, in the order in which they were produced.
    place: usize,
    plaintext: String,
    is_poison: bool,
}

/// The account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Put into the stream.
    pub(crate) put: usize,
    /// Of these, poison.
    pub(crate) poison: usize,
    /// Different records that were delivered.
    pub(crate) delivered: usize,
    /// Different records that were quarantined.
    pub(crate) quarantined: usize,
    /// Neither delivered nor quarantined, although the mapping has gone past them: nobody sends them again.
    pub(crate) lost: usize,
    /// Neither delivered nor quarantined, and still to come: there are some if the consumer was stopped.
    pub(crate) left: usize,
    /// Delivered or quarantined again.
    pub(crate) duplicated: usize,
    /// Delivered for the first time after a later record of their partition key.
    pub(crate) out_of_order: usize,
    /// Poison that was delivered, good records that were quarantined, changed plaintexts, records that were never put.
    pub(crate) wrong: usize,
}

impl Tally {
    /// Different records that are done with.
    pub(crate) fn finished(&self) -> usize {
        self.delivered + self.quarantined
    }
}

/// What a line says, if it is about a record.
enum RecordLine {
    Delivered(DeliveredLine),
    Quarantined(QuarantinedLine),
}

/// A record in clear, as a consumer writes it to its standard output.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveredLine {
    sequence_number: String,
    text: String,
}

/// A record in quarantine, as a consumer writes it to its error output.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuarantinedLine {
    sequence_number: String,
    #[serde(rename = "failureClass")]
    _failure_class: String,
}

impl Ledger {
    /// Enters a record that was written to the stream. The records of a partition key are entered in their order.
    pub(crate) fn expect(&mut self, sequence_number: &str, partition_key: &str, plaintext: String, is_poison: bool) {
        let records = self.records_by_key.entry(partition_key.to_owned()).or_default();
        let expected = Expected { partition_key: partition_key.to_owned(), place: *records, plaintext, is_poison };
        *records += 1;
        self.tally.put += 1;
        self.tally.poison += usize::from(is_poison);
        self.expected.insert(sequence_number.to_owned(), expected);
    }

    /// Enters what a sandbox wrote. A line that is not about a record is one of the function's log.
    pub(crate) fn observe(&mut self, line: &OutputLine) {
        if line.is_metrics() {
            return;
        }
        match record_line(line) {
            Some(RecordLine::Delivered(delivered)) => self.deliver(delivered),
            Some(RecordLine::Quarantined(quarantined)) => self.quarantine(quarantined),
            None => self.log(line),
        }
    }

    /// The last lines of the function's log.
    pub(crate) fn last_log_lines(&self) -> impl Iterator<Item = &str> {
        self.log.iter().map(String::as_str)
    }

    /// The account as it stands, once the mapping has gone past the records with these sequence numbers.
    pub(crate) fn tally(&self, settled: &HashSet<String>) -> Tally {
        let (delivered, quarantined) = (self.delivered.len(), self.quarantined.len());
        let not_done = self.expected.keys().filter(|number| !self.is_done(number));
        let (lost, left): (Vec<_>, Vec<_>) = not_done.partition(|number| settled.contains(*number));
        Tally { delivered, quarantined, lost: lost.len(), left: left.len(), ..self.tally }
    }

    fn deliver(&mut self, line: DeliveredLine) {
        let Some(expected) = self.expected.get(&line.sequence_number) else {
            self.tally.wrong += 1;
            return;
        };
        if expected.is_poison || expected.plaintext != line.text {
            self.tally.wrong += 1;
        }
        let (partition_key, place) = (expected.partition_key.clone(), expected.place);
        if !self.delivered.insert(line.sequence_number) {
            self.tally.duplicated += 1;
            return;
        }
        let next_place = self.next_place.entry(partition_key).or_default();
        if place < *next_place {
            self.tally.out_of_order += 1;
        }
        *next_place = (*next_place).max(place + 1);
    }

    fn quarantine(&mut self, line: QuarantinedLine) {
        match self.expected.get(&line.sequence_number) {
            Some(expected) if expected.is_poison => {}
            _ => self.tally.wrong += 1,
        }
        if !self.quarantined.insert(line.sequence_number) {
            self.tally.duplicated += 1;
        }
    }

    fn log(&mut self, line: &OutputLine) {
        if self.log.len() == crate::LOG_LINES_SHOWN {
            self.log.pop_front();
        }
        self.log.push_back(line.text.clone());
    }

    fn is_done(&self, sequence_number: &str) -> bool {
        self.delivered.contains(sequence_number) || self.quarantined.contains(sequence_number)
    }
}

/// The sequence number of the record that a line is about, if it is about one.
pub(crate) fn sequence_number(line: &OutputLine) -> Option<String> {
    record_line(line).map(|line| match line {
        RecordLine::Delivered(DeliveredLine { sequence_number, .. })
        | RecordLine::Quarantined(QuarantinedLine { sequence_number, .. }) => sequence_number,
    })
}

fn record_line(line: &OutputLine) -> Option<RecordLine> {
    match line.source {
        Source::Stdout => serde_json::from_str(&line.text).ok().map(RecordLine::Delivered),
        Source::Stderr => serde_json::from_str(&line.text).ok().map(RecordLine::Quarantined),
    }
}

#[cfg(test)]
mod tests;
