//! Data keys, a sink and a quarantine that do as they are told, and tell what they did.

use std::collections::HashMap;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fixtures::{cause, data_key, origin};
use crate::batch::{BatchProcessor, BatchReport, BatchSettings, ShardBatch, SuspiciousBatches};
use crate::clock::SystemClock;
use crate::data_keys::{
    DataKeyError, DecryptDataKey, DecryptionMaterials, DecryptionRequest, KeyNotAllowed, WrappedDataKey,
};
use crate::decryptor::{Decryptor, DecryptorSettings};
use crate::delivery::{Delivery, DeliveryError};
use crate::message::{CommitmentPolicy, DataKey, EncryptionContext};
use crate::quarantine::Quarantine;
use crate::record_format::{EncryptionSdkFormat, RecordFormat};
use crate::records::{OpenedRecord, RejectedRecord, ShardOrigin};
use crate::retry::Deadline;
use crate::sinks::RecordSink;

/// What happens when a data key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFault {
    Throttled,
    /// Throttled, but only after this many milliseconds.
    ThrottledAfter(u64),
    Transient,
    /// The sandbox's own credentials, clock, signature.
    Caller,
    Unavailable,
    Undecryptable,
    NotAllowed,
    Hangs,
}

/// Decrypts the data key `[id]` to [`data_key`]`(id)`, unless told otherwise. Counts the requests.
#[derive(Debug, Default)]
pub(super) struct FakeDataKeys {
    pub(super) faults: Mutex<HashMap<u8, KeyFault>>,
    pub(super) requested: Mutex<Vec<u8>>,
    pub(super) contexts: Mutex<Vec<EncryptionContext>>,
    calls_in_vain: AtomicU64,
}

impl DecryptDataKey for FakeDataKeys {
    async fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        _deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let id = match &request.wrapped {
            WrappedDataKey::Message { encrypted_data_keys, .. } => encrypted_data_keys[0].ciphertext[0],
            WrappedDataKey::KmsCiphertext(ciphertext) => ciphertext[0],
        };
        self.requested.lock().unwrap().push(id);
        self.contexts.lock().unwrap().push(request.encryption_context.clone());
        let fault = self.faults.lock().unwrap().get(&id).copied();
        tokio::task::yield_now().await;
        match fault {
            None => Ok(DecryptionMaterials { data_key: DataKey::new(data_key(id)), verification_key: None }),
            Some(KeyFault::Throttled) => Err(DataKeyError::Throttled(cause())),
            Some(KeyFault::ThrottledAfter(millis)) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Err(DataKeyError::Throttled(cause()))
            }
            Some(KeyFault::Transient) => Err(DataKeyError::Transient(cause())),
            Some(KeyFault::Caller) => Err(DataKeyError::Caller(cause())),
            Some(KeyFault::Unavailable) => {
                self.calls_in_vain.fetch_add(1, Ordering::Relaxed);
                Err(DataKeyError::KeyUnavailable(cause()))
            }
            Some(KeyFault::Undecryptable) => {
                self.calls_in_vain.fetch_add(1, Ordering::Relaxed);
                Err(DataKeyError::Undecryptable(cause()))
            }
            Some(KeyFault::NotAllowed) => Err(DataKeyError::NoAllowedKey(Arc::new(KeyNotAllowed {
                setting: "KMS_KEY_ARNS",
                allowed: "arn:allowed".to_owned(),
                named: "arn:named".to_owned(),
            }))),
            Some(KeyFault::Hangs) => pending().await,
        }
    }

    fn calls_in_vain(&self) -> u64 {
        self.calls_in_vain.load(Ordering::Relaxed)
    }
}

/// Where a destination stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DestinationFault {
    /// After this many records of this invocation, it is throttled.
    FailsAfter(usize),
    /// After this many records of this invocation, it never answers.
    HangsAfter(usize),
    /// After this many records of this invocation, it uses up the time that it is given, and then tells what it has taken.
    Stalls(usize),
}

/// Takes records one by one, with an await before and after each.
#[derive(Debug, Default)]
pub(super) struct FakeDestination {
    pub(super) fault: Mutex<Option<DestinationFault>>,
    /// The texts (plaintext or sequence number) of what has arrived, over all invocations.
    pub(super) arrived: Mutex<Vec<String>>,
    /// The plaintexts that are too large for this destination.
    pub(super) too_large: Mutex<Vec<String>>,
    /// The plaintexts of which this destination says only when it comes to them that it can never take them.
    pub(super) never: Mutex<Vec<String>>,
    /// The stream that this destination writes to.
    pub(super) stream_arn: Mutex<Option<String>>,
    /// Why each record was rejected that came here as a quarantine.
    pub(super) reasons: Mutex<Vec<String>>,
    /// How often it was given records, over all invocations.
    pub(super) calls: Mutex<usize>,
}

