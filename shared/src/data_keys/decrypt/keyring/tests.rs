mod evidence;
mod holding;

use std::time::Duration;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::message::EncryptionContext;
use crate::retry::{ConcurrencyLimit, Jitter, RetryPolicy, Retrying};
use crate::testing::requests::{self, PLAINTEXT_DATA_KEY, REGION, key, key_in};
use crate::testing::{Answer, Asked, FakeKms};

fn strict(kms: &FakeKms, keys: &[KeyArn]) -> DecryptionKeyring<FakeKms> {
    let settings =
        DecryptionKeyringSettings::new(AllowedKeys::Strict(keys.to_vec()), REGION, vec!["grant".into()]).unwrap();
    DecryptionKeyring::new(kms.clone(), settings, Arc::new(SystemClock))
}

fn discovery(kms: &FakeKms, account: Option<&str>) -> DecryptionKeyring<FakeKms> {
    let filter = account.map(|account| DiscoveryFilter { partition: "aws".into(), accounts: [account.into()].into() });
    let settings = DecryptionKeyringSettings::new(AllowedKeys::Discovery(filter), REGION, Vec::new()).unwrap();
    DecryptionKeyring::new(kms.clone(), settings, Arc::new(SystemClock))
}

async fn decrypt(
    keyring: &DecryptionKeyring<FakeKms>,
    request: &DecryptionRequest,
) -> Result<DecryptionMaterials, DataKeyError> {
    let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60));
    keyring.decrypt_data_key(request, deadline).await
}

/// The keys that KMS was called with.
fn called_with(kms: &FakeKms) -> Vec<Option<KeyArn>> {
    kms.calls().into_iter().map(|call| call.key).collect()
}

fn class(outcome: Result<DecryptionMaterials, DataKeyError>) -> FailureClass {
    outcome.unwrap_err().class()
}

#[tokio::test]
async fn an_allowed_key_is_called_with_the_whole_request() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key("1")]);
    let materials = decrypt(&strict(&kms, &[key("1")]), &request).await.unwrap();
    assert_eq!(materials.data_key.expose(), PLAINTEXT_DATA_KEY);
    let WrappedDataKey::Message { encrypted_data_keys, .. } = &request.wrapped else { unreachable!() };
    let call = &kms.calls()[0];
    let ciphertext = encrypted_data_keys[0].ciphertext.clone();
    assert_eq!((call.key.as_ref(), &call.asked), (Some(&key("1")), &Asked::Decrypt { ciphertext }));
    assert_eq!((&call.encryption_context, &*call.grant_tokens), (&requests::context(), &["grant".to_owned()][..]));
}

#[tokio::test]
async fn keys_that_are_not_allowed_are_never_sent_to_kms() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key("1"), key("2")]);
    assert!(matches!(decrypt(&strict(&kms, &[key("3")]), &request).await, Err(DataKeyError::NoAllowedKey(_))));
    assert_eq!(kms.call_count(), 0);
    assert!(decrypt(&strict(&kms, &[key("2"), key("3")]), &request).await.is_ok());
    assert_eq!(called_with(&kms), [Some(key("2"))]);
}

#[tokio::test]
async fn other_providers_and_malformed_arns_are_passed_over() {
    let kms = FakeKms::default();
    let good = requests::encrypted_data_key(&kms, &key("1"));
    let raw = EncryptedDataKey { provider_id: "raw".into(), ..good.clone() };
    let no_arn = EncryptedDataKey { provider_info: b"alias/a".to_vec(), ..good.clone() };
    let no_text = EncryptedDataKey { provider_info: vec![0xFF], ..good.clone() };
    let request = requests::of_suite(requests::SUITE, vec![raw, no_arn, no_text, good]);
    assert!(decrypt(&strict(&kms, &[key("1")]), &request).await.is_ok());
    assert_eq!(kms.call_count(), 1);
}

#[tokio::test]
async fn a_related_multi_region_key_is_called_as_the_configured_one() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key_in("us-east-1", "mrk-1")]);
    assert!(decrypt(&strict(&kms, &[key("mrk-1")]), &request).await.is_ok());
    assert_eq!(called_with(&kms), [Some(key("mrk-1"))]);
}

#[tokio::test]
async fn a_single_region_key_does_not_match_across_regions() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key_in("us-east-1", "1")]);
    assert!(matches!(decrypt(&strict(&kms, &[key("1")]), &request).await, Err(DataKeyError::NoAllowedKey(_))));
    assert!(matches!(decrypt(&discovery(&kms, None), &request).await, Err(DataKeyError::NoAllowedKey(_))));
    assert_eq!(kms.call_count(), 0);
}

