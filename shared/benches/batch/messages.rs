//! Messages of suite 0478 as a KMS keyring's producers write them, and the least that it takes to open one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use serde_json::json;

const SUITE: [u8; 2] = [0x04, 0x78];
const KEY_ARN: &[u8] = b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// The bytes of a `CiphertextBlob` around a data key of 32 bytes.
const CIPHERTEXT_BLOB_BYTES: usize = 184;

/// A message, taken apart as the limit loop needs it.
pub(crate) struct LimitMessage {
    key_id: u8,
    message_id: [u8; 32],
    header: Vec<u8>,
    header_tag: Vec<u8>,
    body_aad: Vec<u8>,
    /// The frame's ciphertext and tag.
    frame: Vec<u8>,
}

/// The plaintext data key that belongs to the ciphertext that begins with `id`.
pub(crate) fn data_key(id: u8) -> [u8; 32] {
    [id; 32]
}

/// An event of at most `max_bytes`, and its messages for [`open_at_the_limit`].
pub(crate) fn event_json(max_bytes: usize, plaintext_bytes: usize, data_keys: u8) -> (Vec<u8>, Vec<LimitMessage>) {
    let mut records = Vec::new();
    let mut messages = Vec::new();
    let mut len = "{\"Records\":[]}".len();
    for (number, key_id) in (0_u64..).zip((0..data_keys).cycle()) {
        let (bytes, message) = seal(key_id, number, plaintext_bytes);
        let sequence_number = format!("{:056}", 49_590_338_271_490_256_u64 + number);
        let record = json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": format!("device-{}", number % 100),
                "sequenceNumber": sequence_number,
                "data": base64_simd::STANDARD.encode_to_string(bytes),
                "approximateArrivalTimestamp": 1_545_084_650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("shardId-000000000006:{sequence_number}"),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::111122223333:role/stream-decryptor",
            "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/readings",
        })
        .to_string();
        len += record.len() + 1;
        if len > max_bytes {
            break;
        }
        records.push(record);
        messages.push(message);
    }
    (format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes(), messages)
}

/// Derives the message's keys, authenticates its header and opens its frame: what no reader can do without.
pub(crate) fn open_at_the_limit(message: &LimitMessage) -> Vec<u8> {
    let [commitment, key] = derive(message.key_id, &message.message_id);
    assert!(message.header.ends_with(&commitment));
    let mut header_tag = message.header_tag.clone();
    let key = key_of(&key);
    key.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::from(&message.header), &mut header_tag)
        .expect("authentic");
    let mut plaintext = message.frame.clone();
    let opened =
        key.open_in_place(frame_nonce(), Aad::from(&message.body_aad), &mut plaintext).expect("authentic").len();
    plaintext.truncate(opened);
    plaintext
}

fn seal(key_id: u8, number: u64, plaintext_bytes: usize) -> (Vec<u8>, LimitMessage) {
    let mut message_id = [0xA5; 32];
    message_id[..8].copy_from_slice(&number.to_be_bytes());
    let [commitment, key] = derive(key_id, &message_id);
    let frame_len = u32::try_from(plaintext_bytes).expect("short").to_be_bytes();

    let mut header = [&[0x02][..], &SUITE, &message_id].concat();
    let context = [&[0, 1][..], &prefixed(b"purpose"), &prefixed(b"readings")].concat();
    header.extend_from_slice(&prefixed(&context));
    header.extend_from_slice(&[0, 1]);
    header.extend_from_slice(&prefixed(b"aws-kms"));
    header.extend_from_slice(&prefixed(KEY_ARN));
    header.extend_from_slice(&prefixed(&[key_id; CIPHERTEXT_BLOB_BYTES]));
    header.push(2);
    header.extend_from_slice(&frame_len);
    header.extend_from_slice(&commitment);

    let mut header_tag = Vec::new();
    let sealing = key_of(&key);
    sealing
        .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from(&header), &mut header_tag)
        .expect("sealed");
    let body_aad = [
        &message_id[..],
        b"AWSKMSEncryptionClient Final Frame",
        &1_u32.to_be_bytes(),
        &(plaintext_bytes as u64).to_be_bytes(),
    ]
    .concat();
    let mut frame = vec![b'x'; plaintext_bytes];
    sealing.seal_in_place_append_tag(frame_nonce(), Aad::from(&body_aad), &mut frame).expect("sealed");

    let bytes = [&header[..], &header_tag, &[0xFF; 4], &1_u32.to_be_bytes(), &FRAME_IV, &frame_len, &frame].concat();
    (bytes, LimitMessage { key_id, message_id, header, header_tag, body_aad, frame })
}

const FRAME_IV: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn frame_nonce() -> Nonce {
    Nonce::assume_unique_for_key(FRAME_IV)
}

fn key_of(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key"))
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat()
}

/// The commitment and the message's key.
fn derive(key_id: u8, message_id: &[u8]) -> [[u8; 32]; 2] {
    struct Len32;
    impl KeyType for Len32 {
        fn len(&self) -> usize {
            32
        }
    }
    let prk = Salt::new(HKDF_SHA512, message_id).extract(&data_key(key_id));
    let expand = |info: &[&[u8]]| {
        let mut derived = [0; 32];
        prk.expand(info, Len32).and_then(|okm| okm.fill(&mut derived)).expect("derived");
        derived
    };
    [expand(&[b"COMMITKEY"]), expand(&[&SUITE, b"DERIVEKEY"])]
}
