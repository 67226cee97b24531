//! The records of the shard that the function reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64_simd::STANDARD;
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};
use warmkeys::kpl;
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal,
};
use warmkeys::records::{SequenceNumber, UserRecord};

use crate::kms::{DEVELOPMENT_KEY_ARN, KmsService, SECOND_DEVELOPMENT_KEY_ARN};
use crate::loopback_server::{AnswerRequest, Reply};
use crate::stream::StreamRecord;

/// The shard's records in two views: as Kinesis stores them, and the user records in them.
#[derive(Clone, Debug)]
pub(super) struct ShardRecords {
    pub(super) stored: Vec<StreamRecord>,
    /// The places of each stored record's user records: where the next one's begin.
    pub(super) ends: Vec<usize>,
    pub(super) user_records: Vec<Expected>,
    by_place: HashMap<(String, Option<u32>), usize>,
}

/// What has to become of a user record.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) partition_key: Arc<str>,
    pub(super) plaintext: String,
    pub(super) is_poison: bool,
}

impl ShardRecords {
    /// Makes records as `rng` draws them, with data keys from `kms`.
    pub(super) async fn make(rng: &mut fastrand::Rng, kms: &KmsService) -> Self {
        let producer = Producer::new(rng, kms).await;
        let mut shard =
            Self { stored: Vec::new(), ends: Vec::new(), user_records: Vec::new(), by_place: HashMap::new() };
        let keys = rng.usize(1..=6);
        let poison = *rng.choice(&[0.0, 0.02, 0.1, 0.4]).expect("there are some");
        let aggregates = *rng.choice(&[0.0, 0.1, 0.5]).expect("there are some");
        for number in 0..rng.usize(1..=150) {
            let sequence_number =
                SequenceNumber::parse(&format!("4959033827149025660855969253836157{number:022}")).expect("56 digits");
            let is_aggregate = rng.f64() < aggregates;
            let members = if is_aggregate { rng.usize(1..=12) } else { 1 };
            let mut user_records = Vec::with_capacity(members);
            for member in 0..members {
                let partition_key: Arc<str> = partition_key(rng.usize(0..keys)).into();
                let place = shard.user_records.len();
                let plaintext = format!("record {place} of {partition_key}: {}", "x".repeat(rng.usize(0..200)));
                let kind = (rng.f64() < poison).then(|| *rng.choice(&Poison::ALL).expect("there are some"));
                let data = producer.seal(rng, &plaintext, kind);
                let sub_sequence_number = is_aggregate.then(|| u32::try_from(member).expect("few"));
                shard.by_place.insert((sequence_number.as_str().to_owned(), sub_sequence_number), place);
                let expected =
                    Expected { partition_key: Arc::clone(&partition_key), plaintext, is_poison: kind.is_some() };
                shard.user_records.push(expected);
                user_records.push(UserRecord { partition_key, explicit_hash_key: None, data });
            }
            let (partition_key, data) = match user_records.first() {
                Some(first) if !is_aggregate => (Arc::clone(&first.partition_key), first.data.clone()),
                _ => ("aggregate".into(), kpl::aggregate(&user_records).into()),
            };
            let approximate_arrival =
                SystemTime::UNIX_EPOCH + Duration::from_millis(1_799_990_000_000 + 7_000 * number as u64);
            shard.stored.push(StreamRecord { sequence_number, partition_key, data, approximate_arrival });
            shard.ends.push(shard.user_records.len());
        }
        shard
    }