#[tokio::test]
async fn discovery_calls_what_the_message_names_within_the_filter() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key("1")]);
    assert!(decrypt(&discovery(&kms, None), &request).await.is_ok());
    assert!(decrypt(&discovery(&kms, Some("111122223333")), &request).await.is_ok());
    let foreign = decrypt(&discovery(&kms, Some("444455556666")), &request).await;
    assert!(matches!(foreign, Err(DataKeyError::NoAllowedKey(_))));
    assert_eq!(called_with(&kms), [Some(key("1")), Some(key("1"))]);
}

#[tokio::test]
async fn discovery_filters_on_the_partition() {
    let kms = FakeKms::default();
    let filter = DiscoveryFilter { partition: "aws-cn".into(), accounts: ["111122223333".into()].into() };
    let settings = DecryptionKeyringSettings::new(AllowedKeys::Discovery(Some(filter)), REGION, Vec::new()).unwrap();
    let outcome = decrypt(
        &DecryptionKeyring::new(kms.clone(), settings, Arc::new(SystemClock)),
        &requests::message(&kms, &[key("1")]),
    )
    .await;
    assert!(matches!(outcome, Err(DataKeyError::NoAllowedKey(_))));
}

#[tokio::test]
async fn discovery_calls_a_multi_region_key_in_its_own_region() {
    let kms = FakeKms::default();
    let request = requests::message(&kms, &[key_in("us-east-1", "mrk-1")]);
    assert!(decrypt(&discovery(&kms, None), &request).await.is_ok());
    assert_eq!(called_with(&kms), [Some(key("mrk-1"))]);
}

#[tokio::test]
async fn an_answer_with_another_key_is_refused() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::Naming(key("2")));
    let request = requests::message(&kms, &[key("1")]);
    let outcome = decrypt(&strict(&kms, &[key("1"), key("2")]), &request).await;
    assert!(matches!(outcome, Err(DataKeyError::WrongKey)));
}

#[tokio::test]
async fn an_unavailable_or_undecryptable_first_key_is_followed_by_the_next() {
    for answer in [Answer::AccessDenied, Answer::KeyUnavailable, Answer::Undecryptable, Answer::Naming(key("9"))] {
        let kms = FakeKms::default();
        kms.script([(Duration::ZERO, answer)]);
        let request = requests::message(&kms, &[key("1"), key("2")]);
        assert!(decrypt(&strict(&kms, &[key("1"), key("2")]), &request).await.is_ok());
        assert_eq!(called_with(&kms), [Some(key("1")), Some(key("2"))]);
    }
}

#[tokio::test]
async fn the_most_hopeful_of_all_failures_is_reported() {
    use FailureClass::{Permanent, Throttled, Unavailable};
    let cases = [
        ([Answer::Undecryptable, Answer::Undecryptable], Permanent),
        ([Answer::Undecryptable, Answer::AccessDenied], Unavailable),
        ([Answer::AccessDenied, Answer::Undecryptable], Unavailable),
        ([Answer::Undecryptable, Answer::Throttled], Throttled),
        ([Answer::KeyUnavailable, Answer::Throttled], Throttled),
    ];
    for (answers, expected) in cases {
        let kms = FakeKms::default();
        kms.script(answers.clone().map(|answer| (Duration::ZERO, answer)));
        let request = requests::message(&kms, &[key("1"), key("2")]);
        let outcome = decrypt(&strict(&kms, &[key("1"), key("2")]), &request).await;
        assert_eq!(class(outcome), expected, "{answers:?}");
    }
}

#[tokio::test]
async fn an_answer_says_more_than_that_no_key_was_allowed() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::Undecryptable);
    let request = requests::message(&kms, &[key("1"), key("2")]);
    let outcome = decrypt(&strict(&kms, &[key("1")]), &request).await;
    assert!(matches!(outcome, Err(DataKeyError::Undecryptable(_))));
}

#[tokio::test]
async fn a_throttled_key_is_not_followed_by_more_calls() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::Throttled);
    let request = requests::message(&kms, &[key("1"), key("2")]);
    assert_eq!(class(decrypt(&strict(&kms, &[key("1"), key("2")]), &request).await), FailureClass::Throttled);
    assert_eq!(kms.call_count(), 1);
}

