//! Keys that records name and KMS refuses.

use tracing_subscriber::filter::LevelFilter;

use super::*;
use crate::config;
use crate::data_keys::{RecordFault, variables};
use crate::testing::{Log, ManualClock};

const MINUTE: Duration = Duration::from_secs(60);

fn with_hold(kms: &FakeKms, allowed: AllowedKeys, hold: Duration) -> (DecryptionKeyring<FakeKms>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let settings = DecryptionKeyringSettings::new(allowed, REGION, Vec::new()).unwrap().with_denied_key_hold(hold);
    (DecryptionKeyring::new(kms.clone(), settings, Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

#[tokio::test]
async fn in_discovery_a_key_that_does_not_exist_is_the_records_fault() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::NoSuchKey);
    for request in [requests::message(&kms, &[key("1")]), requests::ciphertext(&kms, &key("1"))] {
        let outcome = decrypt(&discovery(&kms, Some("111122223333")), &request).await;
        let Err(DataKeyError::RecordFault(fault)) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(*fault, RecordFault::NoSuchKey(_)));
        // A configured one is an operator's to fix.
        assert_eq!(class(decrypt(&strict(&kms, &[key("1")]), &request).await), FailureClass::Unavailable);
    }
}

#[tokio::test]
async fn in_discovery_a_key_that_does_not_exist_does_not_hide_one_that_is_denied() {
    let kms = FakeKms::default();
    kms.answer_for(&key("1"), Duration::ZERO, Answer::NoSuchKey);
    kms.answer_for(&key("2"), Duration::ZERO, Answer::AccessDenied);
    for keys in [[key("1"), key("2")], [key("2"), key("1")]] {
        let outcome = decrypt(&discovery(&kms, None), &requests::message(&kms, &keys)).await;
        assert_eq!(class(outcome), FailureClass::Unavailable);
    }
}

#[tokio::test(start_paused = true)]
async fn in_discovery_a_refused_key_is_held_for_a_bounded_time() {
    for refused in [Answer::AccessDenied, Answer::KeyUnavailable] {
        let kms = FakeKms::default();
        kms.always(Duration::ZERO, refused);
        let (keyring, clock) = with_hold(&kms, AllowedKeys::Discovery(None), 10 * MINUTE);
        for request in [requests::message(&kms, &[key("1")]), requests::ciphertext(&kms, &key("1"))] {
            assert_eq!(class(decrypt(&keyring, &request).await), FailureClass::Unavailable);
        }
        clock.advance(10 * MINUTE - Duration::from_millis(1));
        let request = requests::message(&kms, &[key("1")]);
        assert_eq!(class(decrypt(&keyring, &request).await), FailureClass::Unavailable);
        clock.advance(Duration::from_millis(1));
        // And no other key begins the time anew: who can write to the stream cannot stop it for longer.
        for number in 1..20 {
            let outcome = decrypt(&keyring, &requests::message(&kms, &[key(&number.to_string())])).await;
            let Err(DataKeyError::RecordFault(fault)) = outcome else { panic!("{outcome:?}") };
            let RecordFault::RefusedTooLong { named, held, .. } = &*fault else { panic!("{fault:?}") };
            assert_eq!((named, *held), (&key(&number.to_string()).to_string(), 10 * MINUTE));
        }
        // What is allowed meanwhile is opened.
        kms.always(Duration::ZERO, Answer::Truthful);
        assert!(decrypt(&keyring, &request).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_to_hold_is_configured_and_every_hold_is_an_error_in_the_log() {
    for seconds in [0, 60] {
        let text = seconds.to_string();
        let variables = [
            ("AWS_REGION", REGION),
            ("KMS_DISCOVERY_ACCOUNT_IDS", "111122223333"),
            ("DENIED_KEY_HOLD_SECONDS", text.as_str()),
        ];
        let configured = config::read(variables, |environment| environment.group(&variables::DECRYPTION)).unwrap();
        let (kms, clock) = (FakeKms::default(), Arc::new(ManualClock::new()));
        kms.always(Duration::ZERO, Answer::AccessDenied);
        let keyring = DecryptionKeyring::new(kms.clone(), configured.settings, Arc::clone(&clock) as Arc<dyn Clock>);
        let log = Log::default();
        let logging = log.at(LevelFilter::ERROR);
        for second in 0..=60 {
            let expected = if second < seconds { FailureClass::Unavailable } else { FailureClass::Permanent };
            let outcome = decrypt(&keyring, &requests::message(&kms, &[key("1")])).await;
            assert_eq!(class(outcome), expected, "{second} s, held for {seconds} s");
            clock.advance(Duration::from_secs(1));
        }
        drop(logging);
        assert_eq!(log.text().lines().count(), seconds, "one for each record that is held");
        let told = |line: &str| line.contains(key("1").as_str()) && line.contains("DENIED_KEY_HOLD_SECONDS");
        assert!(log.text().lines().all(told), "{}", log.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_configured_key_waits_for_the_operator_for_ever() {
    let kms = FakeKms::default();
    kms.always(Duration::ZERO, Answer::AccessDenied);
    let (keyring, clock) = with_hold(&kms, AllowedKeys::Strict(vec![key("1")]), MINUTE);
    for _ in 0..10 {
        let outcome = decrypt(&keyring, &requests::message(&kms, &[key("1")])).await;
        assert!(matches!(outcome, Err(DataKeyError::AccessDenied(_))));
        clock.advance(60 * MINUTE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_beside_one_that_opens_begins_no_hold() {
    let kms = FakeKms::default();
    kms.answer_for(&key("1"), Duration::ZERO, Answer::AccessDenied);
    let (keyring, clock) = with_hold(&kms, AllowedKeys::Discovery(None), MINUTE);
    assert!(decrypt(&keyring, &requests::message(&kms, &[key("1"), key("2")])).await.is_ok());
    clock.advance(MINUTE);
    let outcome = decrypt(&keyring, &requests::message(&kms, &[key("1")])).await;
    assert_eq!(class(outcome), FailureClass::Unavailable);
}

#[tokio::test]
async fn calls_for_data_keys_that_are_not_obtained_are_counted() {
    let kms = FakeKms::default();
    let keyring = discovery(&kms, None);
    kms.answer_for(&key("9"), Duration::ZERO, Answer::Undecryptable);
    assert!(decrypt(&keyring, &requests::message(&kms, &[key("9"), key("1")])).await.is_ok());
    assert_eq!(keyring.calls_in_vain(), 0, "it was obtained");

    for (answer, calls) in [
        (Answer::Undecryptable, 2),
        (Answer::AccessDenied, 4),
        // These come again by themselves.
        (Answer::Throttled, 4),
        (Answer::Transient, 4),
    ] {
        kms.always(Duration::ZERO, answer);
        assert!(decrypt(&keyring, &requests::message(&kms, &[key("1"), key("2")])).await.is_err());
        assert_eq!(keyring.calls_in_vain(), calls);
    }
    assert!(decrypt(&strict(&kms, &[key("7")]), &requests::message(&kms, &[key("1")])).await.is_err());
    assert_eq!(keyring.calls_in_vain(), 4, "there was nothing to ask for");
}
