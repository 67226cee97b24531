use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_smithy_http_client::test_util::NeverClient;
use aws_smithy_mocks::{Rule, mock};
use bytes::Bytes;

use super::S3Quarantine;
use crate::aws::caller_fault::tests::CALLER_FAULTS;
use crate::delivery::DeliveryError;
use crate::delivery::testing::{clock, http_answer, mocked_client, quick_retries, within};
use crate::failure::FailureClass;
use crate::quarantine::QuarantineEnvelope;
use crate::quarantine::testing::{origin, rejected};
use crate::s3::{BucketName, KeyPrefix, NewObject, ObjectStore, S3Settings};

pub(in crate::quarantine) fn settings(prefix: &str) -> S3Settings {
    S3Settings {
        prefix: KeyPrefix::parse(prefix).unwrap(),
        retry: quick_retries(),
        ..S3Settings::new(BucketName::parse("rejected").unwrap())
    }
}

pub(in crate::quarantine) fn store(rules: &[&Rule], prefix: &str) -> ObjectStore {
    store_with(rules, settings(prefix))
}

pub(in crate::quarantine) fn store_with(rules: &[&Rule], settings: S3Settings) -> ObjectStore {
    ObjectStore::with_client(mocked_client!(aws_sdk_s3, rules), settings, clock())
}

/// A bucket that never answers.
pub(in crate::quarantine) fn hanging_store() -> ObjectStore {
    let config = aws_sdk_s3::config::Builder::new()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("eu-west-1"))
        .credentials_provider(aws_sdk_s3::config::Credentials::new("test", "test", None, None, "test"))
        .http_client(NeverClient::new())
        .retry_config(crate::aws::no_retries())
        .build();
    ObjectStore::with_client(Client::from_conf(config), settings("q"), clock())
}

/// Objects by their keys.
pub(in crate::quarantine) type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A rule that keeps objects as a bucket does: one per key. The body is known to be in memory.
pub(in crate::quarantine) fn bucket() -> (Rule, Objects) {
    let objects = Arc::new(Mutex::new(BTreeMap::new()));
    let stored = Arc::clone(&objects);
    let rule = mock!(Client::put_object)
        .match_requests(|request| {
            request.bucket() == Some("rejected") && request.content_type() == Some("application/json")
        })
        .then_compute_output(move |request| {
            let body = request.body().bytes().unwrap().to_vec();
            stored.lock().unwrap().insert(request.key().unwrap().to_owned(), body);
            PutObjectOutput::builder().build()
        });
    (rule, objects)
}

#[tokio::test]
async fn a_redelivered_record_overwrites_its_object() {
    use crate::quarantine::Quarantine;
    let (rule, objects) = bucket();
    let quarantine = S3Quarantine { store: store(&[&rule], "q") };
    let records = [rejected("1", b"one"), rejected("2", b"two")];
    assert_eq!(quarantine.quarantine(&origin(), &records, within(60)).await.delivered, 2);
    assert_eq!(quarantine.quarantine(&origin(), &records[1..], within(60)).await.delivered, 1);
    let objects = objects.lock().unwrap();
    assert_eq!(objects.len(), 2);
    let key = format!("q/orders/shardId-000000000001/{}.json", records[1].record.id());
    let envelope = QuarantineEnvelope::parse(&objects[&key]).unwrap();
    assert_eq!(&envelope.into_record().unwrap().1.record.data[..], b"two");
}

#[tokio::test]
async fn records_that_lambda_took_from_one_aggregate_overwrite_none_of_each_other() {
    use crate::quarantine::Quarantine;
    let (rule, objects) = bucket();
    let quarantine = S3Quarantine { store: store(&[&rule], "q") };
    let records = [rejected("1", b"one"), rejected("1", b"two")];
    assert_eq!(quarantine.quarantine(&origin(), &records, within(60)).await.delivered, 2);
    assert_eq!(objects.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let outcome = async |status: u16, code: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
        let rule =
            mock!(Client::put_object).sequence().http_response(move || http_answer(status, &body)).repeatedly().build();
        let store = store(&[&rule], "q");
        let object = NewObject::json("q/1.json".to_owned(), Bytes::from_static(b"{}"));
        let delivery = store.put(std::iter::once(object), within(60)).await;
        (delivery.failure.unwrap(), rule.num_calls())
    };
    assert!(matches!(outcome(503, "SlowDown").await, (DeliveryError::Throttled(_), 10)));
    for (code, status) in CALLER_FAULTS {
        let (failure, calls) = outcome(status, code).await;
        assert!(matches!(failure, DeliveryError::Caller(_)), "{code} {status}: {failure:?}");
        assert_eq!((failure.class(), calls), (FailureClass::Caller, 10), "{code} {status}");
    }
    assert!(matches!(outcome(500, "InternalError").await, (DeliveryError::Transient(_), 10)));
    assert!(matches!(outcome(400, "RequestTimeout").await, (DeliveryError::Transient(_), 10)));
    assert!(matches!(outcome(403, "AccessDenied").await, (DeliveryError::Refused(_), 1)));
    assert!(matches!(outcome(404, "NoSuchBucket").await, (DeliveryError::Refused(_), 1)));
}