    /// Records that were never sealed: one for each partition key, of which those are poison whose key begins with `!`.
    #[cfg(test)]
    pub(super) fn unsealed(partition_keys: &[&str]) -> Self {
        let mut shard =
            Self { stored: Vec::new(), ends: Vec::new(), user_records: Vec::new(), by_place: HashMap::new() };
        for (place, key) in partition_keys.iter().enumerate() {
            let (partition_key, is_poison) = (key.trim_start_matches('!'), key.starts_with('!'));
            let plaintext = format!("record {place} of {partition_key}");
            shard.by_place.insert((place.to_string(), None), place);
            shard.user_records.push(Expected { partition_key: partition_key.into(), plaintext, is_poison });
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
        position.expect("the mapping has the shard's records only")
    }

    /// Where the user records of the stored record at this place begin; past the end: where all end.
    pub(super) fn start(&self, stored: usize) -> usize {
        stored.checked_sub(1).map_or(0, |before| self.ends[before])
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

/// What makes a record one that can never be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poison {
    Damaged,
    Cut,
    NoMessage,
    OtherContext,
    ForeignKey,
}

impl Poison {
    const ALL: [Self; 5] = [Self::Damaged, Self::Cut, Self::NoMessage, Self::OtherContext, Self::ForeignKey];
}

/// Seals as producers do, and as none should.
struct Producer {
    data_keys: Vec<SealingMaterials>,
    other_context: SealingMaterials,
    foreign_key: SealingMaterials,
}

impl Producer {
    async fn new(rng: &mut fastrand::Rng, kms: &KmsService) -> Self {
        let context = |tenant: usize| {
            let tenant = format!("tenant-{tenant}");
            [("purpose", "chaos"), ("tenant", tenant.as_str())].into_iter().collect::<EncryptionContext>()
        };
        let mut data_keys = Vec::new();
        for number in 0..*rng.choice(&[1, 3, 10, 40]).expect("there are some") {
            let context = if number % 3 == 0 { EncryptionContext::empty() } else { context(number) };
            data_keys.push(materials(kms, DEVELOPMENT_KEY_ARN, &context, &context).await);
        }
        Self {
            data_keys,
            other_context: materials(kms, DEVELOPMENT_KEY_ARN, &context(1), &context(2)).await,
            foreign_key: materials(kms, SECOND_DEVELOPMENT_KEY_ARN, &context(1), &context(1)).await,
        }
    }

    fn seal(&self, rng: &mut fastrand::Rng, plaintext: &str, poison: Option<Poison>) -> Bytes {
        let materials = match poison {
            Some(Poison::OtherContext) => &self.other_context,
            Some(Poison::ForeignKey) => &self.foreign_key,
            _ => &self.data_keys[rng.usize(0..self.data_keys.len())],
        };
        let mut message = seal(plaintext.as_bytes(), materials, DEFAULT_FRAME_LEN).expect("it can be sealed");
        match poison {
            Some(Poison::Damaged) => *message.last_mut().expect("it is not empty") ^= 1,
            Some(Poison::Cut) => message.truncate(rng.usize(100..message.len())),
            Some(Poison::NoMessage) => message = b"{\"order\": 4711}".repeat(20),
            _ => {}
        }
        message.into()
    }
}

/// A data key that `kms` wraps with one context, for messages that claim another, or the same.
async fn materials(
    kms: &KmsService,
    key_arn: &str,
    wrapped_with: &EncryptionContext,
    claimed: &EncryptionContext,
) -> SealingMaterials {
    let context: HashMap<_, _> = wrapped_with.iter().collect();
    let body = json!({"KeyId": key_arn, "KeySpec": "AES_256", "EncryptionContext": context});
    let request =
        Request::builder().method(Method::POST).uri("/").header("x-amz-target", "TrentService.GenerateDataKey");
    let request = request.body(Bytes::from(body.to_string())).expect("a request");
    let Reply::Response(response) = kms.answer(request).await else { panic!("KMS does not answer") };
    let answer: Value = serde_json::from_slice(response.body()).expect("JSON");
    let bytes = |name: &str| {
        let base64 = answer[name].as_str().unwrap_or_else(|| panic!("KMS answered {answer}"));
        STANDARD.decode_to_vec(base64).expect("base64")
    };
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: key_arn.as_bytes().to_vec(),
        ciphertext: bytes("CiphertextBlob"),
    };
    let data_key = DataKey::new(bytes("Plaintext"));
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    SealingMaterials::new(suite, data_key, &[encrypted], claimed, &EncryptionContext::empty(), None).expect("materials")
}
