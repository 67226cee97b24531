//! The events in `events/`: complete, and decryptable with the embedded KMS of today.

use std::collections::BTreeSet;

use aws_sdk_kms::primitives::Blob;
use base64_simd::STANDARD;
use local_stack::events::{directory, scenarios};
use serde_json::Value;

use crate::kms_protocol::{client, kms};

#[test]
fn every_event_has_its_expectation() {
    let expected: BTreeSet<_> = scenarios().unwrap().into_iter().map(|scenario| scenario.name).collect();
    let written = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let written: BTreeSet<_> = written
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(expected, written);
}

#[test]
fn every_record_has_an_expectation_unless_the_invocation_fails() {
    for scenario in scenarios().unwrap() {
        let event: Value = serde_json::from_slice(&scenario.event).unwrap();
        let records = event["Records"].as_array().unwrap();
        let numbers: BTreeSet<_> =
            records.iter().filter_map(|record| record["kinesis"]["sequenceNumber"].as_str()).collect();
        let delivered = scenario.expected.delivered.iter().map(|record| record.sequence_number.as_str());
        let expected: BTreeSet<_> = delivered.chain(scenario.expected.quarantined.iter().map(String::as_str)).collect();
        assert_eq!(numbers == expected, !scenario.expected.function_error, "{}", scenario.name);
    }
}

#[tokio::test]
async fn what_another_process_encrypted_still_decrypts() {
    let kms = kms().await;
    let client = client(&kms);
    let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == "kms-ciphertext").unwrap();
    let event: Value = serde_json::from_slice(&scenario.event).unwrap();
    for (record, expected) in event["Records"].as_array().unwrap().iter().zip(&scenario.expected.delivered) {
        let ciphertext = STANDARD.decode_to_vec(record["kinesis"]["data"].as_str().unwrap()).unwrap();
        let decrypted = client.decrypt().ciphertext_blob(Blob::new(ciphertext)).send().await.unwrap();
        assert_eq!(decrypted.plaintext.unwrap().as_ref(), expected.text.as_bytes());
    }
}
