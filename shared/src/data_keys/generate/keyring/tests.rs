use std::time::Duration;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::data_keys::{
    AllowedKeys, DecryptDataKey, DecryptionKeyring, DecryptionKeyringSettings, DecryptionMaterials, DecryptionRequest,
    WrappedDataKey,
};
use crate::failure::FailureClass;
use crate::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, MessageLimits, SealedMessage, seal};
use crate::testing::requests::{self, REGION, SIGNING_SUITE, SUITE, key, key_in};
use crate::testing::{Answer, Asked, FakeKms};

fn deadline() -> Deadline {
    Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60))
}

fn keyring(kms: &FakeKms, generator: KeyArn, additional: &[KeyArn]) -> GenerationKeyring<FakeKms> {
    let keys = GenerationKeyringSettings::new(generator, additional.to_vec(), vec!["grant".into()]).unwrap();
    GenerationKeyring::new(kms.clone(), keys)
}

async fn generate(
    keyring: &GenerationKeyring<FakeKms>,
    suite: AlgorithmSuite,
) -> Result<Arc<SealingMaterials>, DataKeyError> {
    keyring.generate_data_key(&requests::generation(suite), None, deadline()).await
}

/// What the decrypting keyring makes of the header, with `key` alone.
async fn decrypt(kms: &FakeKms, message: &SealedMessage<'_>, key: KeyArn) -> Result<DecryptionMaterials, DataKeyError> {
    let settings = DecryptionKeyringSettings::new(AllowedKeys::Strict(vec![key]), REGION, Vec::new()).unwrap();
    let encrypted_data_keys = message.encrypted_data_keys();
    let wrapped = WrappedDataKey::Message { suite: message.suite(), encrypted_data_keys };
    let request = DecryptionRequest { wrapped, encryption_context: message.encryption_context() };
    DecryptionKeyring::new(kms.clone(), settings, Arc::new(SystemClock)).decrypt_data_key(&request, deadline()).await
}

#[tokio::test]
async fn every_wrapping_key_opens_what_is_sealed_with_any_suite() {
    for suite in AlgorithmSuite::ALL {
        let kms = FakeKms::default();
        let materials = generate(&keyring(&kms, key("1"), &[key("2"), key("mrk-3")]), suite).await.unwrap();
        let sealed = seal(b"plaintext", &materials, DEFAULT_FRAME_LEN).unwrap();
        let message = SealedMessage::read(&sealed, &MessageLimits::default()).unwrap();
        for key in [key("1"), key("2"), key("mrk-3")] {
            let opening = decrypt(&kms, &message, key).await.unwrap();
            let opened = message
                .open(&opening.data_key, opening.verification_key.as_ref(), &EncryptionContext::empty())
                .unwrap();
            assert_eq!(opened, b"plaintext");
        }
    }
}

#[tokio::test]
async fn the_context_sent_to_kms_is_the_one_in_the_message_public_key_included() {
    for (suite, pairs) in [(SUITE, 2), (SIGNING_SUITE, 3)] {
        let kms = FakeKms::default();
        let materials = generate(&keyring(&kms, key("1"), &[key("2")]), suite).await.unwrap();
        let sealed = seal(b"plaintext", &materials, DEFAULT_FRAME_LEN).unwrap();
        let context = SealedMessage::read(&sealed, &MessageLimits::default()).unwrap().encryption_context();
        assert_eq!((context.len(), context.get(PUBLIC_KEY_CONTEXT_KEY).is_some()), (pairs, suite.is_signing()));
        assert_eq!(kms.call_count(), 2);
        assert!(kms.calls().iter().all(|call| call.encryption_context == context && call.grant_tokens == ["grant"]));
    }
}

