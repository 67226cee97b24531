//! Whatever is changed, nothing comes out; whatever comes in, nothing panics.

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use proptest::prelude::*;

use super::materials::{Opening, materials};
use crate::message::{
    AlgorithmSuite, DataKey, EncryptionContext, MessageLimits, RawAesKey, SealedMessage, VerificationKey, seal,
};

/// Version 1 and 2, signed and not, in three frames; and a required pair.
fn framed() -> Vec<(Vec<u8>, Opening)> {
    [
        AlgorithmSuite::Aes256GcmIv12Tag16NoKdf,
        AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256,
        AlgorithmSuite::Aes128GcmIv12Tag16HkdfSha256EcdsaP256,
        AlgorithmSuite::Aes256GcmHkdfSha512CommitKey,
        AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384,
    ]
    .map(|suite| {
        let (materials, opening) = materials(suite, 1, &[("tenant", "7"), ("stream", "é")], &[("secret", "knock")]);
        (seal(&[7; 40], &materials, NonZeroU32::new(16).unwrap()).unwrap(), opening)
    })
    .into()
}

/// Version 1 and 2, signed and not, in one block: as another implementation wrote them, since `seal` does not.
fn non_framed() -> Vec<(Vec<u8>, Opening)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    ["0078", "0378", "0478", "0578"]
        .map(|suite| {
            let name = format!("{suite}, non-framed, 300 bytes");
            let entry = manifest.as_array().unwrap().iter().find(|entry| entry["name"] == name.as_str()).expect(&name);
            let message = fs::read(folder.join(entry["ciphertext"].as_str().unwrap())).unwrap();
            let text = |field: &str| entry[field].as_str().unwrap();
            let wrapping_key = base64_simd::STANDARD.decode_to_vec(text("wrapping_key_base64")).unwrap();
            let wrapping_key = RawAesKey::new(text("provider_id"), text("key_name"), &wrapping_key).unwrap();
            let sealed = SealedMessage::read(&message, &MessageLimits::default()).unwrap();
            let context = sealed.encryption_context();
            let opening = Opening {
                data_key: wrapping_key.unwrap(&sealed.encrypted_data_keys()[0], &context).unwrap(),
                verification_key: VerificationKey::from_encryption_context(sealed.suite(), &context).unwrap(),
                reproduced_context: EncryptionContext::empty(),
            };
            (message, opening)
        })
        .into()
}

fn messages() -> Vec<(Vec<u8>, Opening)> {
    [framed(), non_framed()].into_iter().flatten().collect()
}

#[test]
fn every_flipped_bit_is_refused() {
    for (mut message, opening) in messages() {
        opening.open(&message).unwrap();
        for bit in 0..message.len() * 8 {
            message[bit / 8] ^= 1 << (bit % 8);
            assert!(opening.open(&message).is_err(), "suite {:02x?}, bit {bit}", &message[1..4]);
            message[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn every_truncation_and_every_extension_is_refused_by_reading() {
    for (mut message, _) in messages() {
        for len in 0..message.len() {
            assert!(SealedMessage::read(&message[..len], &MessageLimits::default()).is_err(), "{len}");
        }
        assert!(SealedMessage::read(&message, &MessageLimits::default()).is_ok());
        message.push(0);
        assert!(SealedMessage::read(&message, &MessageLimits::default()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_and_open(&bytes);
    }

    /// Messages with a few bytes replaced get further into the reader than bytes without a plan.
    #[test]
    fn any_damaged_message_is_read_or_refused(
        index in any::<proptest::sample::Index>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        thread_local!(static MESSAGES: Vec<Vec<u8>> = messages().into_iter().map(|(message, _)| message).collect());
        let mut message = MESSAGES.with(|messages| messages[index.index(messages.len())].clone());
        for (at, byte) in damage {
            let at = at.index(message.len());
            message[at] = byte;
        }
        read_and_open(&message);
    }
}

/// Everything that may be called on what was read.
fn read_and_open(bytes: &[u8]) {
    let Ok(message) = SealedMessage::read(bytes, &MessageLimits::default()) else { return };
    assert!(message.plaintext_len_bound() < bytes.len());
    let context = message.encryption_context();
    let _ = message.encrypted_data_keys();
    let key = VerificationKey::from_encryption_context(message.suite(), &context).ok().flatten();
    let data_key = DataKey::new(vec![1; message.suite().data_key_len()]);
    let _ = message.open(&data_key, key.as_ref(), &context);
}
