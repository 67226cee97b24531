//! 100,000 records of 500 bytes encrypted, batched and put to an endpoint that only says yes: where a producer's own time goes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops if it fails")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Builder;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{CachingGeneration, DataKeyError, GenerateDataKey, GenerationRequest, UsageLimits};
use warmkeys::encrypting_writer::{EncryptingSettings, EncryptingWriter, PlainRecord};
use warmkeys::kinesis::{
    Departure, EntryResult, KinesisWriter, ListShards, ListShardsError, ListedShard, PutRecords, PutRecordsError,
    ShardPage, WriterSettings,
};
use warmkeys::materials_cache::CacheSettings;
use warmkeys::message::{DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal};
use warmkeys::records::{SequenceNumber, UserRecord};
use warmkeys::retry::Deadline;

const RECORDS: usize = 100_000;
const RECORD_BYTES: usize = 500;
const PARTITION_KEYS: usize = 10_000;
const SHARD_ID: &str = "shardId-000000000000";
const ROUNDS: usize = 7;

fn main() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let settings =
        EncryptingSettings { sealing_threads: NonZeroUsize::new(2).unwrap(), ..EncryptingSettings::default() };
    let suite = settings.suite;
    let data_keys =
        CachingGeneration::new(Generator, &CacheSettings::default(), UsageLimits::default(), Arc::clone(&clock));
    let whole = EncryptingWriter::new(data_keys, writer(&clock), settings, Arc::clone(&clock));
    let alone = writer(&clock);
    let materials = materials(suite, &EncryptionContext::empty());

    // A round of each, in turn, so that what the machine does besides slows all of them.
    let mut rounds: [Vec<Duration>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let deadline = Deadline::after(clock.now().monotonic, Duration::from_secs(600));
        let records = (0..RECORDS).map(plain_record).collect();
        rounds[0].push(time(&clock, || {
            let results = runtime.block_on(whole.write(records, deadline));
            assert!(results.iter().all(Result::is_ok));
        }));
        let mut sealed = Vec::with_capacity(RECORDS);
        rounds[1].push(time(&clock, || {
            sealed.extend((0..RECORDS).map(|_| seal(&[7; RECORD_BYTES], &materials, DEFAULT_FRAME_LEN).unwrap()));
        }));
        let outgoing = sealed.into_iter().enumerate().map(|(number, data)| UserRecord {
            partition_key: partition_key(number),
            explicit_hash_key: None,
            data: data.into(),
        });
        let outgoing = outgoing.collect();
        rounds[2].push(time(&clock, || {
            let results = runtime.block_on(alone.write(outgoing, deadline));
            assert!(results.iter().all(Result::is_ok));
        }));
    }
    let names = ["encrypt and put, two cores", "  sealing alone, one core", "  batching and putting alone"];
    for (name, mut round) in names.into_iter().zip(rounds) {
        round.sort_unstable();
        let median = round.get(ROUNDS / 2).unwrap().as_secs_f64();
        println!("{name}: {:.0} records/s ({:.0} ms for {RECORDS})", RECORDS as f64 / median, median * 1_000.0);
    }
}

fn time(clock: &Arc<dyn Clock>, work: impl FnOnce()) -> Duration {
    let started = clock.now().monotonic;
    work();
    clock.now().monotonic.saturating_duration_since(started)
}

fn plain_record(number: usize) -> PlainRecord {
    PlainRecord {
        partition_key: partition_key(number),
        explicit_hash_key: None,
        plaintext: Bytes::from_static(&[7; RECORD_BYTES]),
        encryption_context: EncryptionContext::empty(),
    }
}

fn partition_key(number: usize) -> Arc<str> {
    format!("customer-{}", number % PARTITION_KEYS).into()
}

/// Without pacing: the endpoint has no limits.
fn writer(clock: &Arc<dyn Clock>) -> KinesisWriter<Endpoint, Endpoint> {
    let settings = WriterSettings { rate_limit_percent: None, ..WriterSettings::default() };
    KinesisWriter::new(Endpoint, Endpoint, settings, Arc::clone(clock))
}

fn materials(suite: warmkeys::message::AlgorithmSuite, context: &EncryptionContext) -> SealingMaterials {
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".into(),
        provider_info: b"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_vec(),
        ciphertext: vec![9; 184],
    };
    let data_key = DataKey::new(vec![7; suite.data_key_len()]);
    SealingMaterials::new(suite, data_key, &[encrypted], context, &EncryptionContext::empty(), None).unwrap()
}

/// Makes data keys without asking anybody.
struct Generator;

impl GenerateDataKey for Generator {
    async fn generate_data_key(
        &self,
        request: &GenerationRequest,
        _plaintext_len: Option<u64>,
        _deadline: Deadline,
    ) -> Result<Arc<SealingMaterials>, DataKeyError> {
        Ok(Arc::new(materials(request.suite(), request.encryption_context())))
    }
}

/// One shard, which takes everything at once.
#[derive(Clone, Copy, Debug)]
struct Endpoint;

impl PutRecords for Endpoint {
    async fn put_records(&self, entries: Vec<UserRecord>, _: &Departure) -> Result<Vec<EntryResult>, PutRecordsError> {
        let sequence_number =
            SequenceNumber::parse("49500000000000000000000000000000000000000000000000000001").unwrap();
        let written =
            |_| EntryResult::Written { shard_id: SHARD_ID.to_owned(), sequence_number: sequence_number.clone() };
        Ok(entries.into_iter().map(written).collect())
    }
}

impl ListShards for Endpoint {
    async fn list_shards(&self, _next_token: Option<String>) -> Result<ShardPage, ListShardsError> {
        let shard = ListedShard { shard_id: SHARD_ID.to_owned(), hash_keys: 0..=u128::MAX, open: true };
        Ok(ShardPage { shards: vec![shard], next_token: None })
    }
}
