use aws_sdk_kms::Client;
use aws_smithy_mocks::mock;

use super::*;
use crate::failure::FailureClass;
use crate::kms::KeyStore;
use crate::kms::client::test_client::{answered_by, hosts_called_by};
use crate::kms::testing::{
    COMMON_ERRORS, KEY, SECRET, assert_caller_faults, assert_no_secret, body, context, deadline, grant_tokens, key,
    settings,
};
use crate::message::DataKey;

async fn encrypt_with(client: &KmsClient, key: &crate::data_keys::KeyArn) -> Result<EncryptedPlaintext, DataKeyError> {
    let (key, plaintext) = (key.clone(), DataKey::new(SECRET.to_vec()));
    let request = KmsEncrypt { key, plaintext, encryption_context: context(), grant_tokens: grant_tokens() };
    client.call(&request, deadline()).await
}

async fn failure(status: u16, body: &str) -> DataKeyError {
    let rule = mock!(Client::encrypt).sequence().http_status(status, Some(body.to_owned())).repeatedly().build();
    let error = encrypt_with(&answered_by(&rule, &settings(KeyStore::Kms)), &key()).await.unwrap_err();
    assert_eq!(rule.num_calls(), 1, "{error:?} was asked for again below the retry loop");
    error
}

#[tokio::test]
async fn every_row_of_the_error_table_has_its_class_and_one_call() {
    for (code, status, class) in COMMON_ERRORS {
        let error = failure(status, &body(code)).await;
        assert_eq!(error.class(), class, "{code}");
        assert_no_secret(&error);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_caller_is_never_blamed_on_key_or_record() {
    assert_caller_faults(async |status, body| failure(status, body).await).await;
}

#[tokio::test]
async fn the_whole_request_reaches_kms() {
    let rule = mock!(Client::encrypt)
        .match_requests(|request| {
            request.key_id() == Some(KEY)
                && request.plaintext().is_some_and(|plaintext| plaintext.as_ref() == SECRET)
                && request.grant_tokens() == ["grant"]
                && request.encryption_context().is_some_and(|context| {
                    context.len() == 2 && context["tenant"] == "blue" && context["stage"] == "prod"
                })
        })
        .then_output(|| EncryptOutput::builder().key_id(KEY).ciphertext_blob(Blob::new(b"wrapped")).build());
    let encrypted = encrypt_with(&answered_by(&rule, &settings(KeyStore::Kms)), &key()).await.unwrap();
    assert_eq!(encrypted, EncryptedPlaintext { ciphertext: b"wrapped".to_vec(), key: key() });
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn an_answer_that_lacks_something_is_transient() {
    for body in [format!(r#"{{"KeyId":"{KEY}"}}"#), r#"{"CiphertextBlob":"d3JhcHBlZA=="}"#.to_owned(), "{".to_owned()] {
        assert_eq!(failure(200, &body).await.class(), FailureClass::Transient, "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_names_no_key_arn_is_refused() {
    let error = failure(200, r#"{"CiphertextBlob":"d3JhcHBlZA==","KeyId":"alias/mine"}"#).await;
    assert_eq!(error.class(), FailureClass::Unavailable);
}

#[tokio::test]
async fn a_key_of_another_region_is_called_there() {
    let (client, hosts) = hosts_called_by();
    let elsewhere = KEY.replace("eu-west-1", "us-east-2").parse().unwrap();
    assert!(encrypt_with(&client, &elsewhere).await.is_err());
    assert_eq!(*hosts.lock().unwrap(), ["kms.us-east-2.amazonaws.com"]);
}
