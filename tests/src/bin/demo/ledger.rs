//! Keeps account of every record: what has to become of it, and what did.

use std::collections::{HashMap, HashSet, VecDeque};

use local_stack::lambda_function::{OutputLine, Source};
use serde::Deserialize;

/// What has to become of every record, and what was seen of it.
#[derive(Debug, Default)]
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

#[derive(Debug)]
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
    /// Neither delivered nor quarantined.
    pub(crate) lost: usize,
    /// Delivered or quarantined again.
    pub(crate) duplicated: usize,
    /// Delivered for the first time after a later record of their partition key.
    pub(crate) out_of_order: usize,
    /// Poison that was delivered, good records that were quarantined, changed plaintexts, records that were never put.
    pub(crate) wrong: usize,
}

/// A record in clear, as the function's `stdout` sink writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveredLine {
    sequence_number: String,
    text: String,
}

/// A record in quarantine, as the function's `stderr` quarantine writes it.
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
        match line.source {
            Source::Stdout => match serde_json::from_str(&line.text) {
                Ok(delivered) => self.deliver(delivered),
                Err(_) => self.log(line),
            },
            Source::Stderr => match serde_json::from_str(&line.text) {
                Ok(quarantined) => self.quarantine(quarantined),
                Err(_) => self.log(line),
            },
        }
    }

    /// The last lines of the function's log.
    pub(crate) fn last_log_lines(&self) -> impl Iterator<Item = &str> {
        self.log.iter().map(String::as_str)
    }

    /// The account as it stands.
    pub(crate) fn tally(&self) -> Tally {
        let (delivered, quarantined) = (self.delivered.len(), self.quarantined.len());
        let done = self.expected.keys().filter(|number| self.is_done(number)).count();
        Tally { delivered, quarantined, lost: self.expected.len() - done, ..self.tally }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger with three records of one partition key, of which the last is poison, and their sequence numbers.
    fn ledger() -> (Ledger, [String; 3]) {
        let mut ledger = Ledger::default();
        let numbers = [0, 1, 2].map(|number| {
            let sequence_number = format!("10{number}");
            ledger.expect(&sequence_number, "key", format!("order {number}"), number == 2);
            sequence_number
        });
        (ledger, numbers)
    }

    fn deliver(ledger: &mut Ledger, sequence_number: &str, text: &str) {
        let text = format!(r#"{{"sequenceNumber": "{sequence_number}", "partitionKey": "key", "text": "{text}"}}"#);
        ledger.observe(&OutputLine { sandbox: 1, source: Source::Stdout, text });
    }

    fn quarantine(ledger: &mut Ledger, sequence_number: &str) {
        let text = format!(r#"{{"sequenceNumber": "{sequence_number}", "failureClass": "permanent", "data": ""}}"#);
        ledger.observe(&OutputLine { sandbox: 1, source: Source::Stderr, text });
    }

    #[test]
    fn a_clean_run_has_nothing_lost_doubled_or_wrong() {
        let (mut ledger, [first, second, poison]) = ledger();
        deliver(&mut ledger, &first, "order 0");
        deliver(&mut ledger, &second, "order 1");
        quarantine(&mut ledger, &poison);
        let expected = Tally { put: 3, poison: 1, delivered: 2, quarantined: 1, ..Tally::default() };
        assert_eq!(ledger.tally(), expected);
    }

    #[test]
    fn a_record_that_never_comes_is_lost() {
        let (mut ledger, [first, ..]) = ledger();
        deliver(&mut ledger, &first, "order 0");
        assert_eq!(ledger.tally().lost, 2);
    }

    #[test]
    fn a_record_behind_a_later_one_is_out_of_order() {
        let (mut ledger, [first, second, _]) = ledger();
        deliver(&mut ledger, &second, "order 1");
        deliver(&mut ledger, &first, "order 0");
        assert_eq!(ledger.tally().out_of_order, 1);
    }

    #[test]
    fn other_partition_keys_have_an_order_of_their_own() {
        let (mut ledger, [first, second, _]) = ledger();
        ledger.expect("200", "other", "order 3".to_owned(), false);
        for (sequence_number, text) in [("200", "order 3"), (&first, "order 0"), (&second, "order 1")] {
            deliver(&mut ledger, sequence_number, text);
        }
        assert_eq!(ledger.tally().out_of_order, 0);
    }

    #[test]
    fn a_record_that_comes_again_is_doubled_and_not_out_of_order() {
        let (mut ledger, [first, second, _]) = ledger();
        deliver(&mut ledger, &first, "order 0");
        deliver(&mut ledger, &second, "order 1");
        deliver(&mut ledger, &first, "order 0");
        let tally = ledger.tally();
        assert_eq!((tally.duplicated, tally.out_of_order, tally.delivered), (1, 0, 2));
    }

    #[test]
    fn changed_plaintexts_and_exchanged_fates_are_wrong() {
        let (mut ledger, [first, second, poison]) = ledger();
        deliver(&mut ledger, &first, "order 7");
        quarantine(&mut ledger, &second);
        deliver(&mut ledger, &poison, "order 2");
        deliver(&mut ledger, "999", "order 3");
        assert_eq!(ledger.tally().wrong, 4);
    }

    #[test]
    fn the_functions_log_is_no_record() {
        let (mut ledger, _) = ledger();
        for text in ["INIT", r#"{"level": "INFO", "fields": {"records": 100}}"#, ""] {
            for source in [Source::Stdout, Source::Stderr] {
                ledger.observe(&OutputLine { sandbox: 1, source, text: text.to_owned() });
            }
        }
        assert_eq!(ledger.tally(), Tally { put: 3, poison: 1, lost: 3, ..Tally::default() });
        assert_eq!(ledger.last_log_lines().next(), Some("INIT"));
    }
}
