//! Encrypts and writes batches of records: the producing side's one place to change.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_kms::types::DataKeySpec;
use local_stack::kinesis::EmbeddedKinesis;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, REGION};
use warmkeys::batch::SequenceNumber;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_key::{DataKey, EncryptedDataKey};
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, SealingMaterials, seal};
use warmkeys::producer::{KinesisClient, KinesisWriter, Outcome, OutgoingRecord, StreamIdentifier, WriterSettings};
use warmkeys::retry::Deadline;

/// How long a batch may take before what is left of it is sent again.
const BATCH_TIME: Duration = Duration::from_secs(10);

/// How often KMS is asked for a data key: as often as it takes, since it is throttled for as long as the function reads.
const KMS_ATTEMPTS: u32 = 100;

/// The longest pause before KMS is asked again, so that the producer has its part of the few requests that are let through.
const KMS_MAX_BACKOFF: Duration = Duration::from_millis(500);

/// A record to be encrypted and written.
#[derive(Clone, Debug)]
pub(crate) struct PlainRecord {
    pub(crate) partition_key: String,
    pub(crate) tenant: u32,
    pub(crate) plaintext: String,
}

/// Encrypts each tenant's records under a data key of the tenant's own, and writes them in batches.
pub(crate) struct Producer {
    kms: Client,
    materials: HashMap<u32, SealingMaterials>,
    writer: KinesisWriter<KinesisClient, KinesisClient>,
}

impl Producer {
    /// A producer without a data key so far.
    pub(crate) fn new(kms: Client, kinesis: &EmbeddedKinesis, stream: StreamIdentifier) -> Self {
        let client = KinesisClient::new(&sdk_config(kinesis.endpoint_url()), stream);
        let writer = KinesisWriter::new(client.clone(), client, WriterSettings::default(), Arc::new(SystemClock));
        Self { kms, materials: HashMap::new(), writer }
    }

    /// Encrypts and writes `records`, sending again what certainly was not written, and tells where each one is.
    pub(crate) async fn write(&mut self, records: &[PlainRecord]) -> Result<Vec<SequenceNumber>, Box<dyn Error>> {
        let mut places = vec![None; records.len()];
        let mut left = Vec::new();
        for (index, record) in records.iter().enumerate() {
            left.push((index, self.encrypt(record).await?));
        }
        while !left.is_empty() {
            let deadline = Deadline::after(SystemClock.now().monotonic, BATCH_TIME);
            let sent = left.iter().map(|(_, record)| record.clone()).collect();
            let results = self.writer.write(sent, deadline).await;
            let mut failed = Vec::new();
            for ((index, record), result) in left.into_iter().zip(results) {
                match (result, places.get_mut(index)) {
                    (Ok(receipt), Some(place)) => *place = Some(receipt.sequence_number),
                    (Err(error), _) if error.outcome() == Outcome::Unknown => return Err(error.into()),
                    _ => failed.push((index, record)),
                }
            }
            left = failed;
        }
        places.into_iter().collect::<Option<_>>().ok_or_else(|| "a record has no result".into())
    }

    async fn encrypt(&mut self, record: &PlainRecord) -> Result<OutgoingRecord, Box<dyn Error>> {
        if !self.materials.contains_key(&record.tenant) {
            self.materials.insert(record.tenant, sealing_materials(&self.kms, record.tenant).await?);
        }
        let materials = self.materials.get(&record.tenant).ok_or("the tenant has no data key")?;
        let data = seal(record.plaintext.as_bytes(), materials, DEFAULT_FRAME_LEN)?.into();
        Ok(OutgoingRecord { partition_key: record.partition_key.as_str().into(), explicit_hash_key: None, data })
    }
}

/// How the demo's own clients reach an embedded service.
pub(crate) fn sdk_config(endpoint_url: String) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "demo")))
        .endpoint_url(endpoint_url)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(KMS_ATTEMPTS)
                .with_initial_backoff(KMS_MAX_BACKOFF / 10)
                .with_max_backoff(KMS_MAX_BACKOFF),
        )
        .build()
}

async fn sealing_materials(kms: &Client, tenant: u32) -> Result<SealingMaterials, Box<dyn Error>> {
    let pairs = [("purpose".to_owned(), "orders".to_owned()), ("tenant".to_owned(), tenant.to_string())];
    let context: EncryptionContext = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let request = kms.generate_data_key().key_id(DEVELOPMENT_KEY_ARN).key_spec(DataKeySpec::Aes256);
    let answer = request.set_encryption_context(Some(pairs.into())).send().await?;
    let data_key = DataKey::new(answer.plaintext.ok_or("KMS gave no plaintext data key")?.into_inner());
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: DEVELOPMENT_KEY_ARN.as_bytes().to_vec(),
        ciphertext: answer.ciphertext_blob.ok_or("KMS gave no wrapped data key")?.into_inner(),
    };
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    Ok(SealingMaterials::new(suite, data_key, &[encrypted], &context, &EncryptionContext::empty(), None)?)
}
