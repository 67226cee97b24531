//! Random events, whole and damaged, read here and by `serde_json`: the same records, or both refuse.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::batch::ShardBatch;

/// How many events are made of each kind.
const EVENTS: u64 = 4_000;

/// What an event says of a record that is not an aggregate.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    sequence_number: String,
    partition_key: String,
    arrival: Option<SystemTime>,
    data: Vec<u8>,
}

/// An event as `serde_json` reads it. What may be odd is kept as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    records: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "eventID")]
    event_id: Option<Box<RawValue>>,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: Option<Box<RawValue>>,
    kinesis: Option<Kinesis>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis {
    approximate_arrival_timestamp: Option<Box<RawValue>>,
    data: Option<Box<RawValue>>,
    partition_key: Option<Box<RawValue>>,
    sequence_number: Option<Box<RawValue>>,
}

/// The string that is written; `None` if it is something else.
fn string(written: Option<Box<RawValue>>) -> Result<Option<String>, serde_json::Error> {
    written
        .filter(|written| written.get().starts_with('"'))
        .map(|written| serde_json::from_str(written.get()))
        .transpose()
}

/// Reads an event the long way. `None` for whatever is wrong with it.
fn by_serde_json(json: &[u8]) -> Option<Vec<Told>> {
    let event: Event = serde_json::from_slice(json).ok()?;
    let mut shard = None;
    event
        .records
        .into_iter()
        .map(|entry| {
            let arn = string(entry.event_source_arn).ok()?.filter(|arn| !arn.is_empty())?;
            let event_id = string(entry.event_id).ok()??;
            let (shard_id, _) = event_id.split_once(':')?;
            let origin = (arn, shard_id.to_owned());
            let same = *shard.get_or_insert_with(|| origin.clone()) == origin && shard_id.starts_with("shardId-");
            let kinesis = entry.kinesis.filter(|_| same)?;
            let sequence_number = string(kinesis.sequence_number).ok()??;
            let digits = sequence_number.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || !(1..=128).contains(&sequence_number.len()) {
                return None;
            }
            let arrival = match kinesis.approximate_arrival_timestamp {
                Some(written) if written.get().starts_with('"') => {
                    let text: String = serde_json::from_str(written.get()).ok()?;
                    text.trim().parse().ok().and_then(time)
                }
                Some(written) => written.get().parse().ok().and_then(time),
                None => None,
            };
            Some(Told {
                sequence_number,
                partition_key: string(kinesis.partition_key).ok()?.unwrap_or_default(),
                arrival,
                data: base64_simd::STANDARD.decode_to_vec(string(kinesis.data).ok()??).ok()?,
            })
        })
        .collect()
}

