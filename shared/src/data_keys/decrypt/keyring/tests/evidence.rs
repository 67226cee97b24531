//! Whom requests that KMS finds invalid are blamed on.

use super::*;
use crate::testing::ManualClock;

/// The answers come at once.
fn script(kms: &FakeKms, answers: impl IntoIterator<Item = Answer>) {
    kms.script(answers.into_iter().map(|answer| (Duration::ZERO, answer)));
}

/// A sandbox that has decrypted something.
async fn proven(kms: &FakeKms) -> DecryptionKeyring<FakeKms> {
    let keyring = strict(kms, &[key("1"), key("2")]);
    assert!(decrypt(&keyring, &requests::message(kms, &[key("1")])).await.is_ok());
    keyring
}

#[tokio::test]
async fn in_a_cold_sandbox_a_probe_shows_that_the_record_is_to_blame() {
    for in_discovery in [false, true] {
        let kms = FakeKms::default();
        kms.answer_for(&key("2"), Duration::ZERO, Answer::InvalidRequest);
        let keyring = if in_discovery { discovery(&kms, None) } else { strict(&kms, &[key("2")]) };
        script(&kms, [Answer::InvalidRequest, Answer::InvalidRequest, Answer::Truthful]);
        let outcome = decrypt(&keyring, &requests::message(&kms, &[key("2")])).await;
        let Err(DataKeyError::RecordFault(fault)) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(*fault, crate::data_keys::RecordFault::InvalidRequest(_)));
        let [first, again, probe] = &*kms.calls() else { panic!("{:?}", kms.calls()) };
        assert_eq!((&first.key, &first.asked), (&again.key, &again.asked));
        // Nothing of the record is in the probe, and in discovery the key is the record's.
        assert_eq!((probe.key.is_none(), probe.encryption_context.len()), (in_discovery, 0));
        assert_ne!(probe.asked, first.asked);
        assert_eq!(probe.grant_tokens, first.grant_tokens);
    }
}

#[tokio::test]
async fn in_a_cold_sandbox_that_kms_refuses_altogether_no_record_is_to_blame() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::InvalidRequest);
    let keyring = strict(&kms, &[key("1")]);
    for _ in 0..10 {
        let outcome = decrypt(&keyring, &requests::message(&kms, &[key("1")])).await;
        // Not even where records with unavailable keys go to quarantine.
        assert_eq!(class(outcome), FailureClass::Caller);
    }
}

#[tokio::test]
async fn in_a_proven_sandbox_a_good_request_shows_that_the_record_is_to_blame() {
    let kms = FakeKms::default();
    let keyring = proven(&kms).await;
    kms.answer_for(&key("2"), Duration::ZERO, Answer::InvalidRequest);
    let outcome = decrypt(&keyring, &requests::message(&kms, &[key("2")])).await;
    assert_eq!(class(outcome), FailureClass::Permanent);
    let calls = kms.calls();
    assert_eq!(called_with(&kms)[1..], [Some(key("2")), Some(key("2")), Some(key("1"))]);
    assert_eq!(calls[3].asked, calls[0].asked);
}

#[tokio::test]
async fn in_a_proven_sandbox_that_kms_refuses_altogether_no_record_is_to_blame() {
    let kms = FakeKms::default();
    let keyring = proven(&kms).await;
    kms.always(Duration::ZERO, Answer::InvalidRequest);
    let request = requests::message(&kms, &[key("2")]);
    assert_eq!(class(decrypt(&keyring, &request).await), FailureClass::Caller);
    kms.always(Duration::ZERO, Answer::Truthful);
    assert!(decrypt(&keyring, &request).await.is_ok());
}

#[tokio::test]
async fn a_request_found_invalid_once_is_answered_the_second_time() {
    let kms = FakeKms::default();
    for keyring in [strict(&kms, &[key("1")]), proven(&kms).await] {
        script(&kms, [Answer::InvalidRequest]);
        assert!(decrypt(&keyring, &requests::message(&kms, &[key("1")])).await.is_ok());
        script(&kms, [Answer::InvalidRequest, Answer::Throttled]);
        assert_eq!(class(decrypt(&keyring, &requests::message(&kms, &[key("1")])).await), FailureClass::Throttled);
    }
}

#[tokio::test]
async fn without_evidence_nothing_is_decided_while_kms_is_busy() {
    let kms = FakeKms::default();
    for (busy, expected) in [(Answer::Throttled, FailureClass::Throttled), (Answer::Transient, FailureClass::Transient)]
    {
        script(&kms, [Answer::InvalidRequest, Answer::InvalidRequest, busy]);
        let outcome = decrypt(&strict(&kms, &[key("1")]), &requests::message(&kms, &[key("1")])).await;
        assert_eq!(class(outcome), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn without_evidence_a_record_is_held_for_a_bounded_time() {
    let (kms, clock) = (FakeKms::default(), Arc::new(ManualClock::new()));
    let settings = DecryptionKeyringSettings::new(AllowedKeys::Strict(vec![key("1")]), REGION, Vec::new()).unwrap();
    let keyring = DecryptionKeyring::new(kms.clone(), settings, Arc::clone(&clock) as Arc<dyn Clock>);
    // As where the key's policy allows it to be used with the record's context only.
    let after = async |seconds| {
        clock.advance(Duration::from_secs(seconds));
        script(&kms, [Answer::InvalidRequest, Answer::InvalidRequest, Answer::AccessDenied]);
        class(decrypt(&keyring, &requests::message(&kms, &[key("1")])).await)
    };
    assert_eq!(after(0).await, FailureClass::Transient);
    assert_eq!(after(899).await, FailureClass::Transient);
    assert_eq!(after(1).await, FailureClass::Permanent);
}

#[tokio::test]
async fn without_evidence_a_context_that_kms_may_refuse_is_to_blame() {
    let kms = FakeKms::default();
    // Two bytes for the count, two for each of the lengths, one for the key.
    for (key, value_len, class) in [
        ("k", 2_040, FailureClass::Transient),
        ("k", 2_041, FailureClass::Transient),
        ("k", 2_042, FailureClass::Permanent),
        ("k", 65_536, FailureClass::Permanent),
        ("k", 1, FailureClass::Transient),
        ("k", 0, FailureClass::Permanent),
        ("", 1, FailureClass::Permanent),
    ] {
        script(&kms, [Answer::InvalidRequest, Answer::InvalidRequest, Answer::AccessDenied]);
        let mut request = requests::message(&kms, &[self::key("1")]);
        request.encryption_context = [(key, "v".repeat(value_len))].into_iter().collect();
        let outcome = decrypt(&strict(&kms, &[self::key("1")]), &request).await;
        assert_eq!(self::class(outcome), class, "{key} {value_len}");
    }
}

#[tokio::test]
async fn no_evidence_is_gathered_for_what_nobody_waits_for() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::InvalidRequest);
    let deadline = Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60)).impatient();
    let request = requests::message(&kms, &[key("1")]);
    assert!(strict(&kms, &[key("1")]).decrypt_data_key(&request, deadline).await.is_err());
    assert_eq!(kms.call_count(), 1);
}
