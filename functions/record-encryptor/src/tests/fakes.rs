//! Data keys and a stream that misbehave as told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{DataKeyError, GenerateDataKey, GenerationRequest};
use warmkeys::encrypting_writer::{EncryptingSettings, EncryptingWriter};
use warmkeys::kinesis::{
    Departure, EntryFailure, EntryResult, KinesisWriter, ListShards, ListShardsError, ListedShard, PutRecords,
    PutRecordsError, ShardPage, WriterSettings,
};
use warmkeys::lambda::runtime_api::Invocation;
use warmkeys::message::{DataKey, EncryptionContext, MessageLimits, RawAesKey, SealedMessage, SealingMaterials};
use warmkeys::records::{SequenceNumber, UserRecord};
use warmkeys::retry::{Deadline, Jitter};

use crate::{HandlerError, RecordEncryptor};

pub(super) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(20);
const DATA_KEY: [u8; 32] = [7; 32];

/// Really makes materials, unless the record's pair `tenant` is told to fail.
#[derive(Clone, Default)]
pub(super) struct FakeDataKeys(Arc<Mutex<HashMap<&'static str, Fault>>>);

/// A stream of one shard, which fails entries by partition key.
#[derive(Clone, Default)]
pub(super) struct FakeStream(Arc<Mutex<StreamState>>);

#[derive(Default)]
struct StreamState {
    faults: HashMap<&'static str, Fault>,
    written: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// As KMS does with a request that is not valid, and Kinesis with one that has an entry that it does not accept.
    Refuses,
    /// Data keys only: with words that nobody is to read.
    Panics,
    Fails,
    Hangs,
    /// The first request is never answered, as on a dead connection. Of the stream only.
    HangsOnce,
    /// Succeeds, but only after so long. Of the stream only.
    AnswersAfter(Duration),
}

/// The function on its fakes.
pub(super) struct Function {
    pub(super) data_keys: FakeDataKeys,
    pub(super) stream: FakeStream,
    function: RecordEncryptor<FakeDataKeys, FakeStream, FakeStream>,
}

impl Function {
    pub(super) fn new() -> Self {
        Self::with_attempt_timeout(WriterSettings::default().retry.attempt_timeout)
    }

    /// A function that waits so long for the answer to one request of its writer.
    pub(super) fn with_attempt_timeout(attempt_timeout: Duration) -> Self {
        let (data_keys, stream) = (FakeDataKeys::default(), FakeStream::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut writer = WriterSettings::default();
        writer.retry.attempt_timeout = attempt_timeout;
        writer.retry.jitter = Jitter::seeded(7);
        let kinesis = KinesisWriter::new(stream.clone(), stream.clone(), writer, Arc::clone(&clock));
        let settings = EncryptingSettings {
            encryption_context: [("stream", "orders")].into_iter().collect(),
            ..EncryptingSettings::default()
        };
        let writer = EncryptingWriter::new(data_keys.clone(), kinesis, settings, Arc::clone(&clock));
        Self { data_keys, stream, function: RecordEncryptor::new(writer, FUNCTION_TIMEOUT, clock) }
    }

    /// Invokes the function as the runtime does.
    pub(super) async fn invoke(&self, event: &str) -> Result<Value, HandlerError> {
        let started = SystemClock.now().monotonic;
        let event = event.as_bytes().to_vec().into();
        let invocation = Invocation { request_id: "1".to_owned(), deadline_epoch_millis: 0, event };
        let response = self.function.handle(invocation).await?;
        assert!(SystemClock.now().monotonic - started < FUNCTION_TIMEOUT, "the answer came too late");
        Ok(serde_json::to_value(response).expect("a response"))
    }
}

impl FakeDataKeys {
    pub(super) fn fault(&self, tenant: &'static str, fault: Fault) {
        self.0.lock().unwrap().insert(tenant, fault);
    }
}

impl GenerateDataKey for FakeDataKeys {
    async fn generate_data_key(
        &self,
        request: &GenerationRequest,
        _plaintext_len: Option<u64>,
        _deadline: Deadline,
    ) -> Result<Arc<SealingMaterials>, DataKeyError> {
        let context = request.encryption_context();
        let fault = self.0.lock().unwrap().get(context.get("tenant").unwrap_or_default()).copied();
        match fault {
            Some(Fault::Refuses) => return Err(DataKeyError::InvalidRequest(Arc::new(std::fmt::Error))),
            Some(Fault::Panics) => panic!("secret"),
            Some(Fault::Fails) => return Err(DataKeyError::Throttled(Arc::new(std::fmt::Error))),
            Some(Fault::Hangs) => return std::future::pending().await,
            Some(Fault::AnswersAfter(_) | Fault::HangsOnce) | None => {}
        }
        let data_key = DataKey::new(DATA_KEY.to_vec());
        let wrapped = RawAesKey::new("tests", "key", &[9; 32]).unwrap().wrap(&data_key, context).unwrap();
        let materials =
            SealingMaterials::new(request.suite(), data_key, &[wrapped], context, &EncryptionContext::empty(), None);
        Ok(Arc::new(materials.unwrap()))
    }
}

impl FakeStream {
    pub(super) fn fault(&self, partition_key: &'static str, fault: Fault) {
        self.0.lock().unwrap().faults.insert(partition_key, fault);
    }

    /// What is in the stream, decrypted.
    pub(super) fn plaintexts(&self) -> Vec<(String, String)> {
        let open = |(partition_key, data): &(String, Vec<u8>)| {
            let message = SealedMessage::read(data, &MessageLimits::default()).unwrap();
            let key = DataKey::new(DATA_KEY.to_vec());
            let plaintext = message.open(&key, None, &EncryptionContext::empty()).unwrap();
            (partition_key.clone(), String::from_utf8(plaintext).unwrap())
        };
        self.0.lock().unwrap().written.iter().map(open).collect()
    }
}

impl PutRecords for FakeStream {
    async fn put_records(&self, entries: Vec<UserRecord>, _: &Departure) -> Result<Vec<EntryResult>, PutRecordsError> {
        let fault_of = |entry: &UserRecord| self.0.lock().unwrap().faults.get(&*entry.partition_key).copied();
        if entries.iter().any(|entry| matches!(fault_of(entry), Some(Fault::Hangs))) {
            return std::future::pending().await;
        }
        if entries.iter().any(|entry| matches!(fault_of(entry), Some(Fault::Refuses))) {
            return Err(PutRecordsError::Invalid(Arc::new(std::fmt::Error)));
        }
        if let Some(entry) = entries.iter().find(|entry| matches!(fault_of(entry), Some(Fault::HangsOnce))) {
            self.0.lock().unwrap().faults.remove(&*entry.partition_key);
            return std::future::pending().await;
        }
        for entry in &entries {
            if let Some(Fault::AnswersAfter(delay)) = fault_of(entry) {
                tokio::time::sleep(delay).await;
            }
        }
        let put = |entry: &UserRecord| {
            if matches!(fault_of(entry), Some(Fault::Fails)) {
                return EntryResult::Failed { failure: EntryFailure::Internal, shard_id: None };
            }
            let mut state = self.0.lock().unwrap();
            state.written.push((entry.partition_key.as_ref().to_owned(), entry.data.to_vec()));
            let sequence_number = SequenceNumber::parse(&state.written.len().to_string()).unwrap();
            EntryResult::Written { shard_id: "shardId-000000000000".to_owned(), sequence_number }
        };
        Ok(entries.iter().map(put).collect())
    }
}

impl ListShards for FakeStream {
    async fn list_shards(&self, _next_token: Option<String>) -> Result<ShardPage, ListShardsError> {
        let shard = ListedShard { shard_id: "shardId-000000000000".to_owned(), hash_keys: 0..=u128::MAX, open: true };
        Ok(ShardPage { shards: vec![shard], next_token: None })
    }
}
