//! The encrypting writer on a fake KMS and a fake stream, on tokio's paused time.

use std::num::NonZeroU32;
use std::time::Duration;

use super::*;
use crate::clock::SystemClock;
use crate::data_keys::{CachingGeneration, DataKeyError, GenerationKeyring, GenerationKeyringSettings, UsageLimits};
use crate::failure::FailureClass;
use crate::kinesis::{MaxRecordBytes, Outcome};
use crate::materials_cache::CacheSettings;
use crate::message::{EncryptionContext, MessageLimits, SealedMessage};
use crate::retry::{ConcurrencyLimit, Jitter, RetryPolicy, Retrying};
use crate::testing::requests::key;
use crate::testing::{Answer, FakeKms, ManualClock};
use crate::testing::{FakeKinesis, seeded_settings};

const TIMEOUT: Duration = Duration::from_secs(20);

type DataKeys = CachingGeneration<GenerationKeyring<Retrying<FakeKms>>>;

struct Stack {
    kms: FakeKms,
    kinesis: Arc<FakeKinesis>,
    writer: EncryptingWriter<DataKeys, Arc<FakeKinesis>, Arc<FakeKinesis>>,
}

fn stack() -> Stack {
    stack_with([("stream", "orders")].into_iter().collect())
}

fn stack_with(encryption_context: EncryptionContext) -> Stack {
    let (kms, kinesis) = (FakeKms::default(), FakeKinesis::with_shards(2));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let policy = RetryPolicy { max_attempts: NonZeroU32::MIN, jitter: Jitter::seeded(7), ..RetryPolicy::default() };
    let limit = ConcurrencyLimit::new(ConcurrencyLimit::DEFAULT_MAX);
    let retrying = Retrying::new(kms.clone(), policy, limit, Arc::clone(&clock));
    let keyring =
        GenerationKeyring::new(retrying, GenerationKeyringSettings::new(key("1"), Vec::new(), Vec::new()).unwrap());
    let data_keys =
        CachingGeneration::new(keyring, &CacheSettings::default(), UsageLimits::default(), Arc::clone(&clock));
    let kinesis_writer =
        KinesisWriter::new(Arc::clone(&kinesis), Arc::clone(&kinesis), seeded_settings(), Arc::clone(&clock));
    let settings = EncryptingSettings { encryption_context, ..EncryptingSettings::default() };
    Stack { kms, kinesis, writer: EncryptingWriter::new(data_keys, kinesis_writer, settings, clock) }
}

impl Stack {
    async fn write(&self, records: Vec<PlainRecord>) -> ByRecord<Receipt> {
        let deadline = Deadline::after(SystemClock.now().monotonic, TIMEOUT);
        let results = self.writer.write(records, self.writer.write_deadline(deadline)).await;
        assert!(!deadline.has_passed(SystemClock.now().monotonic), "the answer came too late");
        results
    }

    /// What is in the stream.
    fn written(&self) -> Vec<(String, Bytes)> {
        let entry =
            |entry: &crate::testing::WrittenEntry| (entry.partition_key.as_ref().to_owned(), entry.data.clone());
        self.kinesis.read(|state| state.written.iter().map(entry).collect())
    }
}

