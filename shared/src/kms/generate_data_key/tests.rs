use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_mocks::mock;

use super::*;
use crate::data_keys::GrantTokens;
use crate::failure::FailureClass;
use crate::kms::KeyStore;
use crate::kms::client::test_client::{answered_by, hosts_called_by};
use crate::kms::testing::{
    COMMON_ERRORS, KEY, SECRET, SECRET_IN_BASE64, assert_caller_faults, assert_no_secret, body, context, deadline,
    grant_tokens, key, settings,
};
use crate::message::EncryptionContext;

async fn generate(client: &KmsClient) -> Result<GeneratedDataKey, DataKeyError> {
    let (key, encryption_context, grant_tokens) = (key(), context(), grant_tokens());
    let request = KmsGenerateDataKey { key, data_key_len: 32, encryption_context, grant_tokens };
    client.call(&request, deadline()).await
}

async fn failure(status: u16, body: &str) -> DataKeyError {
    let rule =
        mock!(Client::generate_data_key).sequence().http_status(status, Some(body.to_owned())).repeatedly().build();
    let error = generate(&answered_by(&rule, &settings(KeyStore::Kms))).await.unwrap_err();
    assert_eq!(rule.num_calls(), 1, "{error:?} was asked for again below the retry loop");
    error
}

#[tokio::test]
async fn every_row_of_the_error_table_has_its_class_and_one_call() {
    for (code, status, class) in COMMON_ERRORS {
        assert_eq!(failure(status, &body(code)).await.class(), class, "{code}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_caller_is_never_blamed_on_key_or_record() {
    assert_caller_faults(async |status, body| failure(status, body).await).await;
}

#[tokio::test]
async fn the_whole_request_reaches_kms() {
    let rule = mock!(Client::generate_data_key)
        .match_requests(|request| {
            request.key_id() == Some(KEY)
                && request.number_of_bytes() == Some(32)
                && request.key_spec().is_none()
                && request.grant_tokens() == ["grant"]
                && request.encryption_context().is_some_and(|context| {
                    context.len() == 2 && context["tenant"] == "blue" && context["stage"] == "prod"
                })
        })
        .then_output(|| {
            let answer = GenerateDataKeyOutput::builder().key_id(KEY).ciphertext_blob(Blob::new(b"wrapped"));
            answer.plaintext(Blob::new(SECRET)).build()
        });
    let generated = generate(&answered_by(&rule, &settings(KeyStore::Kms))).await.unwrap();
    assert_eq!(generated.data_key.expose(), SECRET);
    assert_eq!((&*generated.ciphertext, generated.key), (&b"wrapped"[..], key()));
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn what_is_not_given_is_not_sent() {
    let rule = mock!(Client::generate_data_key)
        .match_requests(|request| request.encryption_context().is_none() && request.grant_tokens.is_none())
        .then_output(|| {
            let answer = GenerateDataKeyOutput::builder().key_id(KEY).ciphertext_blob(Blob::new(b"wrapped"));
            answer.plaintext(Blob::new(SECRET)).build()
        });
    let (key, encryption_context, grant_tokens) = (key(), EncryptionContext::empty(), GrantTokens::default());
    let request = KmsGenerateDataKey { key, data_key_len: 32, encryption_context, grant_tokens };
    let client = answered_by(&rule, &settings(KeyStore::Kms));
    assert!(client.call(&request, deadline()).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_lacks_something_is_transient_and_leaks_nothing() {
    let plaintext = format!(r#""Plaintext":"{SECRET_IN_BASE64}""#);
    let (ciphertext, key_id) = (r#""CiphertextBlob":"d3JhcHBlZA==""#, format!(r#""KeyId":"{KEY}""#));
    let complete = format!("{{{plaintext},{ciphertext},{key_id}");
    for body in [
        format!("{{{plaintext},{ciphertext}}}"),
        format!("{{{plaintext},{key_id}}}"),
        format!("{{{ciphertext},{key_id}}}"),
        complete,
        "<html>Log in</html>".to_owned(),
    ] {
        let error = failure(200, &body).await;
        assert_eq!(error.class(), FailureClass::Transient, "{body}");
        assert_no_secret(&error);
    }
}

#[tokio::test]
async fn an_answer_that_names_no_key_arn_is_refused() {
    let body = format!(r#"{{"Plaintext":"{SECRET_IN_BASE64}","CiphertextBlob":"d3JhcHBlZA==","KeyId":"alias/mine"}}"#);
    let error = failure(200, &body).await;
    assert_eq!(error.class(), FailureClass::Unavailable);
    assert_no_secret(&error);
}

#[tokio::test]
async fn a_key_of_another_region_is_called_there() {
    for (region, host) in [("eu-west-1", "kms.eu-west-1.amazonaws.com"), ("us-east-2", "kms.us-east-2.amazonaws.com")] {
        let (client, hosts) = hosts_called_by();
        let key = KEY.replace("eu-west-1", region).parse().unwrap();
        let (encryption_context, grant_tokens) = (context(), GrantTokens::default());
        let request = KmsGenerateDataKey { key, data_key_len: 32, encryption_context, grant_tokens };
        assert!(client.call(&request, deadline()).await.is_err());
        assert_eq!(*hosts.lock().unwrap(), [host]);
    }
}
