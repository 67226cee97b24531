//! What has to become of every record, and what did.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;
use warmkeys::clock::{Clock, Now, SystemClock};

use super::scenario::SinkKind;
use super::shard::ShardRecords;
use super::weather::Service;

/// Judges the function by what the services saw and what it answered. Records are named by their place in the shard.
#[derive(Debug)]
pub(super) struct Model {
    sink: SinkKind,
    records: ShardRecords,
    refresh_after: Duration,
    began: Instant,
    /// How often each record arrived in the sink; for a bucket: in how many objects it is.
    arrivals: Vec<u32>,
    quarantined: Vec<bool>,
    /// The sink's objects by key.
    objects: BTreeMap<String, Vec<usize>>,
    /// The ciphertexts of data keys, in the order in which they were first asked for: the trace names them by their places.
    data_keys: Vec<String>,
    /// When a data key was first asked for that has not been obtained since, by sandbox and ciphertext.
    asked: HashMap<(usize, String), Now>,
    /// When the data key was first asked for that was obtained last. It is as old as that: nobody knows when KMS answered.
    decrypted: HashMap<(usize, String), Now>,
    invocation: Invocation,
    /// Whether a clock has jumped since the last invocation began.
    jumped_since: bool,
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
    /// Whether a clock jumped in it or since the one before. A load that had begun by then, and may have waited for its turn, is dated by
    /// when it began: its data key is older than can be seen here, or from the future.
    undated: bool,
    /// When the first data key was asked for. Others may have waited for their turn since then, and a load is dated by when it began.
    first_asked: Option<Now>,
}

impl Model {
    pub(super) fn new(sink: SinkKind, records: ShardRecords, refresh_after: Duration) -> Self {
        let len = records.user_records.len();
        Self {
            sink,
            records,
            refresh_after,
            began: SystemClock.now().monotonic,
            arrivals: vec![0; len],
            quarantined: vec![false; len],
            objects: BTreeMap::new(),
            data_keys: Vec::new(),
            asked: HashMap::new(),
            decrypted: HashMap::new(),
            invocation: Invocation::default(),
            jumped_since: false,
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
        } else if self.invocation.acknowledged.contains(&record) && !self.sink.may_repeat_acknowledged() {
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
        if !self.records.user_records[record].is_poison {
            self.violated(format!("record {record} is good, and was quarantined: {reason}"));
        }
        self.quarantined[record] = true;
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
    pub(super) fn asks(&mut self, sandbox: usize, ciphertext: &str, now: Now) {
        let began = *self.invocation.first_asked.get_or_insert(now);
        self.asked.entry((sandbox, ciphertext.to_owned())).or_insert(began);
        let data_key = self.data_key(ciphertext);
        self.note(&format!("Kms: asked for data key {data_key}"));
    }

    /// The function was told the data key of `ciphertext`, for which it asked at `asked`.
    ///
    /// A key is asked for again when it has reached its refresh age by one of the sandbox's clocks, or when wall time has moved back.
    pub(super) fn decrypted(&mut self, sandbox: usize, ciphertext: &str, asked: Now) {
        let data_key = self.data_key(ciphertext);
        self.note(&format!("Kms: data key {data_key} is obtained"));
        let key = (sandbox, ciphertext.to_owned());
        let first_asked = self.asked.remove(&key).unwrap_or(asked);
        if self.invocation.undated {
            self.decrypted.remove(&key);
            return;
        }
        let before = self.decrypted.insert(key, first_asked);
        let Some(before) = before else { return };
        let by_monotonic = asked.monotonic.saturating_duration_since(before.monotonic);
        let by_wall = asked.wall.duration_since(before.wall).ok();
        let needed = by_monotonic >= self.refresh_after || by_wall.is_some_and(|age| age >= self.refresh_after);
        if let Some(by_wall) = by_wall.filter(|_| !needed) {
            let ages = format!("{by_monotonic:?} by the monotonic clock, {by_wall:?} by wall time");
            self.violated(format!("data key {data_key} was obtained again in sandbox {sandbox} at the age of {ages}"));
        }
    }

    /// A clock of the sandbox has jumped: set back, it makes what was obtained before unusable.
    pub(super) fn clock_jumped(&mut self, sandbox: usize, is_back: bool) {
        self.invocation.undated = true;
        self.jumped_since = true;
        if is_back {
            self.decrypted.retain(|(of, _), _| *of != sandbox);
        }
    }

    pub(super) fn invocation_begins(&mut self) {
        self.invocation = Invocation { undated: std::mem::take(&mut self.jumped_since), ..Invocation::default() };
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
        let good_beyond: Vec<usize> =
            (checkpoint..batch.end).filter(|record| !self.records.user_records[*record].is_poison).collect();
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
        let allowed = if self.invocation.disturbed { self.sink.reach() } else { 0 };
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

    fn data_key(&mut self, ciphertext: &str) -> usize {
        let place = self.data_keys.iter().position(|known| known == ciphertext);
        place.unwrap_or_else(|| {
            self.data_keys.push(ciphertext.to_owned());
            self.data_keys.len() - 1
        })
    }

    fn is_done(&self, record: usize) -> bool {
        if self.records.user_records[record].is_poison { self.quarantined[record] } else { self.arrivals[record] > 0 }
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
        let partition_key = &self.records.user_records[record].partition_key;
        let missing: Vec<usize> = (0..record)
            .filter(|earlier| {
                let other = &self.records.user_records[*earlier];
                let same_order = !self.sink.orders_by_partition_key() || other.partition_key == *partition_key;
                same_order && !other.is_poison && self.arrivals[*earlier] == 0
            })
            .collect();
        let Some(first_missing) = missing.first().copied() else { return };
        if self.sink.orders_by_partition_key() {
            self.violated(format!("record {record} of {partition_key:?} arrived before {missing:?}"));
            return;
        }
        let arrived_beyond = (first_missing..record).filter(|between| self.arrivals[*between] > 0).count() + 1;
        if arrived_beyond > self.sink.reach() {
            self.violated(format!(
                "record {record} is the {arrived_beyond}th that arrived beyond {first_missing}, which has not"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