fn record(partition_key: &str, tenant: &str) -> PlainRecord {
    PlainRecord {
        partition_key: partition_key.into(),
        explicit_hash_key: None,
        plaintext: Bytes::from_static(b"secret"),
        encryption_context: [("tenant", tenant)].into_iter().collect(),
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_one_context_share_a_data_key_and_carry_all_pairs() {
    let stack = stack();
    let records = (0..100).map(|number| record(&number.to_string(), if number % 2 == 0 { "a" } else { "b" }));
    let results = stack.write(records.collect()).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(stack.kms.call_count(), 2);
    for (partition_key, data) in stack.written() {
        let message = SealedMessage::read(&data, &MessageLimits::default()).unwrap();
        let tenant = if partition_key.parse::<u32>().unwrap() % 2 == 0 { "a" } else { "b" };
        let expected: EncryptionContext = [("stream", "orders"), ("tenant", tenant)].into_iter().collect();
        assert_eq!(message.encryption_context(), expected);
        assert!(!data.windows(6).any(|window| window == b"secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_context_fails_its_own_records_and_holds_back_their_partition_keys() {
    let stack = stack();
    // The contexts are asked for in their order: the first call is for tenant a.
    stack.kms.script([(Duration::ZERO, Answer::Throttled)]);
    let results = stack.write(vec![record("p", "b"), record("p", "a"), record("p", "b"), record("q", "b")]).await;
    assert!(results[0].is_ok() && results[3].is_ok());
    assert!(matches!(results[1], Err(EncryptError::DataKey(DataKeyError::Throttled(_)))));
    assert!(matches!(results[2], Err(EncryptError::EarlierRecordFailed { index: 1 })));
    assert_eq!(stack.written().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_no_stream_takes_fails_alone() {
    let stack = stack();
    let limit = MaxRecordBytes::DEFAULT.get();
    let of_len = |len: usize| PlainRecord { plaintext: vec![0; len].into(), ..record("p", "a") };
    // The second one is too large only once it is sealed.
    let results = stack.write(vec![of_len(limit), of_len(limit - 1), record("p", "a")]).await;
    for result in &results[..2] {
        let error = result.as_ref().unwrap_err();
        assert!(matches!(error, EncryptError::Unwritable(_)));
        assert_eq!((error.class(), error.outcome()), (FailureClass::Permanent, Outcome::NotWritten));
    }
    assert!(results[2].is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_contradicting_or_reserved_pair_is_the_records_own_error() {
    let stack = stack();
    let with =
        |key: &str| PlainRecord { encryption_context: [(key, "other")].into_iter().collect(), ..record("p", "a") };
    let results = stack.write(vec![with("stream"), with("aws-crypto-x"), record("p", "a")]).await;
    assert!(matches!(results[0], Err(EncryptError::ContradictsConfiguredPair)));
    assert!(matches!(results[1], Err(EncryptError::Context(_))));
    assert!(results[2].is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_kms_leaves_time_to_answer_and_nothing_is_written() {
    let stack = stack();
    stack.kms.always(Duration::ZERO, Answer::Never);
    let results = stack.write(vec![record("p", "a"), record("q", "b")]).await;
    assert!(results.iter().all(|result| matches!(result, Err(EncryptError::DataKey(_)))));
    assert!(stack.written().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_kinesis_makes_the_outcome_unknown() {
    let stack = stack();
    stack.kinesis.configure(|state| state.answers_to_lose = usize::MAX);
    let results = stack.write(vec![record("p", "a"), record("p", "a")]).await;
    assert_eq!(results[0].as_ref().unwrap_err().outcome(), Outcome::Unknown);
    assert!(matches!(results[1], Err(EncryptError::EarlierRecordFailed { index: 0 })));
}

#[tokio::test(start_paused = true)]
async fn a_context_that_kms_refuses_is_the_records_own_error_and_holds_nothing_back() {
    // KMS is asked for contexts in their order: the first answer is for the one that it refuses.
    for (refused, other) in [(String::new(), "a"), ("v".repeat(2_048), "w")] {
        let stack = stack();
        stack.kms.script([(Duration::ZERO, Answer::InvalidRequest)]);
        let results = stack.write(vec![record("p", &refused), record("p", other)]).await;
        let error = results[0].as_ref().unwrap_err();
        assert!(matches!(error, EncryptError::ContextRefused(DataKeyError::InvalidRequest(_))));
        assert_eq!((error.class(), error.outcome()), (FailureClass::Permanent, Outcome::NotWritten));
        assert!(results[1].is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_context_with_an_empty_value_is_written_where_kms_takes_it() {
    assert!(stack().write(vec![record("p", "")]).await[0].is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_kms_finds_invalid_with_an_ordinary_context_or_a_doubtful_configured_one_is_an_operators_to_fix() {
    for (configured, own) in [("orders", "a"), ("", "a"), ("", "")] {
        let stack = stack_with([("stream", configured)].into_iter().collect());
        stack.kms.always(Duration::ZERO, Answer::InvalidRequest);
        let results = stack.write(vec![record("p", own), record("p", "b")]).await;
        assert_eq!(results[0].as_ref().unwrap_err().class(), FailureClass::Unavailable, "{configured} {own}");
    }
}
