//! Messages and records to process. The messages are written out by hand, so that they are not what our own writer thinks.

use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use bytes::Bytes;

use crate::batch::ShardBatch;
use crate::records::{SequenceNumber, ShardOrigin, ShardRecord};

/// The plaintext data key that belongs to the encrypted data key `[id]`.
pub(super) fn data_key(id: u8) -> Vec<u8> {
    vec![id; 32]
}

/// A message of suite 0478, one frame, without context, under the data key `key_id`.
pub(super) fn message(key_id: u8, plaintext: &[u8]) -> Vec<u8> {
    message_with_context(key_id, plaintext, &[], &[])
}

/// A message that carries `stored`, and was sealed with the serialised pairs `authenticated` besides.
pub(super) fn message_with_context(
    key_id: u8,
    plaintext: &[u8],
    stored: &[(&str, &str)],
    authenticated: &[(&str, &str)],
) -> Vec<u8> {
    const SUITE: [u8; 2] = [0x04, 0x78];
    let message_id = [0xA5; 32];
    let aad = serialised(stored);
    let mut message = [&[0x02][..], &SUITE, &message_id].concat();
    message.extend_from_slice(&u16::try_from(aad.len()).expect("short").to_be_bytes());
    message.extend_from_slice(&aad);
    message.extend_from_slice(&[0, 1, 0, 4]);
    message.extend_from_slice(b"fake");
    message.extend_from_slice(&[0, 0, 0, 1, key_id]);
    message.push(2);
    let len = u32::try_from(plaintext.len()).expect("short");
    message.extend_from_slice(&len.max(1).to_be_bytes());
    message.extend_from_slice(&derive(key_id, &message_id, b"COMMITKEY"));

    let key = derive(key_id, &message_id, &[&SUITE[..], b"DERIVEKEY"].concat());
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key"));
    let seal = |iv: [u8; 12], aad: &[u8], text: &mut Vec<u8>| {
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), text).expect("sealed");
    };
    let mut tag = Vec::new();
    seal([0; 12], &[message.clone(), serialised(authenticated)].concat(), &mut tag);
    message.extend_from_slice(&tag);

    let iv = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let body_aad =
        [&message_id[..], b"AWSKMSEncryptionClient Final Frame", &1_u32.to_be_bytes(), &u64::from(len).to_be_bytes()]
            .concat();
    let mut frame = plaintext.to_vec();
    seal(iv, &body_aad, &mut frame);
    message.extend_from_slice(&[0xFF; 4]);
    message.extend_from_slice(&1_u32.to_be_bytes());
    message.extend_from_slice(&iv);
    message.extend_from_slice(&len.to_be_bytes());
    message.extend_from_slice(&frame);
    message
}

/// The same message with its last byte changed: it reads, but does not open.
pub(super) fn damaged(mut message: Vec<u8>) -> Vec<u8> {
    *message.last_mut().expect("not empty") ^= 1;
    message
}

fn serialised(pairs: &[(&str, &str)]) -> Vec<u8> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut bytes = u16::try_from(pairs.len()).expect("few").to_be_bytes().to_vec();
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&u16::try_from(text.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn derive(key_id: u8, message_id: &[u8], info: &[u8]) -> [u8; 32] {
    struct Len32;
    impl KeyType for Len32 {
        fn len(&self) -> usize {
            32
        }
    }
    let mut derived = [0; 32];
    Salt::new(HKDF_SHA512, message_id)
        .extract(&data_key(key_id))
        .expand(&[info], Len32)
        .and_then(|okm| okm.fill(&mut derived))
        .expect("derived");
    derived
}

/// A record of its own at `sequence_number`.
pub(super) fn record(sequence_number: usize, data: impl Into<Bytes>) -> ShardRecord {
    ShardRecord {
        sequence_number: SequenceNumber::parse(&sequence_number.to_string()).expect("digits"),
        sub_sequence_number: None,
        partition_key: "device-7".into(),
        explicit_hash_key: None,
        approximate_arrival_timestamp: Some(SystemTime::UNIX_EPOCH),
        data: data.into(),
    }
}

/// A batch of one shard.
pub(super) fn batch(records: Vec<ShardRecord>) -> ShardBatch {
    ShardBatch { origin: Some(origin()), records, ..ShardBatch::default() }
}

pub(super) fn origin() -> ShardOrigin {
    ShardOrigin {
        stream_arn: "arn:aws:kinesis:eu-central-1:111122223333:stream/readings".into(),
        shard_id: "shardId-000000000000".into(),
    }
}

/// Records at 0, 1, …, each with its number as plaintext, under the given data keys.
pub(super) fn records_under(key_ids: &[u8]) -> Vec<ShardRecord> {
    key_ids
        .iter()
        .enumerate()
        .map(|(number, key_id)| record(number, message(*key_id, number.to_string().as_bytes())))
        .collect()
}

/// An error with a cause, as the adapters' errors have.
pub(super) fn cause() -> Arc<dyn std::error::Error + Send + Sync> {
    Arc::new(std::io::Error::other("scripted"))
}
