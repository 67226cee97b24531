//! Seals as producers do, and as none should.

use std::collections::HashMap;

use bytes::Bytes;
use warmkeys::message::{AlgorithmSuite, EncryptionContext};

use super::materials::{Materials, OuterKey, Wrapping, activity_record};
use super::scenario::{DATABASE, Format, Scenario};
use crate::kms::{ACCOUNT, DEVELOPMENT_KEY_ARN, KmsService, REGION, SECOND_DEVELOPMENT_KEY_ARN};

/// What makes a record one that can never be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Poison {
    Damaged,
    Cut,
    NoMessage,
    /// In clear, and shorter than anything encrypted.
    Heartbeat,
    OtherContext,
    /// Of a key that is not allowed.
    ForeignKey,
    /// Of a key that does not exist.
    NoSuchKey,
}

impl Poison {
    pub(super) const ALL: [Self; 7] = [
        Self::Damaged,
        Self::Cut,
        Self::NoMessage,
        Self::Heartbeat,
        Self::OtherContext,
        Self::ForeignKey,
        Self::NoSuchKey,
    ];
}

/// A record as it is put.
pub(super) struct Sealed {
    pub(super) data: Bytes,
    /// The ciphertext of its data key, in base64.
    pub(super) data_key: String,
}

/// Seals as producers do, and as none should.
pub(super) enum Producer {
    Messages { good: Vec<Materials>, bad: HashMap<u8, Materials> },
    ActivityStream { good: Vec<OuterKey>, bad: HashMap<u8, OuterKey> },
}

impl Producer {
    pub(super) async fn new(rng: &mut fastrand::Rng, scenario: &Scenario, kms: &KmsService) -> Self {
        let count = *rng.choice(&[1, 3, 10, 40]).expect("there are some");
        match scenario.format {
            Format::Messages { all_suites } => {
                Self::of_messages(rng, count, all_suites, scenario.is_discovery, kms).await
            }
            Format::ActivityStream => Self::of_activity_stream(count, scenario.is_discovery, kms).await,
        }
    }

    async fn of_messages(
        rng: &mut fastrand::Rng,
        count: usize,
        all_suites: bool,
        is_discovery: bool,
        kms: &KmsService,
    ) -> Self {
        const COMMITTING: [AlgorithmSuite; 2] =
            [AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384];
        let suites: &[AlgorithmSuite] = if all_suites { &AlgorithmSuite::ALL } else { &COMMITTING };
        let mut good = Vec::new();
        for number in 0..count {
            let context = if number % 3 == 0 { EncryptionContext::empty() } else { context(number) };
            let suite = *rng.choice(suites).expect("there are some");
            let key = if is_discovery && rng.bool() { SECOND_DEVELOPMENT_KEY_ARN } else { DEVELOPMENT_KEY_ARN };
            let mut wrapping = Wrapping::new(kms, key, suite, &context).await;
            if rng.u8(0..4) == 0 {
                // One that is damaged comes first, of the same key.
                let mut damaged = wrapping.encrypted_data_keys[0].clone();
                *damaged.ciphertext.last_mut().expect("it is not empty") ^= 1;
                wrapping.encrypted_data_keys.insert(0, damaged);
            }
            good.push(wrapping.materials(&context));
        }
        let suite = COMMITTING[0];
        let other_context = Wrapping::new(kms, DEVELOPMENT_KEY_ARN, suite, &context(1)).await.materials(&context(2));
        let foreign_key = match is_discovery {
            false => Wrapping::new(kms, SECOND_DEVELOPMENT_KEY_ARN, suite, &context(1)).await,
            true => Wrapping::new(kms, DEVELOPMENT_KEY_ARN, suite, &context(1)).await.named_by(FOREIGN_KEY_ARN),
        };
        let no_such_key = Wrapping::new(kms, DEVELOPMENT_KEY_ARN, suite, &context(1)).await;
        let no_such_key = no_such_key.named_by(&format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{NO_KEY_ID}"));
        let bad = HashMap::from([
            (Poison::OtherContext as u8, other_context),
            (Poison::ForeignKey as u8, foreign_key.materials(&context(1))),
            (Poison::NoSuchKey as u8, no_such_key.materials(&context(1))),
        ]);
        Self::Messages { good, bad }
    }

    async fn of_activity_stream(count: usize, is_discovery: bool, kms: &KmsService) -> Self {
        let context = |id: &str| EncryptionContext::from_iter([("aws:rds:dbc-id", id)]);
        let mut good = Vec::new();
        for _ in 0..count {
            good.push(OuterKey::new(kms, DEVELOPMENT_KEY_ARN, &context(DATABASE)).await);
        }
        let other_context = OuterKey::new(kms, DEVELOPMENT_KEY_ARN, &context("cluster-OTHER")).await;
        let mut bad = HashMap::from([(Poison::OtherContext as u8, other_context)]);
        if !is_discovery {
            let foreign_key = OuterKey::new(kms, SECOND_DEVELOPMENT_KEY_ARN, &context(DATABASE)).await;
            bad.insert(Poison::ForeignKey as u8, foreign_key);
        }
        Self::ActivityStream { good, bad }
    }

    /// The ciphertexts of data keys that are never cached, in base64.
    pub(super) fn uncached(&self) -> Vec<String> {
        match self {
            Self::Messages { good, .. } => good
                .iter()
                .filter(|materials| !materials.is_cached())
                .map(|materials| materials.data_key.clone())
                .collect(),
            Self::ActivityStream { .. } => Vec::new(),
        }
    }

    pub(super) fn seal(&self, rng: &mut fastrand::Rng, plaintext: &str, poison: Option<Poison>) -> Sealed {
        let (mut data, data_key) = match self {
            Self::Messages { good, bad } => {
                let materials =
                    poison.and_then(|poison| bad.get(&(poison as u8))).unwrap_or(&good[rng.usize(0..good.len())]);
                let mut message = materials.seal(plaintext);
                if poison == Some(Poison::Damaged) {
                    damage(&mut message);
                }
                (message, &materials.data_key)
            }
            Self::ActivityStream { good, bad } => {
                let bad_key = poison.and_then(|poison| bad.get(&(poison as u8)));
                let mut message = bad_key.unwrap_or(&good[rng.usize(0..good.len())]).seal(plaintext);
                // What no bare ciphertext can be.
                let is_damaged = matches!(poison, Some(Poison::Damaged | Poison::NoSuchKey | Poison::ForeignKey));
                if is_damaged && bad_key.is_none() {
                    damage(&mut message.0);
                }
                (activity_record(&message.0, message.1), message.1)
            }
        };
        match poison {
            Some(Poison::Cut) => data.truncate(rng.usize(100..data.len())),
            Some(Poison::NoMessage) => data = b"{\"order\": 4711}".repeat(20),
            Some(Poison::Heartbeat) => data = b"beat".to_vec(),
            _ => {}
        }
        Sealed { data: data.into(), data_key: data_key.clone() }
    }
}

fn context(tenant: usize) -> EncryptionContext {
    let tenant = format!("tenant-{tenant}");
    [("purpose", "chaos"), ("tenant", tenant.as_str())].into_iter().collect()
}

fn damage(message: &mut [u8]) {
    *message.last_mut().expect("it is not empty") ^= 1;
}

const FOREIGN_KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/de7e1097-0000-4000-8000-000000000001";
const NO_KEY_ID: &str = "de7e1097-0000-4000-8000-00000000dead";
