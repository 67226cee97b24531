//! A client of each service, with the retries that its adapter has.

use std::time::Duration;

use aws_config::SdkConfig;
use bytes::Bytes;

use crate::data_keys::{GrantTokens, KmsDecrypt};
use crate::delivery::testing::{clock, opened, within};
use crate::failure::FailureClass;
use crate::kinesis::{KinesisClient, KinesisWriter, OnUnknownOutcome, StreamIdentifier, WriterSettings};
use crate::kms::{KeyStore, KmsClient, KmsSettings};
use crate::message::EncryptionContext;
use crate::quarantine::{Quarantine as _, S3Quarantine};
use crate::records::{RejectedRecord, RejectionCode, ShardOrigin, UserRecord};
use crate::retry::{Call as _, ConcurrencyLimit, Jitter, RetryPolicy, Retrying};
use crate::s3::{BucketName, S3Settings};
use crate::sinks::{DeliveryStreamName, FirehoseSettings, FirehoseSink, RecordSink as _, SqsSink};
use crate::sqs::{QueueUrl, SqsSettings};

pub(super) const KMS_KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Long enough for a busy machine to answer in, since a second failure would fail the test.
const ATTEMPT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kms,
    Kinesis,
    Sqs,
    Firehose,
    S3,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Kms, Self::Kinesis, Self::Sqs, Self::Firehose, Self::S3];
}

pub(super) enum TestClient {
    /// Each request has a pace of its own: one that they shared would not let all of them be under way from the beginning.
    Kms(KmsClient, RetryPolicy),
    Kinesis(KinesisWriter<KinesisClient, KinesisClient>),
    Sqs(SqsSink),
    Firehose(FirehoseSink),
    S3(S3Quarantine),
}

impl TestClient {
    pub(super) fn new(kind: Kind, sdk: &SdkConfig) -> Self {
        let retry = RetryPolicy {
            base_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(1),
            attempt_timeout: ATTEMPT,
            jitter: Jitter::seeded(7),
            ..RetryPolicy::default()
        };
        match kind {
            Kind::Kms => {
                let client = KmsClient::new(sdk, &KmsSettings::new(ATTEMPT, ATTEMPT, KeyStore::Kms).unwrap());
                Self::Kms(client, retry)
            }
            Kind::Kinesis => {
                let client = KinesisClient::new(sdk, StreamIdentifier::parse("orders").unwrap());
                let settings = WriterSettings {
                    on_unknown_outcome: OnUnknownOutcome::SendAgain,
                    max_requests_in_flight: 16.try_into().unwrap(),
                    rate_limit_percent: None,
                    retry,
                    ..WriterSettings::default()
                };
                Self::Kinesis(KinesisWriter::new(client.clone(), client, settings, clock()))
            }
            Kind::Sqs => {
                let url = QueueUrl::parse("https://sqs.eu-west-1.amazonaws.com/111122223333/orders").unwrap();
                Self::Sqs(SqsSink::new(sdk, SqsSettings { retry, ..SqsSettings::new(url) }, clock()))
            }
            Kind::Firehose => {
                let name = DeliveryStreamName::parse("orders").unwrap();
                Self::Firehose(FirehoseSink::new(
                    sdk,
                    FirehoseSettings { retry, ..FirehoseSettings::new(name) },
                    clock(),
                ))
            }
            Kind::S3 => {
                let bucket = BucketName::parse("rejected").unwrap();
                Self::S3(S3Quarantine::new(sdk, S3Settings { retry, ..S3Settings::new(bucket) }, clock()))
            }
        }
    }

    /// Sends one request, again as often as it takes, and tells whether it was answered well.
    pub(super) async fn send(&self) -> bool {
        let deadline = within(60);
        match self {
            Self::Kms(client, retry) => {
                let limit = ConcurrencyLimit::new(1.try_into().unwrap());
                let kms = Retrying::new(client.clone(), retry.clone(), limit, clock());
                let request = KmsDecrypt {
                    key: Some(KMS_KEY.parse().unwrap()),
                    ciphertext: b"ciphertext".to_vec(),
                    encryption_context: EncryptionContext::empty(),
                    grant_tokens: GrantTokens::default(),
                };
                kms.call(&request, deadline).await.is_ok()
            }
            Self::Kinesis(writer) => {
                let record =
                    UserRecord { partition_key: "k".into(), explicit_hash_key: None, data: Bytes::from_static(b"d") };
                writer.write(vec![record], deadline).await.iter().all(Result::is_ok)
            }
            Self::Sqs(sink) => sink.deliver(&[opened("1", "k", b"a")], deadline).await.failure.is_none(),
            Self::Firehose(sink) => sink.deliver(&[opened("1", "k", b"a")], deadline).await.failure.is_none(),
            Self::S3(quarantine) => {
                let origin = ShardOrigin { stream_arn: "orders".into(), shard_id: "shardId-000000000000".into() };
                let (class, reason) = (FailureClass::Permanent, "damaged".to_owned());
                let (record, code) = (opened("1", "k", b"").record, RejectionCode::Undecryptable);
                let record = RejectedRecord { record, class, code, reason };
                quarantine.quarantine(&origin, &[record], deadline).await.failure.is_none()
            }
        }
    }
}
