//! The writer against the fake stream, on tokio's paused time.

mod aggregation;
mod consumers;
mod failures;
mod pacing;
mod prefixes;
mod refusals;
mod resharding;
mod unknown_outcomes;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{KinesisWriter, Receipt, WriteError, WriterSettings};
use crate::clock::{Clock as _, SystemClock};
use crate::kpl::deaggregate_unencrypted as deaggregate;
use crate::records::UserRecord;
use crate::retry::Deadline;
use crate::testing::{FakeKinesis, FakeState, seeded_settings};

type Results = Vec<Result<Receipt, WriteError>>;

fn now() -> Instant {
    SystemClock.now().monotonic
}

fn within(seconds: u64) -> Deadline {
    Deadline::after(now(), Duration::from_secs(seconds))
}

fn writer(
    kinesis: &Arc<FakeKinesis>,
    change: impl FnOnce(&mut WriterSettings),
) -> KinesisWriter<Arc<FakeKinesis>, Arc<FakeKinesis>> {
    let mut settings = WriterSettings { record_time_to_live: Duration::from_secs(3_600), ..seeded_settings() };
    change(&mut settings);
    KinesisWriter::new(Arc::clone(kinesis), Arc::clone(kinesis), settings, Arc::new(SystemClock))
}

fn record(partition_key: &str, data: impl Into<Bytes>) -> UserRecord {
    UserRecord { partition_key: partition_key.into(), explicit_hash_key: None, data: data.into() }
}

/// `count` records over `keys` partition keys in turn, each with its number as its data.
fn numbered(count: u32, keys: u32) -> Vec<UserRecord> {
    let keys: Vec<Arc<str>> = (0..keys).map(|key| format!("key-{key}").into()).collect();
    (0..count)
        .map(|number| UserRecord {
            partition_key: Arc::clone(&keys[number as usize % keys.len()]),
            explicit_hash_key: None,
            data: Bytes::copy_from_slice(&number.to_be_bytes()),
        })
        .collect()
}

/// The user records in the stream by partition key, in order of arrival, as their numbers.
fn numbers_by_key(fake: &FakeState) -> HashMap<Arc<str>, Vec<u32>> {
    let number = |data: &Bytes| u32::from_be_bytes(data.as_ref().try_into().expect("a number"));
    let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
    for entry in &fake.written {
        match deaggregate(&entry.data) {
            None => by_key.entry(Arc::clone(&entry.partition_key)).or_default().push(number(&entry.data)),
            Some(records) => {
                for record in records {
                    by_key.entry(record.partition_key).or_default().push(number(&record.data));
                }
            }
        }
    }
    by_key
}

/// Asserts that `count` numbered records arrived, each once, in order within every partition key.
fn assert_all_once_in_order(kinesis: &FakeKinesis, count: usize) {
    kinesis.read(|fake| {
        let by_key = numbers_by_key(fake);
        assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), count);
        for (key, numbers) in by_key {
            assert!(numbers.is_sorted_by(|before, after| before < after), "{key}: {numbers:?}");
        }
    });
}
