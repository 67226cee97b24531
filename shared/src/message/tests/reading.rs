//! Each field of the header and the body, with a value that the format does not allow.

use std::num::{NonZeroU16, NonZeroU32};

use super::materials::{encrypted_data_key, materials};
use crate::message::{
    AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext, MessageError, MessageLimits, SealedMessage,
    SealingMaterials, seal,
};

const V1: AlgorithmSuite = AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256;
const V2: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
const PLAINTEXT_LEN: usize = 40;
/// Where the empty AAD begins: version 1 has version, type, suite id, message id; version 2 has no type.
const AAD_V1: usize = 1 + 1 + 2 + 16;
const AAD_V2: usize = 1 + 2 + 32;
/// The one encrypted data key, with its count; then comes the content type.
const EDKS_LEN: usize = 2 + (2 + 8) + (2 + 4) + (2 + 48);
const CONTENT_V1: usize = AAD_V1 + 2 + EDKS_LEN;
const CONTENT_V2: usize = AAD_V2 + 2 + EDKS_LEN;
/// The first frame: after content type, frame length, commitment and tag.
const BODY_V2: usize = CONTENT_V2 + 1 + 4 + 32 + 16;
/// A regular frame of 16 bytes.
const FRAME: usize = 4 + 12 + 16 + 16;

fn message(suite: AlgorithmSuite) -> Vec<u8> {
    let (materials, _) = materials(suite, 1, &[], &[]);
    seal(&[7; PLAINTEXT_LEN], &materials, NonZeroU32::new(16).unwrap()).unwrap()
}

fn read(bytes: &[u8]) -> Result<(), MessageError> {
    SealedMessage::read(bytes, &MessageLimits::default()).map(|_| ())
}

fn with(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Result<(), MessageError> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    read(&bytes)
}

#[test]
fn versions_types_and_suites_are_those_of_the_format() {
    assert_eq!(with(message(V2), 0, &[2]), Ok(()));
    assert_eq!(with(message(V2), 0, &[3]), Err(MessageError::UnsupportedVersion { version: 3 }));
    assert_eq!(with(message(V1), 0, &[0]), Err(MessageError::UnsupportedVersion { version: 0 }));
    assert_eq!(with(message(V1), 1, &[0x81]), Err(MessageError::Malformed { field: "type" }));
    assert_eq!(with(message(V1), 2, &[0x00, 0x15]), Err(MessageError::UnknownSuite { id: 0x15 }));
    assert_eq!(with(message(V1), 2, &[0x04, 0x78]), Err(MessageError::SuiteOfAnotherVersion { id: 0x0478 }));
    assert_eq!(with(message(V2), 1, &[0x01, 0x78]), Err(MessageError::SuiteOfAnotherVersion { id: 0x0178 }));
}

#[test]
fn fixed_fields_have_their_one_value() {
    assert_eq!(with(message(V1), CONTENT_V1, &[3]), Err(MessageError::Malformed { field: "content type" }));
    assert_eq!(
        with(message(V1), CONTENT_V1 + 1, &[0, 0, 0, 1]),
        Err(MessageError::Malformed { field: "reserved bytes" })
    );
    assert_eq!(with(message(V1), CONTENT_V1 + 5, &[11]), Err(MessageError::Malformed { field: "IV length" }));
    assert_eq!(with(message(V1), CONTENT_V1 + 5, &[12]), Ok(()));
}

#[test]
fn only_framed_messages_have_a_frame_length() {
    assert_eq!(with(message(V2), CONTENT_V2, &[1]), Err(MessageError::Malformed { field: "frame length" }));
    assert_eq!(with(message(V2), CONTENT_V2 + 1, &[0; 4]), Err(MessageError::Malformed { field: "frame length" }));
}

#[test]
fn frames_come_in_order_and_the_last_is_not_longer_than_the_others() {
    assert_eq!(with(message(V2), BODY_V2, &[0, 0, 0, 1]), Ok(()));
    assert_eq!(with(message(V2), BODY_V2, &[0, 0, 0, 2]), Err(MessageError::FrameOutOfSequence { expected: 1 }));
    let second = BODY_V2 + FRAME;
    assert_eq!(with(message(V2), second, &[0, 0, 0, 1]), Err(MessageError::FrameOutOfSequence { expected: 2 }));
    let last = second + FRAME;
    assert_eq!(with(message(V2), last + 4, &[0, 0, 0, 3]), Ok(()));
    assert_eq!(with(message(V2), last + 4, &[0, 0, 0, 4]), Err(MessageError::FrameOutOfSequence { expected: 3 }));
    assert_eq!(with(message(V2), last + 20, &[0, 0, 0, 17]), Err(MessageError::FinalFrameTooLong { frame_len: 16 }));
}

