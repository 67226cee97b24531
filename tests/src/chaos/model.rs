//! What has to become of every record, and what did.

mod data_keys;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;
use warmkeys::clock::{Clock, Now, SystemClock};

use self::data_keys::DataKeys;
use super::scenario::Rules;
use super::shard::ShardRecords;
use super::weather::Service;

/// Judges the function by what the services saw and what it answered. Records are named by their place in the shard.
#[derive(Debug)]
pub(super) struct Model {
    rules: Rules,
    records: ShardRecords,
    began: Instant,
    /// How often each record arrived in the sink; for a bucket: in how many objects it is.
    arrivals: Vec<u32>,
    quarantined: Vec<bool>,
    /// The keys of objects with records that are too large for the quarantine's queue.
    put_aside: BTreeSet<String>,
    /// The sink's objects by key.
    objects: BTreeMap<String, Vec<usize>>,
    data_keys: DataKeys,
    invocation: Invocation,
    violations: Vec<String>,
    trace: Vec<String>,
    pub(super) kms_calls: u64,
    pub(super) faults: u64,
}

/// What was seen within one invocation.
#[derive(Debug, Default)]
struct Invocation {
    /// The records that the sink acknowledged, as the function was told.
    acknowledged: BTreeSet<usize>,
    /// Whether anything happened to a request to a destination.
    disturbed: bool,
}

impl Model {
    pub(super) fn new(rules: Rules, records: ShardRecords) -> Self {
        let len = records.user_records.len();
        Self {
            rules,
            records,
            began: SystemClock.now().monotonic,
            arrivals: vec![0; len],
            quarantined: vec![false; len],
            put_aside: BTreeSet::new(),
            objects: BTreeMap::new(),
            data_keys: DataKeys::new(rules.refresh_after),
            invocation: Invocation::default(),
            violations: Vec::new(),
            trace: Vec::new(),
            kms_calls: 0,
            faults: 0,
        }
    }

    /// Adds a line to the trace.
    pub(super) fn note(&mut self, event: &str) {
        let at = SystemClock.now().monotonic.saturating_duration_since(self.began);
        self.trace.push(format!("{:>10.3} s  {event}", at.as_secs_f64()));
    }

    pub(super) fn violated(&mut self, what: String) {
        self.note(&format!("VIOLATED: {what}"));
        self.violations.push(what);
    }

    pub(super) fn is_violated(&self) -> bool {
        !self.violations.is_empty()
    }

    /// The violations and the trace.
    pub(super) fn take_findings(&mut self) -> (Vec<String>, Vec<String>) {
        (std::mem::take(&mut self.violations), std::mem::take(&mut self.trace))
    }

    /// The sink has stored `plaintext`. Returns the record, if it is one.
    pub(super) fn arrived(&mut self, plaintext: &str) -> Option<usize> {
        let record = self.identified(plaintext)?;
        if self.arrivals[record] == 0 {
            self.judge_order(record);
        } else if self.invocation.acknowledged.contains(&record) && !self.rules.sink.may_repeat_acknowledged() {
            self.violated(format!("record {record} was sent again after it had been acknowledged"));
        }
        self.arrivals[record] += 1;
        Some(record)
    }

    /// The sink has stored an object with `plaintexts`. Records that come again in other company are in two objects, as README says.
    pub(super) fn object_stored(&mut self, key: &str, plaintexts: &[String]) -> Vec<usize> {
        let records: Vec<usize> = plaintexts.iter().filter_map(|plaintext| self.identified(plaintext)).collect();
        if !records.is_sorted() {
            self.violated(format!("an object has its records out of order: {records:?}"));
        }
        self.objects.insert(key.to_owned(), records.clone());
        self.arrivals.fill(0);
        for record in self.objects.values().flatten() {
            self.arrivals[*record] += 1;
        }
        records
    }

    /// The function was told that the sink has these records.
    pub(super) fn acknowledged(&mut self, records: &[usize]) {
        self.invocation.acknowledged.extend(records);
    }

    /// The quarantine has stored the record at this place.
    pub(super) fn quarantined(&mut self, sequence_number: &str, sub_sequence_number: Option<u32>, reason: &str) {
        let Some(record) = self.records.at(sequence_number, sub_sequence_number) else {
            return self.violated(format!("quarantined {sequence_number}, which was never put: {reason}"));
        };
        let expected = &self.records.user_records[record];
        if !expected.is_poison && !self.data_keys.is_given_up(&expected.data_key) {
            self.violated(format!("record {record} is good, and was quarantined: {reason}"));
        }
        self.quarantined[record] = true;
    }

    /// An object is stored with a record that is too large for the quarantine's queue.
    pub(super) fn put_aside(&mut self, key: &str) {
        self.put_aside.insert(key.to_owned());
    }

    /// A message in the quarantine's queue names this object.
    pub(super) fn pointed_to(&mut self, key: &str) {
        if !self.put_aside.contains(key) {
            self.violated(format!("a message in the quarantine names {key}, and there is no such object"));
        }
    }

    /// A FIFO queue has acknowledged `plaintext`, and dropped it for a duplicate.
    pub(super) fn dropped_duplicate(&mut self, plaintext: &str) -> Option<usize> {
        let record = self.identified(plaintext)?;
        if self.arrivals[record] == 0 {
            self.violated(format!("LOST: the queue took record {record} for a duplicate of another"));
        }
        Some(record)
    }

