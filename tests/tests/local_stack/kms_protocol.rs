//! The embedded KMS as the AWS SDK meets it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::decrypt::{DecryptError, DecryptOutput};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyState};
use local_stack::kms::{
    DEVELOPMENT_KEY_ARN, Effect, EmbeddedKms, KmsSettings, MULTI_REGION_DEVELOPMENT_KEY_ARN, Operation,
    SECOND_DEVELOPMENT_KEY_ARN, ScriptedFault,
};
use warmkeys::clock::{Clock, Now, SystemClock};

const ONE: NonZeroU32 = NonZeroU32::MIN;

pub(crate) async fn kms() -> EmbeddedKms {
    EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap()
}

/// A client that neither retries nor waits long.
fn client_in(kms: &EmbeddedKms, region: &'static str) -> Client {
    client_of(&kms.endpoint_url(), region)
}

fn client_of(endpoint_url: &str, region: &'static str) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(endpoint_url)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(2)).build())
        .build();
    Client::from_conf(config)
}

pub(crate) fn client(kms: &EmbeddedKms) -> Client {
    client_in(kms, "us-east-1")
}

pub(crate) fn client_at(endpoint_url: &str) -> Client {
    client_of(endpoint_url, "us-east-1")
}

async fn wrapped(client: &Client, key_arn: &str) -> Blob {
    let encrypted = client
        .encrypt()
        .key_id(key_arn)
        .plaintext(Blob::new("a data key"))
        .encryption_context("tenant", "blue")
        .send()
        .await
        .unwrap();
    assert_eq!(encrypted.key_id(), Some(key_arn));
    encrypted.ciphertext_blob.unwrap()
}

async fn decrypt(client: &Client, blob: &Blob, tenant: &str) -> Result<DecryptOutput, SdkError<DecryptError>> {
    client.decrypt().ciphertext_blob(blob.clone()).encryption_context("tenant", tenant).send().await
}

fn code(result: Result<DecryptOutput, SdkError<DecryptError>>) -> String {
    result.unwrap_err().code().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_data_key_decrypts_in_another_process_that_has_the_published_key() {
    let first = kms().await;
    let generated = client(&first)
        .generate_data_key()
        .key_id(DEVELOPMENT_KEY_ARN)
        .key_spec(DataKeySpec::Aes256)
        .encryption_context("tenant", "blue")
        .send()
        .await
        .unwrap();
    drop(first);
    let later = kms().await;
    let decrypted = decrypt(&client(&later), &generated.ciphertext_blob.unwrap(), "blue").await.unwrap();
    assert_eq!(decrypted.plaintext, generated.plaintext);
    assert_eq!(decrypted.plaintext.unwrap().as_ref().len(), 32);
    assert_eq!(decrypted.key_id.as_deref(), Some(DEVELOPMENT_KEY_ARN));
}

#[tokio::test]
async fn data_keys_are_random_and_as_long_as_asked() {
    let kms = kms().await;
    let client = client(&kms);
    let mut keys = Vec::new();
    for _ in 0..2 {
        let request = client.generate_data_key().key_id(DEVELOPMENT_KEY_ARN).number_of_bytes(64);
        keys.push(request.send().await.unwrap().plaintext.unwrap());
    }
    assert_eq!(keys[0].as_ref().len(), 64);
    assert_ne!(keys[0], keys[1]);
    let hidden = client.generate_data_key_without_plaintext().key_id(DEVELOPMENT_KEY_ARN).key_spec(DataKeySpec::Aes128);
    let hidden = hidden.send().await.unwrap().ciphertext_blob.unwrap();
    let opened = client.decrypt().ciphertext_blob(hidden).send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref().len(), 16);
}

#[tokio::test]
async fn another_encryption_context_does_not_decrypt() {
    let kms = kms().await;
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    let error = decrypt(&client, &blob, "green").await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_invalid_ciphertext_exception());
    assert_eq!(decrypt(&client, &blob, "blue").await.unwrap().plaintext.unwrap().as_ref(), b"a data key");
}

#[tokio::test]
async fn the_key_that_is_named_has_to_be_the_one_that_wrapped() {
    let kms = kms().await;
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    let named = |arn: &str| {
        client.decrypt().ciphertext_blob(blob.clone()).encryption_context("tenant", "blue").key_id(arn).send()
    };
    assert!(named(DEVELOPMENT_KEY_ARN).await.is_ok());
    assert_eq!(code(named(SECOND_DEVELOPMENT_KEY_ARN).await), "IncorrectKeyException");
    assert_eq!(code(named("arn:aws:kms:us-east-1:000000000000:key/unknown").await), "NotFoundException");
}

#[tokio::test]
async fn bytes_that_are_no_ciphertext_blob_are_refused() {
    let kms = kms().await;
    let client = client(&kms);
    assert_eq!(code(decrypt(&client, &Blob::new("nonsense"), "blue").await), "InvalidCiphertextException");
    assert_eq!(code(decrypt(&client, &Blob::new(vec![0; 6_145]), "blue").await), "ValidationException");
}