#[test]
fn claimed_lengths_are_not_believed() {
    let truncated = |field| Err(MessageError::Truncated { field });
    assert_eq!(with(message(V2), AAD_V2, &[0xFF; 2]), truncated("encryption context"));
    assert_eq!(with(message(V2), AAD_V2 + 4, &[0xFF; 2]), truncated("key provider id"));
    assert_eq!(with(message(V2), CONTENT_V2 + 1, &[0xFF; 4]), truncated("encrypted content"));
    // A body in one block.
    let mut non_framed = message(V2);
    non_framed[CONTENT_V2] = 1;
    non_framed[CONTENT_V2 + 1..CONTENT_V2 + 5].fill(0);
    let len_at = BODY_V2 + 12;
    let largest = ((1_u64 << 36) - 32).to_be_bytes();
    let larger = ((1_u64 << 36) - 31).to_be_bytes();
    assert_eq!(with(non_framed.clone(), len_at, &largest), truncated("encrypted content"));
    let malformed = Err(MessageError::Malformed { field: "encrypted content length" });
    assert_eq!(with(non_framed.clone(), len_at, &larger), malformed);
    assert_eq!(with(non_framed, len_at, &[0xFF; 8]), malformed);
}

#[test]
fn bytes_after_the_message_are_refused() {
    for suite in [V1, V2] {
        let mut bytes = message(suite);
        bytes.push(0);
        assert_eq!(read(&bytes), Err(MessageError::TrailingBytes));
    }
}

#[test]
fn there_is_at_least_one_encrypted_data_key_and_at_most_the_limit() {
    let read = |count: usize, max: u16| {
        let (empty, key) = (EncryptionContext::empty(), DataKey::new(vec![1; 32]));
        let edks = vec![encrypted_data_key(); count];
        let materials = SealingMaterials::new(V2, key, &edks, &empty, &empty, None).unwrap();
        let bytes = seal(b"", &materials, NonZeroU32::MIN).unwrap();
        let limits = MessageLimits { max_encrypted_data_keys: NonZeroU16::new(max).unwrap(), ..Default::default() };
        SealedMessage::read(&bytes, &limits).map(|message| message.encrypted_data_keys().len())
    };
    assert_eq!(read(2, 3), Ok(2));
    assert_eq!(read(3, 3), Ok(3));
    assert_eq!(read(4, 3), Err(MessageError::TooManyEncryptedDataKeys { count: 4, max: 3 }));
    assert_eq!(with(message(V2), AAD_V2 + 2, &[0, 0]), Err(MessageError::NoEncryptedDataKeys));
    // As soon as the count is known, before the entries.
    assert_eq!(
        with(message(V2), AAD_V2 + 2, &[0xFF, 0xFF]),
        Err(MessageError::TooManyEncryptedDataKeys { count: 0xFFFF, max: 10 })
    );
}

#[test]
fn an_encrypted_data_key_whose_provider_id_is_cut_within_a_character_is_passed_over() {
    let (empty, key) = (EncryptionContext::empty(), DataKey::new(vec![1; 32]));
    let good = encrypted_data_key();
    let cut = EncryptedDataKey { provider_id: "namespac".into(), ..good.clone() };
    for keys in [[cut.clone(), good.clone()], [good.clone(), cut]] {
        let materials = SealingMaterials::new(V2, key.clone(), &keys, &empty, &empty, None).unwrap();
        let mut bytes = seal(b"", &materials, NonZeroU32::MIN).unwrap();
        // The first byte of a character of two, without its second.
        let at = bytes.windows(8).position(|window| window == b"namespac").unwrap();
        bytes[at + 7] = 0xC3;
        let message = SealedMessage::read(&bytes, &MessageLimits::default()).unwrap();
        assert_eq!(message.encrypted_data_keys(), std::slice::from_ref(&good));
    }
}

#[test]
fn the_plaintext_may_have_the_length_of_the_limit() {
    let bytes = message(V2);
    for (max_plaintext_len, fits) in [(PLAINTEXT_LEN - 1, false), (PLAINTEXT_LEN, true), (PLAINTEXT_LEN + 1, true)] {
        let limits = MessageLimits { max_plaintext_len, ..Default::default() };
        let expected = if fits { None } else { Some(MessageError::PlaintextTooLarge { max: max_plaintext_len }) };
        assert_eq!(SealedMessage::read(&bytes, &limits).err(), expected);
    }
}