fn time(number: f64) -> Option<SystemTime> {
    let seconds = if number >= 1e11 { number / 1000.0 } else { number };
    let millis = Duration::try_from_secs_f64((seconds * 1000.0).round()).ok()?.as_secs();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

fn by_us(json: Vec<u8>) -> Option<Vec<Told>> {
    let batch = ShardBatch::read(json).ok()?;
    let told = batch.records.into_iter().map(|record| Told {
        sequence_number: record.sequence_number.to_string(),
        partition_key: record.partition_key.to_string(),
        arrival: record.approximate_arrival_timestamp,
        data: record.data.to_vec(),
    });
    Some(told.collect())
}

/// Writes random events.
struct Writer {
    rng: Rng,
    /// What the records of an event have in common, as Lambda writes them, if not each is written in its own way.
    shape: Option<u64>,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), shape: seed.is_multiple_of(2).then_some(seed) }
    }

    fn event(&mut self) -> String {
        let records: Vec<_> = (0..self.rng.usize(0..6)).map(|number| self.entry(number)).collect();
        let records = format!("[{}{}]", self.space(), records.join(&format!("{},", self.space())));
        let mut members = vec![(String::from("Records"), records)];
        self.add_unknown(&mut members);
        self.object(members)
    }

    fn entry(&mut self, number: usize) -> String {
        let sequence_number = format!("{}{number}", self.rng.u128(..));
        let data: Vec<u8> = (0..self.rng.usize(0..200)).map(|_| self.rng.u8(..)).collect();
        let data = base64_simd::STANDARD.encode_to_string(data);
        let key = ["device-7", "", "Gerät \"7\"\\\n", "機器", "\u{1F600}"][self.rng.usize(..5)];
        let arrival = [
            "1545084650.987",
            "1545084650",
            "1.5e9",
            "0",
            "0.5",
            "-3",
            "null",
            "\"1545084650.987\"",
            "\"soon\"",
            "1545084650987",
            "true",
            "[1,2]",
            "1e999",
            "1545084650.98765",
        ][if self.shape.is_some() && self.rng.u8(..4) > 0 { 0 } else { self.rng.usize(..14) }];
        let mut kinesis = vec![
            ("sequenceNumber".into(), self.string(&sequence_number)),
            ("data".into(), self.string(&data)),
            ("partitionKey".into(), if self.rng.u8(..8) == 0 { "null".into() } else { self.string(key) }),
            ("approximateArrivalTimestamp".into(), arrival.into()),
        ];
        self.add_unknown(&mut kinesis);
        let kinesis = self.object(kinesis);
        let mut entry = vec![
            ("kinesis".into(), kinesis),
            ("eventID".into(), self.string(&format!("shardId-000000000006:{sequence_number}"))),
            ("eventSourceARN".into(), self.string("arn:aws:kinesis:us-east-2:123456789012:stream/readings")),
            ("eventSource".into(), self.string("aws:kinesis")),
        ];
        if self.rng.u8(..50) == 0 {
            entry.remove(self.rng.usize(..entry.len()));
        }
        self.add_unknown(&mut entry);
        self.object(entry)
    }

    fn add_unknown(&mut self, members: &mut Vec<(String, String)>) {
        let own = self.shape.map(|shape| std::mem::replace(&mut self.rng, Rng::with_seed(shape)));
        for number in 0..self.rng.usize(0..4) {
            let value = [
                "null",
                "{}",
                "[]",
                "-0.5e-7",
                "\"\"",
                "\"a longer text, of more than eight bytes\"",
                "\"\\u00e9\\n\\\"\"",
                "false",
                "{\"deep\":[{\"er\":[[]]},{}]}",
                "\"{\\\"Records\\\":[]}\"",
            ][self.rng.usize(..10)];
            members.push((format!("unknown{number}"), value.into()));
        }
        if let Some(own) = own {
            self.rng = own;
        }
    }

    /// In any order and with any white space.
    fn object(&mut self, mut members: Vec<(String, String)>) -> String {
        let own = self.shape.map(|shape| std::mem::replace(&mut self.rng, Rng::with_seed(shape)));
        self.rng.shuffle(&mut members);
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| {
                let name = self.string(&name);
                format!("{}{name}{}:{}{value}{}", self.space(), self.space(), self.space(), self.space())
            })
            .collect();
        if let Some(own) = own {
            self.rng = own;
        }
        format!("{{{}}}", members.join(","))
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", "", " ", "\n", "\t\r\n  "][self.rng.usize(..7)]
    }

    /// Now and then with escapes that are not needed.
    fn string(&mut self, text: &str) -> String {
        let json = serde_json::to_string(text).expect("a string");
        if self.rng.u8(..10) > 0 {
            return json;
        }
        json.replace('a', "\\u0061").replace('/', "\\/")
    }

    /// Changes one byte, takes some, doubles some, or cuts the rest off. ASCII only: whether what nobody reads is UTF-8 is not looked at.
    fn damage(&mut self, json: &mut Vec<u8>) {
        let at = self.rng.usize(..json.len());
        let to = json.len().min(at + self.rng.usize(1..9));
        let byte = if self.rng.bool() { self.rng.u8(..0x80) } else { b"{}[],:\"\\0 e-."[self.rng.usize(..13)] };
        match self.rng.u8(..5) {
            0 => json.truncate(at),
            1 => drop(json.drain(at..to)),
            2 => json.insert(at, byte),
            3 => {
                let doubled = json[at..to].to_vec();
                drop(json.splice(at..at, doubled));
            }
            _ => json[at] = byte,
        }
    }
}

#[test]
fn random_events_are_read_as_serde_json_reads_them() {
    let mut read = 0;
    for seed in 0..EVENTS {
        let json = Writer::new(seed).event().into_bytes();
        let expected = by_serde_json(&json);
        read += u64::from(expected.as_ref().is_some_and(|told| !told.is_empty()));
        assert_eq!(by_us(json.clone()), expected, "seed {seed}: {}", String::from_utf8_lossy(&json));
    }
    assert!(read > EVENTS / 2, "most of the events can be read: {read}");
}

#[test]
fn damaged_events_are_read_as_serde_json_reads_them_or_refused_by_both() {
    let mut refused = 0;
    for seed in 0..EVENTS {
        let mut writer = Writer::new(seed);
        let mut json = writer.event().into_bytes();
        writer.damage(&mut json);
        // A damaged name of a member may become that of another: then there are two, or one that nobody reads.
        let expected = by_serde_json(&json);
        refused += u64::from(expected.is_none());
        assert_eq!(by_us(json.clone()), expected, "seed {seed}: {}", String::from_utf8_lossy(&json));
    }
    assert!(refused > EVENTS / 4, "many of the damaged events cannot be read: {refused}");
}