#[tokio::test]
async fn a_data_key_of_another_length_is_refused() {
    let kms = FakeKms::default();
    for length in [31, 33] {
        let ciphertext = kms.wrap(&key("1"), &vec![1; length], &requests::context());
        let encrypted = EncryptedDataKey { ciphertext, ..requests::encrypted_data_key(&kms, &key("1")) };
        let outcome = decrypt(&strict(&kms, &[key("1")]), &requests::of_suite(requests::SUITE, vec![encrypted])).await;
        let expected = MessageError::DataKeyLength { expected: 32, actual: length };
        assert!(matches!(outcome, Err(DataKeyError::Materials(error)) if error == expected));
    }
}

#[tokio::test]
async fn a_signing_suite_without_a_public_key_is_refused_before_kms_is_called() {
    let kms = FakeKms::default();
    let encrypted = requests::encrypted_data_key(&kms, &key("1"));
    let request = requests::of_suite(AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384, vec![encrypted]);
    let outcome = decrypt(&strict(&kms, &[key("1")]), &request).await;
    assert!(matches!(outcome, Err(DataKeyError::Materials(MessageError::MissingPublicKey))));
    assert_eq!(kms.call_count(), 0);
}

#[tokio::test]
async fn a_ciphertext_that_kms_would_call_invalid_is_refused_here() {
    let kms = FakeKms::default();
    for (length, calls) in [(0, 0), (6_145, 0), (1, 1), (6_144, 1)] {
        let wrapped = WrappedDataKey::KmsCiphertext(vec![1; length]);
        let request = DecryptionRequest { wrapped, encryption_context: requests::context() };
        let before = kms.call_count();
        assert_eq!(class(decrypt(&strict(&kms, &[key("1")]), &request).await), FailureClass::Permanent);
        assert_eq!(kms.call_count() - before, calls, "{length} bytes");
    }
}

#[tokio::test]
async fn a_context_with_an_empty_value_is_opened_where_kms_takes_it() {
    let kms = FakeKms::default();
    let encryption_context: EncryptionContext = [("tenant", "")].into_iter().collect();
    let ciphertext = kms.wrap(&key("1"), &PLAINTEXT_DATA_KEY, &encryption_context);
    let request = DecryptionRequest { wrapped: WrappedDataKey::KmsCiphertext(ciphertext), encryption_context };
    assert!(decrypt(&strict(&kms, &[key("1")]), &request).await.is_ok());
}

#[tokio::test]
async fn a_bare_ciphertext_names_the_only_configured_key() {
    let kms = FakeKms::default();
    let request = requests::ciphertext(&kms, &key("1"));
    assert!(decrypt(&strict(&kms, &[key("1")]), &request).await.is_ok());
    assert!(decrypt(&strict(&kms, &[key("1"), key("2")]), &request).await.is_ok());
    assert!(decrypt(&discovery(&kms, None), &request).await.is_ok());
    assert_eq!(called_with(&kms), [Some(key("1")), None, None]);
}

#[tokio::test]
async fn a_bare_ciphertext_of_a_key_that_is_not_allowed_is_refused() {
    let kms = FakeKms::default();
    let request = requests::ciphertext(&kms, &key("3"));
    for keyring in [strict(&kms, &[key("1"), key("2")]), discovery(&kms, Some("444455556666"))] {
        let Err(DataKeyError::NoAllowedKey(refused)) = decrypt(&keyring, &request).await else { panic!("not refused") };
        assert_eq!(refused.named, key("3").to_string());
    }
}

#[tokio::test]
async fn another_encryption_context_does_not_unwrap() {
    let kms = FakeKms::default();
    let mut request = requests::message(&kms, &[key("1")]);
    request.encryption_context.insert("tenant", "red");
    assert_eq!(class(decrypt(&strict(&kms, &[key("1")]), &request).await), FailureClass::Permanent);
}

#[tokio::test]
async fn one_encrypted_data_key_ten_times_costs_one_call() {
    let kms = FakeKms::default();
    let damaged = EncryptedDataKey { ciphertext: vec![0; 100], ..requests::encrypted_data_key(&kms, &key("1")) };
    let request = requests::of_suite(requests::SUITE, vec![damaged; 10]);
    assert_eq!(class(decrypt(&strict(&kms, &[key("1")]), &request).await), FailureClass::Permanent);
    assert_eq!(kms.call_count(), 1);
}

#[tokio::test]
async fn a_damaged_encrypted_data_key_is_followed_by_a_good_one_of_the_same_key() {
    let kms = FakeKms::default();
    let good = requests::encrypted_data_key(&kms, &key("1"));
    let damaged = EncryptedDataKey { ciphertext: vec![0; 100], ..good.clone() };
    let request = requests::of_suite(requests::SUITE, vec![damaged.clone(), damaged, good]);
    for keyring in [strict(&kms, &[key("1")]), discovery(&kms, None)] {
        let before = kms.call_count();
        assert!(decrypt(&keyring, &request).await.is_ok());
        assert_eq!(kms.call_count() - before, 2);
    }
}

