//! What each record format refuses, and what it asks of KMS.

use super::fakes::{processor, processor_for};
use super::fixtures::{batch, data_key, message, message_with_context, record};
use crate::message::{AlgorithmSuite, CommitmentPolicy, EncryptionContext, MessageLimits};
use crate::record_format::{ContentError, EncryptionSdkFormat, KmsCiphertextFormat, RecordFormat};

fn requiring(pairs: &[(&str, &str)]) -> RecordFormat {
    RecordFormat::EncryptionSdk(EncryptionSdkFormat {
        required_encryption_context: pairs.iter().copied().collect(),
        ..EncryptionSdkFormat::default()
    })
}

#[tokio::test(start_paused = true)]
async fn a_required_pair_that_the_message_carries_must_have_its_value() {
    let processor = processor_for(requiring(&[("tenant", "a")]));
    let right = message_with_context(1, b"right", &[("tenant", "a")], &[]);
    let wrong = message_with_context(1, b"wrong", &[("tenant", "b")], &[]);
    processor.run(batch(vec![record(0, right), record(1, wrong)])).await;
    assert_eq!(processor.sink.arrived(), ["right"]);
    assert_eq!(processor.quarantine.arrived(), ["1"]);
    assert_eq!(processor.decryptor.data_keys.requested.lock().unwrap().len(), 1, "none is asked for the wrong one");
}

#[tokio::test(start_paused = true)]
async fn a_required_pair_that_the_message_does_not_carry_is_reproduced_and_authenticated() {
    let processor = processor_for(requiring(&[("tenant", "a")]));
    let right = message_with_context(1, b"right", &[("line", "7")], &[("tenant", "a")]);
    let sealed_for_another = message_with_context(1, b"wrong", &[("line", "7")], &[("tenant", "b")]);
    let sealed_without = message(1, b"wrong");
    processor.run(batch(vec![record(0, right), record(1, sealed_for_another), record(2, sealed_without)])).await;
    assert_eq!(processor.sink.arrived(), ["right"]);
    assert_eq!(processor.quarantine.arrived(), ["1", "2"]);
    let expected: EncryptionContext = [("line", "7"), ("tenant", "a")].into_iter().collect();
    assert_eq!(
        processor.decryptor.data_keys.contexts.lock().unwrap()[0],
        expected,
        "KMS checks the reproduced pair too"
    );
}

#[test]
fn each_refusal_is_told_apart() {
    let format = RecordFormat::EncryptionSdk(EncryptionSdkFormat {
        limits: MessageLimits { max_plaintext_len: 4, ..MessageLimits::default() },
        ..EncryptionSdkFormat::default()
    });
    assert!(format.read(&message(1, b"four")).is_ok());
    assert!(matches!(format.read(&message(1, b"fiver")), Err(ContentError::Malformed(_))));
    assert!(matches!(format.read(b"not a message"), Err(ContentError::Malformed(_))));
    assert!(matches!(format.read(b""), Err(ContentError::Malformed(_))));
    let mismatch = requiring(&[("tenant", "a")]);
    let carried = message_with_context(1, b"", &[("tenant", "b")], &[]);
    let sealed = mismatch.read(&carried).expect("reads");
    let error = sealed.required_data_key().expect_err("another value");
    assert_eq!(error, ContentError::ContextMismatch { key: "tenant".into() });
}

#[test]
fn the_commitment_policy_decides_which_suites_are_read() {
    // Suite 0178 in a version 1 header: no context, one encrypted data key, an empty final frame.
    let mut without_commitment =
        [&[0x01, 0x80, 0x01, 0x78][..], &[7; 16], &[0, 0, 0, 1, 0, 1, b'p', 0, 0, 0, 1, 1]].concat();
    without_commitment.extend_from_slice(&[2, 0, 0, 0, 0, 12, 0, 0, 0, 16]);
    without_commitment.extend_from_slice(&[0; 12 + 16]);
    without_commitment.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]);
    without_commitment.extend_from_slice(&[0; 12 + 4 + 16]);
    let with_policy = |commitment_policy| {
        RecordFormat::EncryptionSdk(EncryptionSdkFormat { commitment_policy, ..EncryptionSdkFormat::default() })
    };
    let refused =
        with_policy(CommitmentPolicy::RequireEncryptRequireDecrypt).read(&without_commitment).expect_err("refused");
    assert_eq!(refused, ContentError::SuiteNotAllowed(AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256));
    assert!(with_policy(CommitmentPolicy::RequireEncryptAllowDecrypt).read(&without_commitment).is_ok());
    assert!(with_policy(CommitmentPolicy::ForbidEncryptAllowDecrypt).read(&without_commitment).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_kms_ciphertext_s_content_is_what_kms_decrypts() {
    let context: EncryptionContext = [("stream", "readings")].into_iter().collect();
    let processor =
        processor_for(RecordFormat::KmsCiphertext(KmsCiphertextFormat { encryption_context: context.clone() }));
    let longest = vec![65; 6_144];
    let too_long = vec![65; 6_145];
    let (shortest, too_short) = (vec![66; 64], vec![66; 63]);
    let payloads = [longest, too_long, vec![], too_short, shortest];
    let records = payloads.into_iter().enumerate().map(|(number, payload)| record(number, payload)).collect();
    processor.run(batch(records)).await;
    assert_eq!(processor.sink.arrived(), [65, 66].map(|id| String::from_utf8(data_key(id)).expect("letters")));
    assert_eq!(processor.quarantine.arrived(), ["1", "2", "3"]);
    assert_eq!(*processor.decryptor.data_keys.contexts.lock().unwrap(), [context.clone(), context]);
}

#[tokio::test(start_paused = true)]
async fn records_of_one_key_in_other_contexts_ask_separately() {
    let processor = processor();
    let one = message_with_context(1, b"one", &[("tenant", "a")], &[]);
    let other = message_with_context(1, b"other", &[("tenant", "b")], &[]);
    let report = processor.run(batch(vec![record(0, one), record(1, other)])).await;
    assert_eq!(report.distinct_data_keys, 2);
    assert_eq!(processor.sink.arrived(), ["one", "other"]);
}
