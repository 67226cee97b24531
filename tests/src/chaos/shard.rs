//! The records that the function reads, shard by shard.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use md5::{Digest as _, Md5};
use warmkeys::kpl;
use warmkeys::records::{SequenceNumber, UserRecord};

use super::producer::{Poison, Producer};
use super::scenario::Scenario;
use crate::kms::KmsService;
use crate::stream::{ShardId, StreamRecord};

/// The shards' records in two views: as Kinesis stores them, and the user records in them. Those of one lane follow each other in both.
#[derive(Clone, Debug, Default)]
pub(super) struct ShardRecords {
    pub(super) stored: Vec<StreamRecord>,
    /// The places of each stored record's user records: where the next one's begin.
    pub(super) ends: Vec<usize>,
    pub(super) user_records: Vec<Expected>,
    pub(super) lanes: Vec<RecordLane>,
    /// The ciphertexts of data keys that are never cached, in base64.
    pub(super) uncached: HashSet<String>,
    by_place: HashMap<(String, Option<u32>), usize>,
}

/// The records that come one after the other: of a shard, or of some of its partition keys.
#[derive(Clone, Debug)]
pub(super) struct RecordLane {
    pub(super) shard: ShardId,
    /// The places of its stored records.
    pub(super) stored: Range<usize>,
}

/// What has to become of a user record.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// The place of its lane.
    pub(super) lane: usize,
    pub(super) partition_key: Arc<str>,
    pub(super) plaintext: String,
    /// Whether it belongs in the quarantine: it can never be read, or the sink never takes it.
    pub(super) is_poison: bool,
    /// The ciphertext of its data key, in base64.
    pub(super) data_key: String,
}

impl ShardRecords {
    /// Makes records as `rng` draws them, with data keys from `kms`.
    pub(super) async fn make(rng: &mut fastrand::Rng, scenario: &Scenario, kms: &KmsService) -> Self {
        let producer = Producer::new(rng, scenario, kms).await;
        let mut shard = Self { uncached: producer.uncached().into_iter().collect(), ..Self::default() };
        let lanes = scenario.source_shards * scenario.lanes_per_shard;
        let mixture = Mixture {
            partition_keys: rng.usize(1..=6).max(lanes),
            poison: *rng.choice(&[0.0, 0.02, 0.1, 0.4]).expect("there are some"),
            aggregates: *rng.choice(&[0.0, 0.1, 0.5]).expect("there are some"),
            empty_aggregates: *rng.choice(&[0.0, 0.0, 0.1]).expect("there are some"),
            oversize: scenario.oversize.map(|len| (len, if len > 1 << 20 { 0.01 } else { 0.05 })),
        };
        let count = rng.usize(1..=150);
        for lane in 0..lanes {
            let first = shard.stored.len();
            let shard_number = lane % scenario.source_shards;
            for number in (lane..count.max(lanes)).step_by(lanes) {
                let place = Place { lane, lanes, shard_number, number };
                shard.add_one(rng, &producer, &mixture, &place);
            }
            let shard_id = ShardId::new(shard_number);
            shard.lanes.push(RecordLane { shard: shard_id, stored: first..shard.stored.len() });
        }
        shard
    }