impl FakeDestination {
    async fn take(&self, texts: Vec<String>, deadline: Deadline) -> Delivery {
        *self.calls.lock().unwrap() += 1;
        for (index, text) in texts.iter().enumerate() {
            tokio::task::yield_now().await;
            let fault = self.fault.lock().unwrap().map(|fault| match fault {
                DestinationFault::FailsAfter(0) | DestinationFault::HangsAfter(0) | DestinationFault::Stalls(0) => {
                    (true, fault)
                }
                DestinationFault::FailsAfter(left) => (false, DestinationFault::FailsAfter(left - 1)),
                DestinationFault::HangsAfter(left) => (false, DestinationFault::HangsAfter(left - 1)),
                DestinationFault::Stalls(left) => (false, DestinationFault::Stalls(left - 1)),
            });
            match fault {
                Some((true, DestinationFault::FailsAfter(_))) => {
                    return Delivery::stopped_at(index, DeliveryError::Throttled(cause()));
                }
                Some((true, DestinationFault::HangsAfter(_))) => pending().await,
                Some((true, DestinationFault::Stalls(_))) => {
                    tokio::time::sleep_until(deadline.instant()).await;
                    return Delivery::stopped_at(index, DeliveryError::DeadlinePassed);
                }
                Some((false, left)) => *self.fault.lock().unwrap() = Some(left),
                None => {}
            }
            if self.never.lock().unwrap().contains(text) {
                return Delivery::stopped_at(index, DeliveryError::never("it is not an order"));
            }
            self.arrived.lock().unwrap().push(text.clone());
            tokio::task::yield_now().await;
        }
        Delivery::complete(texts.len())
    }

    pub(super) fn arrived(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }
}

fn text(record: &OpenedRecord) -> String {
    String::from_utf8_lossy(&record.plaintext).into_owned()
}

impl RecordSink for FakeDestination {
    fn destination(&self) -> String {
        "the fake sink".to_owned()
    }

    fn writes_to(&self, stream_arn: &str) -> bool {
        self.stream_arn.lock().unwrap().as_deref() == Some(stream_arn)
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        let too_large = self.too_large.lock().unwrap().contains(&text(record));
        too_large.then_some(DeliveryError::TooLarge { len: 2, limit: 1 })
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        assert!(records.iter().all(|record| self.refusal(record).is_none()), "given what it refuses");
        self.take(records.iter().map(text).collect(), deadline).await
    }
}

impl Quarantine for FakeDestination {
    fn destination(&self) -> String {
        "the fake quarantine".to_owned()
    }

    async fn quarantine(&self, of: &ShardOrigin, records: &[RejectedRecord], deadline: Deadline) -> Delivery {
        assert_eq!(*of, origin());
        self.reasons.lock().unwrap().extend(records.iter().map(|rejected| rejected.reason.clone()));
        self.take(records.iter().map(|rejected| rejected.record.sequence_number.to_string()).collect(), deadline).await
    }
}

/// A processor with fakes around it.
pub(super) type FakeProcessor = BatchProcessor<FakeDataKeys, FakeDestination, FakeDestination>;

/// The time that [`process`] gives an invocation.
pub(super) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);

/// A processor for messages that do what they should.
pub(super) fn processor() -> FakeProcessor {
    processor_for(RecordFormat::EncryptionSdk(EncryptionSdkFormat {
        commitment_policy: CommitmentPolicy::RequireEncryptRequireDecrypt,
        ..EncryptionSdkFormat::default()
    }))
}

pub(super) fn processor_for(format: RecordFormat) -> FakeProcessor {
    BatchProcessor {
        decryptor: Decryptor {
            data_keys: FakeDataKeys::default(),
            format: Arc::new(format),
            clock: Arc::new(SystemClock),
            settings: DecryptorSettings {
                opening_threads: NonZeroUsize::new(2).expect("two"),
                ..DecryptorSettings::default()
            },
        },
        sink: FakeDestination::default(),
        quarantine: FakeDestination::default(),
        suspicious_batches: SuspiciousBatches::default(),
        clock: Arc::new(SystemClock),
        settings: BatchSettings::default(),
    }
}

impl FakeProcessor {
    pub(super) fn with_key_fault(self, key_id: u8, fault: KeyFault) -> Self {
        self.decryptor.data_keys.faults.lock().unwrap().insert(key_id, fault);
        self
    }

    pub(super) fn with_sink_fault(self, fault: DestinationFault) -> Self {
        *self.sink.fault.lock().unwrap() = Some(fault);
        self
    }

    pub(super) fn with_quarantine_fault(self, fault: DestinationFault) -> Self {
        *self.quarantine.fault.lock().unwrap() = Some(fault);
        self
    }

    /// Ends all faults.
    pub(super) fn repair(&self) {
        self.decryptor.data_keys.faults.lock().unwrap().clear();
        *self.sink.fault.lock().unwrap() = None;
        *self.quarantine.fault.lock().unwrap() = None;
    }

    /// Processes `batch` within [`FUNCTION_TIMEOUT`].
    pub(super) async fn run(&self, batch: ShardBatch) -> BatchReport {
        let deadline = Deadline::after(self.clock.now().monotonic, FUNCTION_TIMEOUT);
        self.process(batch, deadline).await.expect("a report")
    }
}

/// The index of the report's checkpoint.
pub(super) fn checkpoint_index(report: &BatchReport) -> Option<usize> {
    report.checkpoint.as_ref().map(|checkpoint| checkpoint.index)
}