    /// Something happened to a request to `service`.
    pub(super) fn happened_to(&mut self, service: Service) {
        self.invocation.disturbed |= service != Service::Kms;
    }

    /// The function asks for the data key of `ciphertext`.
    pub(super) fn asks(&mut self, ciphertext: &str) {
        let data_key = self.data_keys.number(ciphertext);
        self.note(&format!("Kms: asked for data key {data_key}"));
    }

    /// The function was told the data key of `ciphertext`, for which it asked at `asked`.
    pub(super) fn decrypted(&mut self, sandbox: usize, ciphertext: &str, asked: Now) {
        let data_key = self.data_keys.number(ciphertext);
        self.note(&format!("Kms: data key {data_key} is obtained"));
        if let Some(violation) = self.data_keys.obtained(sandbox, ciphertext, asked)
            && !self.records.uncached.contains(ciphertext)
        {
            self.violated(violation);
        }
    }

    /// The function was told at `now` that it may not use the key of `ciphertext`, for which it asked at `asked`.
    pub(super) fn denied(&mut self, sandbox: usize, ciphertext: &str, asked: Now, now: Now) {
        self.data_keys.denied(sandbox, ciphertext, asked, now, self.rules.denied_until_quarantine);
    }

    /// The sandbox's wall clock was set back from `before` to `now`.
    pub(super) fn clock_set_back(&mut self, sandbox: usize, before: Now, now: Now) {
        self.data_keys.clock_set_back(sandbox, before, now);
    }

    /// An invocation of `sandbox` begins.
    pub(super) fn invocation_begins(&mut self, sandbox: usize, now: Now) {
        self.data_keys.invocation_begins(sandbox, now);
        self.invocation = Invocation::default();
    }

    /// The function answered with this checkpoint: the records of `batch` before `checkpoint` are finished.
    pub(super) fn answered(&mut self, batch: std::ops::Range<usize>, checkpoint: usize) {
        for record in batch.start..checkpoint {
            if !self.is_done(record) {
                let what = if self.records.user_records[record].is_poison { "poison" } else { "good" };
                self.violated(format!(
                    "LOST: record {record} ({what}) is before the checkpoint {checkpoint} and nowhere else"
                ));
            }
        }
        let good_beyond: Vec<usize> = (checkpoint..batch.end).filter(|record| self.is_to_arrive(*record)).collect();
        let is_acknowledged = |record: &usize| self.invocation.acknowledged.contains(record);
        let Some(first_missing) = good_beyond.iter().position(|record| !is_acknowledged(record)) else {
            if !good_beyond.is_empty() && !self.invocation.disturbed {
                self.violated(format!(
                    "everything beyond the checkpoint {checkpoint} was delivered, and nothing had failed"
                ));
            }
            return;
        };
        let beyond = good_beyond[first_missing..].iter().filter(|record| is_acknowledged(record)).count();
        let allowed = if self.invocation.disturbed { self.rules.sink.reach() } else { 0 };
        if beyond > allowed {
            self.violated(format!(
                "{beyond} records were delivered beyond the checkpoint {checkpoint}; {allowed} may be"
            ));
        }
    }

    /// Nothing more is to come.
    pub(super) fn ended(&mut self) {
        for record in 0..self.arrivals.len() {
            if !self.is_done(record) {
                self.violated(format!("LOST: record {record} is nowhere at the end"));
            }
        }
    }

    fn is_done(&self, record: usize) -> bool {
        let is_delivered = !self.records.user_records[record].is_poison && self.arrivals[record] > 0;
        is_delivered || self.quarantined[record]
    }

    /// Whether the record belongs in the sink, and was not put into the quarantine because its key was denied.
    fn is_to_arrive(&self, record: usize) -> bool {
        !self.records.user_records[record].is_poison && !self.quarantined[record]
    }

    fn identified(&mut self, plaintext: &str) -> Option<usize> {
        let number = plaintext.strip_prefix("record ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        let expected = number.and_then(|number| self.records.user_records.get(number));
        let (Some(number), Some(expected)) = (number, expected) else {
            self.violated(format!("the sink received {plaintext:?}, which no producer put"));
            return None;
        };
        if expected.plaintext != plaintext {
            self.violated(format!("record {number} was changed to {plaintext:?}"));
        } else if expected.is_poison {
            self.violated(format!("record {number} is poison, and was delivered"));
        }
        Some(number)
    }

    /// `record` arrives for the first time: those that have to be before it must be there.
    fn judge_order(&mut self, record: usize) {
        let arrived = &self.records.user_records[record];
        let missing: Vec<usize> = (0..record)
            .filter(|earlier| {
                let other = &self.records.user_records[*earlier];
                let same_order = match self.rules.sink.orders_by_partition_key() {
                    true => other.partition_key == arrived.partition_key,
                    false => other.lane == arrived.lane,
                };
                same_order && self.is_to_arrive(*earlier) && self.arrivals[*earlier] == 0
            })
            .collect();
        let Some(first_missing) = missing.first().copied() else { return };
        if self.rules.sink.orders_by_partition_key() {
            let partition_key = &arrived.partition_key;
            self.violated(format!("record {record} of {partition_key:?} arrived before {missing:?}"));
            return;
        }
        let arrived_beyond = (first_missing..record).filter(|between| self.arrivals[*between] > 0).count() + 1;
        if arrived_beyond > self.rules.sink.reach() {
            self.violated(format!(
                "record {record} is the {arrived_beyond}th that arrived beyond {first_missing}, which has not"
            ));
        }
    }
}
