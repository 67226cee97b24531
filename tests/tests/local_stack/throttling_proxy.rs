//! The quota in front of another KMS, as the AWS SDK meets it.

use std::num::NonZeroU32;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, Operation, ThrottlingProxy};

use super::kms_protocol::{client_at, kms};

async fn proxy(kms: &EmbeddedKms, requests_per_second: u32) -> ThrottlingProxy {
    let upstream = kms.endpoint_url().strip_prefix("http://").unwrap().parse().unwrap();
    let quota = NonZeroU32::new(requests_per_second).unwrap();
    ThrottlingProxy::start("127.0.0.1:0".parse().unwrap(), upstream, quota).await.unwrap()
}

/// The code of the error, or nothing.
async fn encrypt(client: &Client) -> Option<String> {
    let sent = client.encrypt().key_id(DEVELOPMENT_KEY_ARN).plaintext(Blob::new("a data key")).send().await;
    sent.err().map(|error| error.code().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn requests_beyond_the_quota_are_throttled_and_do_not_reach_the_kms() {
    let kms = kms().await;
    let proxy = proxy(&kms, 1).await;
    let client = client_at(&proxy.endpoint_url());
    assert_eq!(encrypt(&client).await, None);
    assert_eq!(encrypt(&client).await.as_deref(), Some("ThrottlingException"));
    assert_eq!(kms.calls().of(Operation::Encrypt).answered, 1);
}

#[tokio::test]
async fn operations_that_are_not_cryptographic_pass_beside_the_quota() {
    let kms = kms().await;
    let proxy = proxy(&kms, 1).await;
    let client = client_at(&proxy.endpoint_url());
    assert_eq!(encrypt(&client).await, None);
    assert!(client.describe_key().key_id(DEVELOPMENT_KEY_ARN).send().await.is_ok());
}

#[tokio::test]
async fn errors_of_the_kms_behind_pass_as_they_are() {
    let kms = kms().await;
    let proxy = proxy(&kms, 100).await;
    let missing = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000";
    let refused = client_at(&proxy.endpoint_url()).describe_key().key_id(missing).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("NotFoundException"));
}