    fn add_one(&mut self, rng: &mut fastrand::Rng, producer: &Producer, mixture: &Mixture, at: &Place) {
        let sequence_number = at.sequence_number();
        let (is_aggregate, is_empty) = (rng.f64() < mixture.aggregates, rng.f64() < mixture.empty_aggregates);
        let members = if is_aggregate { rng.usize(1..=12) } else { 1 };
        let mut user_records = Vec::with_capacity(members);
        for member in 0..if is_empty { 0 } else { members } {
            let partition_key: Arc<str> = mixture.partition_key(rng, at).into();
            let place = self.user_records.len();
            let kind = (rng.f64() < mixture.poison).then(|| *rng.choice(&Poison::ALL).expect("there are some"));
            let too_large = mixture.oversize.filter(|(_, share)| !is_aggregate && rng.f64() < *share);
            let filling = too_large.map_or_else(|| rng.usize(0..200), |(len, _)| len);
            let plaintext = format!("record {place} of {partition_key}: {}", "x".repeat(filling));
            let sealed = producer.seal(rng, &plaintext, kind);
            let sub_sequence_number = is_aggregate.then(|| u32::try_from(member).expect("few"));
            self.by_place.insert((sequence_number.as_str().to_owned(), sub_sequence_number), place);
            self.user_records.push(Expected {
                lane: at.lane,
                partition_key: Arc::clone(&partition_key),
                plaintext,
                is_poison: kind.is_some() || too_large.is_some(),
                data_key: sealed.data_key,
            });
            user_records.push(UserRecord { partition_key, explicit_hash_key: None, data: sealed.data });
        }
        let (partition_key, data) = match user_records.first() {
            None => ("aggregate".into(), empty_aggregate()),
            Some(first) if !is_aggregate => (Arc::clone(&first.partition_key), first.data.clone()),
            Some(_) => ("aggregate".into(), kpl::aggregate(&user_records).into()),
        };
        let approximate_arrival =
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_799_990_000_000 + 7_000 * at.number as u64);
        self.stored.push(StreamRecord { sequence_number, partition_key, data, approximate_arrival });
        self.ends.push(self.user_records.len());
    }

    /// Records that were never sealed: one for each partition key, of which those are poison whose key begins with `!`.
    #[cfg(test)]
    pub(super) fn unsealed(partition_keys: &[&str]) -> Self {
        let mut shard = Self::default();
        for (place, key) in partition_keys.iter().enumerate() {
            let (partition_key, is_poison) = (key.trim_start_matches('!'), key.starts_with('!'));
            let plaintext = format!("record {place} of {partition_key}");
            shard.by_place.insert((place.to_string(), None), place);
            let data_key = format!("data key of {partition_key}");
            let partition_key = partition_key.into();
            shard.user_records.push(Expected { lane: 0, partition_key, plaintext, is_poison, data_key });
        }
        shard
    }

    /// The user record at this place.
    pub(super) fn at(&self, sequence_number: &str, sub_sequence_number: Option<u32>) -> Option<usize> {
        self.by_place.get(&(sequence_number.to_owned(), sub_sequence_number)).copied()
    }

    /// The place of the stored record with this sequence number.
    pub(super) fn stored_at(&self, sequence_number: &SequenceNumber) -> usize {
        let position = self.stored.iter().position(|record| record.sequence_number == *sequence_number);
        position.expect("the mapping has these records only")
    }

    /// Where the user records of the stored record at this place begin; past the end: where all end.
    pub(super) fn start(&self, stored: usize) -> usize {
        stored.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

/// How likely which records are.
struct Mixture {
    partition_keys: usize,
    poison: f64,
    aggregates: f64,
    empty_aggregates: f64,
    /// The length of what no sink takes, and how likely it is.
    oversize: Option<(usize, f64)>,
}

impl Mixture {
    /// One of the lane's keys: each key is in one lane, as Kinesis and the mapping have it.
    fn partition_key(&self, rng: &mut fastrand::Rng, at: &Place) -> String {
        let of_lane = (self.partition_keys - at.lane).div_ceil(at.lanes);
        partition_key(at.lane + at.lanes * rng.usize(0..of_lane))
    }
}

/// Where a record is put.
struct Place {
    lane: usize,
    lanes: usize,
    shard_number: usize,
    /// Among all records.
    number: usize,
}

impl Place {
    fn sequence_number(&self) -> SequenceNumber {
        let digits = format!("4959033827149025660855969253836157{:02}{:020}", self.shard_number, self.number);
        SequenceNumber::parse(&digits).expect("56 digits")
    }
}

/// A key of each form that destinations treat differently.
fn partition_key(number: usize) -> String {
    match number {
        4 => "clé, with a space".to_owned(),
        5 => "k".repeat(256),
        _ => format!("key-{number}"),
    }
}

/// An aggregate with a partition key and no user record.
fn empty_aggregate() -> Bytes {
    const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
    let partition_key_table = [10, 1, b'k'];
    [MAGIC.as_slice(), &partition_key_table, &Md5::digest(partition_key_table)].concat().into()
}