#[tokio::test]
async fn a_bare_ciphertext_of_a_foreign_key_does_not_pass_for_denied_access() {
    let kms = FakeKms::default();
    let keyring = strict(&kms, &[key("1"), key("2")]);
    // Without a key id, KMS denies access to the key of somebody else, and so tells nothing about the allowed ones.
    kms.script([(Duration::ZERO, Answer::AccessDenied)]);
    assert_eq!(class(decrypt(&keyring, &requests::ciphertext(&kms, &key("9"))).await), FailureClass::Permanent);
    assert_eq!(called_with(&kms), [None, Some(key("1")), Some(key("2"))]);
    // What an allowed key has wrapped, and the role may not use, remains for an operator to fix.
    kms.script([Answer::AccessDenied, Answer::Truthful, Answer::AccessDenied].map(|answer| (Duration::ZERO, answer)));
    assert_eq!(class(decrypt(&keyring, &requests::ciphertext(&kms, &key("2"))).await), FailureClass::Unavailable);
}

#[tokio::test]
async fn a_bare_ciphertext_of_a_foreign_key_that_is_disabled_is_not_an_operators_to_fix() {
    let kms = FakeKms::default();
    let keyring = strict(&kms, &[key("1"), key("2")]);
    kms.script([(Duration::ZERO, Answer::KeyUnavailable)]);
    assert_eq!(class(decrypt(&keyring, &requests::ciphertext(&kms, &key("9"))).await), FailureClass::Permanent);
    assert_eq!(called_with(&kms), [None, Some(key("1")), Some(key("2"))]);
    // An allowed key that is disabled is.
    kms.answer_for(&key("2"), Duration::ZERO, Answer::KeyUnavailable);
    kms.script([(Duration::ZERO, Answer::KeyUnavailable)]);
    assert_eq!(class(decrypt(&keyring, &requests::ciphertext(&kms, &key("2"))).await), FailureClass::Unavailable);
}

#[tokio::test]
async fn a_failing_key_is_followed_by_the_next_while_time_is_left() {
    let kms = FakeKms::default();
    kms.answer_for(&key("1"), Duration::ZERO, Answer::Transient);
    let keyring = strict(&kms, &[key("1"), key("2"), key("3")]);
    let request = requests::message(&kms, &[key("1"), key("2"), key("3")]);
    assert!(decrypt(&keyring, &request).await.is_ok());
    assert_eq!(called_with(&kms), [Some(key("1")), Some(key("2"))]);
    // What may pass leaves more hope than what an operator has to fix.
    for others in [Answer::AccessDenied, Answer::Undecryptable] {
        kms.answer_for(&key("2"), Duration::ZERO, others.clone());
        kms.answer_for(&key("3"), Duration::ZERO, others);
        assert_eq!(class(decrypt(&keyring, &request).await), FailureClass::Transient);
    }
    assert_eq!(kms.call_count(), 2 + 3 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_answer_leaves_half_of_the_time_to_the_next() {
    let kms = FakeKms::default();
    kms.answer_for(&key("1"), Duration::ZERO, Answer::Never);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limit = ConcurrencyLimit::new(ConcurrencyLimit::DEFAULT_MAX);
    let policy = RetryPolicy { jitter: Jitter::seeded(7), ..RetryPolicy::default() };
    let retrying = Retrying::new(kms.clone(), policy, limit, Arc::clone(&clock));
    let settings =
        DecryptionKeyringSettings::new(AllowedKeys::Strict(vec![key("1"), key("2")]), REGION, Vec::new()).unwrap();
    let keyring = DecryptionKeyring::new(retrying, settings, clock);

    let started = SystemClock.now().monotonic;
    let (time, both) = (Duration::from_secs(8), requests::message(&kms, &[key("1"), key("2")]));
    assert!(keyring.decrypt_data_key(&both, Deadline::after(started, time)).await.is_ok());
    let next = kms.calls().into_iter().find(|call| call.key == Some(key("2"))).unwrap();
    assert!((time / 4..=time / 2).contains(&(next.at - started)), "{:?}", next.at - started);

    // The last one, here the only one, has all of it.
    let (started, alone) = (SystemClock.now().monotonic, requests::message(&kms, &[key("1")]));
    assert!(keyring.decrypt_data_key(&alone, Deadline::after(started, time)).await.is_err());
    assert!(SystemClock.now().monotonic - started > time / 2);
}