#[tokio::test]
async fn the_generator_comes_first_and_the_others_wrap_the_same_plaintext() {
    let kms = FakeKms::default();
    let keys = [key("1"), key("2"), key_in("us-east-1", "mrk-3")];
    let materials = generate(&keyring(&kms, keys[0].clone(), &keys[1..]), SUITE).await.unwrap();
    let sealed = seal(b"plaintext", &materials, DEFAULT_FRAME_LEN).unwrap();
    let message = SealedMessage::read(&sealed, &MessageLimits::default()).unwrap();
    let written = message.encrypted_data_keys();
    assert!(written.iter().all(|written| written.provider_id == "aws-kms"));
    let named: Vec<_> = written.iter().map(|written| &*written.provider_info).collect();
    assert_eq!(named, keys.each_ref().map(|key| key.as_str().as_bytes()));

    let data_key = decrypt(&kms, &message, key("1")).await.unwrap().data_key;
    let calls = kms.calls();
    assert_eq!(calls[0].asked, Asked::GenerateDataKey { data_key_len: 32 });
    for (call, key) in calls.iter().zip(&keys) {
        assert_eq!(call.key.as_ref(), Some(key));
    }
    for call in &calls[1..3] {
        assert_eq!(call.asked, Asked::Encrypt { plaintext: data_key.expose().to_vec() });
    }
}

#[tokio::test]
async fn a_data_key_is_as_long_as_its_suite_wants_it() {
    for suite in AlgorithmSuite::ALL {
        let kms = FakeKms::default();
        generate(&keyring(&kms, key("1"), &[]), suite).await.unwrap();
        assert_eq!(kms.calls()[0].asked, Asked::GenerateDataKey { data_key_len: suite.data_key_len() });
    }
}

#[tokio::test]
async fn all_keys_wrap_or_there_is_no_data_key() {
    let answers = [
        (Answer::Throttled, FailureClass::Throttled),
        (Answer::Transient, FailureClass::Transient),
        (Answer::AccessDenied, FailureClass::Unavailable),
        (Answer::KeyUnavailable, FailureClass::Unavailable),
        // No message is to blame for it, so it is not permanent.
        (Answer::Naming(key("9")), FailureClass::Unavailable),
        (Answer::Naming(key_in("us-east-1", "mrk-1")), FailureClass::Unavailable),
    ];
    for (answer, class) in answers {
        for failing in 0..3 {
            let kms = FakeKms::default();
            let before = std::iter::repeat_n((Duration::ZERO, Answer::Truthful), failing);
            kms.script(before.chain([(Duration::ZERO, answer.clone())]));
            let keyring = keyring(&kms, key("mrk-1"), &[key("2"), key("3")]);
            assert_eq!(generate(&keyring, SUITE).await.unwrap_err().class(), class, "{answer:?} to call {failing}");
        }
    }
}

#[tokio::test]
async fn every_generation_has_a_data_key_and_a_signing_key_of_its_own() {
    let kms = FakeKms::default();
    let keyring = keyring(&kms, key("1"), &[key("2")]);
    for _ in 0..20 {
        generate(&keyring, SIGNING_SUITE).await.unwrap();
    }
    let public_keys: std::collections::BTreeSet<_> = kms
        .calls()
        .iter()
        .map(|call| call.encryption_context.get(PUBLIC_KEY_CONTEXT_KEY).unwrap().to_owned())
        .collect();
    let data_keys: std::collections::BTreeSet<_> = kms
        .calls()
        .into_iter()
        .filter_map(|call| match call.asked {
            Asked::Encrypt { plaintext } => Some(plaintext),
            _ => None,
        })
        .collect();
    assert_eq!((public_keys.len(), data_keys.len()), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn the_additional_keys_are_called_at_once() {
    let kms = FakeKms::default();
    kms.always(Duration::from_millis(10), Answer::Truthful);
    let began = SystemClock.now().monotonic;
    generate(&keyring(&kms, key("1"), &[key("2"), key("3"), key("4")]), SUITE).await.unwrap();
    assert_eq!(SystemClock.now().monotonic - began, Duration::from_millis(20));
    assert_eq!(kms.most_under_way(), 3);
}
