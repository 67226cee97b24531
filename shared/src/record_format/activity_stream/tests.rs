//! Records as databases write them, and what damages them.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;
use crate::message::{AlgorithmSuite, SealingMaterials, seal};

const OUTER_KEY: [u8; 32] = [3; 32];
const DOCUMENT: &[u8] = b"{\"type\":\"DatabaseActivityMonitoringRecord\"}";
const MAX: usize = 64 * 1024;

fn format() -> ActivityStreamFormat {
    ActivityStreamFormat { database: DatabaseResource::parse("cluster-ABC").unwrap(), max_document_len: MAX }
}

fn compressed(document: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(document).unwrap();
    encoder.finish().unwrap()
}

/// A message of `content`, whose data key is wrapped by `outer_key`.
fn message(content: &[u8], suite: AlgorithmSuite, outer_key: &[u8]) -> Vec<u8> {
    let data_key = DataKey::new(vec![9; 32]);
    let context = EncryptionContext::empty();
    let wrapping_key = RawAesKey::new(PROVIDER_ID, KEY_NAME, outer_key).unwrap();
    let wrapped = wrapping_key.wrap(&data_key, &context).unwrap();
    let materials = SealingMaterials::new(suite, data_key, &[wrapped], &context, &context, None).unwrap();
    seal(content, &materials, crate::message::DEFAULT_FRAME_LEN).unwrap()
}

fn record(message: &[u8]) -> String {
    let (key, message) = (BASE64.encode_to_string([1; 180]), BASE64.encode_to_string(message));
    format!(
        "{{\"type\":\"DatabaseActivityMonitoringRecords\",\"version\":\"1.1\",\"databaseActivityEvents\":\"{message}\",\"key\":\"{key}\"}}"
    )
}

fn usual_record() -> String {
    record(&message(&compressed(DOCUMENT), AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256, &OUTER_KEY))
}

fn open_with(payload: &str, outer_key: &[u8]) -> Result<Vec<u8>, ActivityStreamError> {
    let format = format();
    let record = format.read(payload.as_bytes())?;
    format.required_data_key(&record)?;
    format.open(&record, &DataKey::new(outer_key.to_vec()))
}

fn refusal(payload: &str) -> ActivityStreamError {
    open_with(payload, &OUTER_KEY).unwrap_err()
}

#[test]
fn a_record_opens_to_the_document_that_the_database_wrote() {
    assert_eq!(open_with(&usual_record(), &OUTER_KEY).unwrap(), DOCUMENT);
}

#[test]
fn escapes_in_the_json_are_read() {
    let escaped = usual_record().replace('/', "\\/").replace("=\"", "\\u003d\"");
    assert_eq!(open_with(&escaped, &OUTER_KEY).unwrap(), DOCUMENT);
}

#[test]
fn the_key_is_asked_for_with_the_context_of_the_database() {
    let format = |id| ActivityStreamFormat { database: DatabaseResource::parse(id).unwrap(), max_document_len: MAX };
    for (id, key) in [("cluster-ABC", "aws:rds:dbc-id"), ("db-ABC", "aws:rds:db-id")] {
        let payload = usual_record();
        let format = format(id);
        let required = format.required_data_key(&format.read(payload.as_bytes()).unwrap()).unwrap();
        assert_eq!(required.request.wrapped, WrappedDataKey::KmsCiphertext(vec![1; 180]));
        assert_eq!(required.request.encryption_context, EncryptionContext::from_iter([(key, id)]));
    }
}

#[test]
fn resource_ids_are_those_of_clusters_and_instances() {
    for wrong in ["", "cluster-", "db-", "ABC", "aws-rds-das-cluster-ABC", "cluster-A B", "db-ä"] {
        assert_eq!(DatabaseResource::parse(wrong), None, "{wrong}");
    }
    assert!(DatabaseResource::parse(&format!("db-{}", "A".repeat(200))).is_some());
    assert!(DatabaseResource::parse(&format!("db-{}", "A".repeat(201))).is_none());
}

#[test]
fn what_is_no_record_is_refused_without_being_quoted() {
    let other = usual_record().replace("DatabaseActivityMonitoringRecords", "patient 4711");
    for (payload, error) in [
        ("patient 4711", ActivityStreamError::NotARecord),
        ("{\"type\":\"patient 4711\"}", ActivityStreamError::NotARecord),
        (other.as_str(), ActivityStreamError::OtherType),
        (
            "{\"type\":\"DatabaseActivityMonitoringRecords\",\"key\":4711,\"databaseActivityEvents\":\"\"}",
            ActivityStreamError::NotBase64("key"),
        ),
        (
            "{\"type\":\"DatabaseActivityMonitoringRecords\",\"key\":\"\",\"databaseActivityEvents\":\"\"}",
            ActivityStreamError::KeyLength { len: 0 },
        ),
        (
            "{\"type\":\"DatabaseActivityMonitoringRecords\",\"key\":\"AAAA\",\"databaseActivityEvents\":\"4711!\"}",
            ActivityStreamError::NotBase64("databaseActivityEvents"),
        ),
    ] {
        let refused = refusal(payload);
        assert_eq!(refused, error);
        assert!(!refused.to_string().contains("4711"), "{refused}");
    }
}

#[test]
fn a_wrong_outer_key_opens_nothing() {
    let payload = usual_record();
    for len in [0, 16, 31, 33] {
        assert_eq!(open_with(&payload, &vec![3; len]), Err(ActivityStreamError::OuterKeyLength { len }));
    }
    let error = open_with(&payload, &[4; 32]).unwrap_err();
    assert_eq!(error, ActivityStreamError::Message(MessageError::DataKeyAuthentication));
}

#[test]
fn content_that_is_not_compressed_cut_off_or_too_large_is_refused() {
    let with_content =
        |content: &[u8]| record(&message(content, AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256, &OUTER_KEY));
    let bomb = compressed(&vec![0; MAX + 1]);
    for (content, error) in [
        (DOCUMENT.to_vec(), InflateError::NotCompressed),
        (compressed(DOCUMENT)[..10].to_vec(), InflateError::Damaged),
        (bomb, InflateError::TooLarge { max: MAX }),
    ] {
        assert_eq!(refusal(&with_content(&content)), ActivityStreamError::Compression(error));
    }
}

#[test]
fn no_flipped_bit_of_the_message_opens() {
    let sealed = message(&compressed(DOCUMENT), AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256, &OUTER_KEY);
    for bit in 0..sealed.len() * 8 {
        let mut damaged = sealed.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(refusal(&record(&damaged)), ActivityStreamError::Message(_)), "bit {bit}");
    }
}
