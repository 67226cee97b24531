//! Payloads that stand for themselves: none waits for another.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::clock::SystemClock;
use crate::data_keys::{DataKeyError, DecryptionMaterials, DecryptionRequest, WrappedDataKey};
use crate::failure::FailureClass;
use crate::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal,
};
use crate::record_format::EncryptionSdkFormat;

/// Decrypts the data key `[id]` to 32 times `id`: from 100 on it is throttled, from 150 on undecryptable, and from 200 on it never
/// answers.
#[derive(Debug, Default)]
struct FakeDataKeys {
    requested: Mutex<Vec<u8>>,
    calls_in_vain: AtomicU64,
}

impl DecryptDataKey for FakeDataKeys {
    async fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        _deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let WrappedDataKey::Message { encrypted_data_keys, .. } = &request.wrapped else { panic!("not a message") };
        let id = encrypted_data_keys[0].ciphertext[0];
        self.requested.lock().unwrap().push(id);
        match id {
            0..100 => Ok(DecryptionMaterials { data_key: DataKey::new(vec![id; 32]), verification_key: None }),
            100..150 => Err(DataKeyError::Throttled(Arc::new(std::fmt::Error))),
            150..200 => {
                self.calls_in_vain.fetch_add(1, Ordering::Relaxed);
                Err(DataKeyError::Undecryptable(Arc::new(std::fmt::Error)))
            }
            200.. => std::future::pending().await,
        }
    }

    fn calls_in_vain(&self) -> u64 {
        self.calls_in_vain.load(Ordering::Relaxed)
    }
}

fn decryptor() -> Decryptor<FakeDataKeys> {
    Decryptor {
        data_keys: FakeDataKeys::default(),
        format: Arc::new(RecordFormat::EncryptionSdk(EncryptionSdkFormat::default())),
        clock: Arc::new(SystemClock),
        settings: DecryptorSettings::default(),
    }
}

/// A message under the data key `id`, whose plaintext is `id` too.
fn message(id: u8) -> Bytes {
    let encrypted =
        EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: b"arn".to_vec(), ciphertext: vec![id] };
    let (context, none) = (EncryptionContext::from_iter([("tenant", "acme")]), EncryptionContext::empty());
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    let materials =
        SealingMaterials::new(suite, DataKey::new(vec![id; 32]), &[encrypted], &context, &none, None).unwrap();
    seal(&[id], &materials, DEFAULT_FRAME_LEN).unwrap().into()
}

/// What became of payloads within ten seconds: the plaintext's first byte, or the class of the failure.
async fn outcomes(
    decryptor: &Decryptor<FakeDataKeys>,
    payloads: Vec<Bytes>,
) -> Vec<Result<u8, (FailureClass, NotOpened)>> {
    let started = SystemClock.now().monotonic;
    let deadline = Deadline::after(started, Duration::from_secs(10));
    let results = decryptor.decrypt(payloads, deadline).await.unwrap();
    assert!(!deadline.has_passed(SystemClock.now().monotonic), "answered in time");
    results.into_iter().map(|result| result.map(|opened| opened.plaintext[0]).map_err(|e| (e.class(), e))).collect()
}

#[tokio::test(start_paused = true)]
async fn each_payload_has_a_result_of_its_own_in_its_place() {
    let damaged = {
        let mut bytes = message(4).to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        Bytes::from(bytes)
    };
    let payloads = vec![
        message(100),
        message(1),
        Bytes::from_static(b"no message"),
        message(2),
        damaged,
        message(200),
        message(1),
    ];
    let decryptor = decryptor();
    let results = outcomes(&decryptor, payloads).await;
    assert!(matches!(results[0], Err((FailureClass::Throttled, NotOpened::DataKey(_)))));
    assert_eq!(results[1].as_ref().unwrap(), &1);
    assert!(matches!(results[2], Err((FailureClass::Permanent, NotOpened::Content(_)))));
    assert_eq!(results[3].as_ref().unwrap(), &2);
    assert!(matches!(results[4], Err((FailureClass::Permanent, NotOpened::Content(_)))));
    assert!(matches!(results[5], Err((FailureClass::Transient, NotOpened::DataKey(DataKeyError::DeadlinePassed)))));
    assert_eq!(results[6].as_ref().unwrap(), &1);
    assert_eq!(results.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_data_key_is_asked_for_once_however_many_payloads_need_it() {
    let decryptor = decryptor();
    let payloads = [1, 2, 1, 100, 2, 100, 1].map(message).to_vec();
    outcomes(&decryptor, payloads).await;
    let mut requested = decryptor.data_keys.requested.into_inner().unwrap();
    requested.sort_unstable();
    assert_eq!(requested, [1, 2, 100]);
}

#[tokio::test(start_paused = true)]
async fn in_an_order_nothing_is_asked_for_or_opened_beyond_what_has_to_wait() {
    let decryptor = Decryptor {
        settings: DecryptorSettings { max_concurrent_requests: NonZeroUsize::MIN, ..DecryptorSettings::default() },
        ..decryptor()
    };
    let payloads = [1, 2, 100, 3].map(message).to_vec();
    // The third shares a group with the second.
    let order = Order::Kept { group_starts: vec![0, 1, 1, 3], unavailable_keys: UnavailableKeys::Checkpoint };
    let now = SystemClock.now();
    let deadline = Deadline::after(now.monotonic, Duration::from_secs(10));
    let deadlines = PhaseDeadlines::until_delivery(deadline, TimeReserves::default(), now);
    let decrypted = decryptor.decrypt_in(payloads, &order, deadlines).await.unwrap();
    assert_eq!(*decryptor.data_keys.requested.lock().unwrap(), [1, 2, 100]);
    assert_eq!(decrypted.distinct_data_keys, 4);
    let results = decrypted.results;
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(NotOpened::DataKey(DataKeyError::Throttled(_)))));
    assert!(matches!((&results[2], &results[3]), (Err(NotOpened::Skipped), Err(NotOpened::Skipped))));
}

#[tokio::test(start_paused = true)]
async fn payloads_beyond_enough_calls_in_vain_are_not_asked_for() {
    let settings = DecryptorSettings {
        max_concurrent_requests: NonZeroUsize::MIN,
        max_calls_in_vain: NonZeroU64::new(3).unwrap(),
        ..DecryptorSettings::default()
    };
    let decryptor = Decryptor { settings, ..decryptor() };
    let payloads: Vec<_> = [1, 150, 151, 152, 153, 2].map(message).to_vec();
    // Twice: what an invocation spends is counted anew.
    for _ in 0..2 {
        decryptor.data_keys.requested.lock().unwrap().clear();
        let results = outcomes(&decryptor, payloads.clone()).await;
        assert_eq!(*decryptor.data_keys.requested.lock().unwrap(), [1, 150, 151, 152]);
        for result in &results[4..] {
            let enough = NotOpened::DataKey(DataKeyError::EnoughCallsInVain);
            assert!(matches!(result, Err((FailureClass::Transient, error)) if error.to_string() == enough.to_string()));
        }
    }
}

#[tokio::test]
async fn no_payloads_have_no_results() {
    assert!(outcomes(&decryptor(), Vec::new()).await.is_empty());
}

#[test]
fn debug_shows_no_plaintext() {
    let opened = Opened { plaintext: b"patient 4711".to_vec(), encryption_context: Arc::default() };
    assert!(!format!("{opened:?}").contains("4711"));
}