#[tokio::test]
async fn key_states_decide_who_may_decrypt() {
    let kms = kms().await;
    let client = client(&kms);
    let key = client.create_key().send().await.unwrap().key_metadata.unwrap();
    let arn = key.arn.unwrap();
    let blob = wrapped(&client, &arn).await;
    client.disable_key().key_id(&arn).send().await.unwrap();
    assert_eq!(code(decrypt(&client, &blob, "blue").await), "DisabledException");
    client.enable_key().key_id(&arn).send().await.unwrap();
    assert!(decrypt(&client, &blob, "blue").await.is_ok());
    client.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(code(decrypt(&client, &blob, "blue").await), "KMSInvalidStateException");
    let described = client.describe_key().key_id(&arn).send().await.unwrap().key_metadata.unwrap();
    assert_eq!((described.key_state, described.enabled), (Some(KeyState::PendingDeletion), false));
}

#[tokio::test]
async fn a_multi_region_key_decrypts_in_another_region() {
    let kms = kms().await;
    let blob = wrapped(&client(&kms), MULTI_REGION_DEVELOPMENT_KEY_ARN).await;
    let decrypted = decrypt(&client_in(&kms, "eu-west-1"), &blob, "blue").await.unwrap();
    let replica = MULTI_REGION_DEVELOPMENT_KEY_ARN.replace("us-east-1", "eu-west-1");
    assert_eq!(decrypted.key_id, Some(replica));
}

#[tokio::test]
async fn a_key_of_one_region_does_not_decrypt_in_another() {
    let kms = kms().await;
    let blob = wrapped(&client(&kms), DEVELOPMENT_KEY_ARN).await;
    assert_eq!(code(decrypt(&client_in(&kms, "eu-west-1"), &blob, "blue").await), "InvalidCiphertextException");
}

/// A clock that stands still.
#[derive(Debug)]
struct StoppedClock(Now);

impl Clock for StoppedClock {
    fn now(&self) -> Now {
        self.0
    }
}

#[tokio::test]
async fn requests_beyond_the_quota_are_throttled() {
    let clock = Arc::new(StoppedClock(SystemClock.now()));
    let kms = EmbeddedKms::start_with_clock(KmsSettings::unlimited(), clock).await.unwrap();
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    kms.set_requests_per_second(NonZeroU32::new(2));
    for expected in [None, None, Some("ThrottlingException"), Some("ThrottlingException")] {
        let result = decrypt(&client, &blob, "blue").await;
        assert_eq!(result.as_ref().err().and_then(ProvideErrorMetadata::code), expected);
    }
    assert!(client.describe_key().key_id(DEVELOPMENT_KEY_ARN).send().await.is_ok(), "only cryptography is counted");
    let counts = kms.calls().of(Operation::Decrypt);
    assert_eq!((counts.answered, counts.throttled), (2, 2));
}

#[tokio::test]
async fn failures_come_as_scripted_with_their_http_status() {
    let kms = kms().await;
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    for (failure, status) in [("KMSInternalException", 500), ("AccessDeniedException", 400)] {
        kms.disturb_decrypts(ONE, Effect::Fail { code: failure.to_owned() });
        let error = decrypt(&client, &blob, "blue").await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.code(), Some(failure));
    }
    assert!(decrypt(&client, &blob, "blue").await.is_ok());
}

#[tokio::test]
async fn a_hanging_call_times_out_and_the_next_one_is_answered() {
    let kms = kms().await;
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    kms.disturb_decrypts(ONE, Effect::Hang);
    assert!(matches!(decrypt(&client, &blob, "blue").await, Err(SdkError::TimeoutError(_))));
    assert!(decrypt(&client, &blob, "blue").await.is_ok());
    assert_eq!(kms.calls().decrypts_of(blob.as_ref()).unanswered, 1);
}

#[tokio::test]
async fn a_closed_connection_is_an_error_of_the_transport() {
    let kms = kms().await;
    let client = client(&kms);
    let blob = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    kms.script(ScriptedFault { operation: None, times: ONE, effect: Effect::CloseConnection });
    assert!(matches!(decrypt(&client, &blob, "blue").await, Err(SdkError::DispatchFailure(_))));
    assert!(decrypt(&client, &blob, "blue").await.is_ok());
}

#[tokio::test]
async fn calls_are_counted_by_operation_and_by_ciphertext() {
    let kms = kms().await;
    let client = client(&kms);
    let first = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    let second = wrapped(&client, DEVELOPMENT_KEY_ARN).await;
    for blob in [&first, &first, &second] {
        decrypt(&client, blob, "blue").await.unwrap();
    }
    let calls = kms.calls();
    assert_eq!((calls.of(Operation::Encrypt).answered, calls.of(Operation::Decrypt).answered), (2, 3));
    assert_eq!((calls.decrypts_of(first.as_ref()).answered, calls.decrypts_of(second.as_ref()).answered), (2, 1));
    assert_eq!((calls.distinct_ciphertexts(), calls.most_decrypts_of_one_ciphertext()), (2, 2));
}
