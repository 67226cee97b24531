use std::error::Error;
use std::net::TcpListener;

use aws_sdk_kms::Client;
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::aws::closed_port::ClosedPort;
use crate::data_keys::GrantTokens;
use crate::failure::{FailureClass, describe};
use crate::kms::KeyStore;
use crate::kms::client::test_client::{answered_by, connected_to, without_credentials};
use crate::kms::testing::{
    COMMON_ERRORS, KEY, SECRET, SECRET_IN_BASE64, assert_caller_faults, assert_no_secret, body, context, deadline,
    grant_tokens, key, settings,
};
use crate::message::EncryptionContext;

fn http_answer(status: u16, body: String) -> Rule {
    // Without bound, so that a request sent again is answered and counted too.
    mock!(Client::decrypt).sequence().http_status(status, Some(body)).repeatedly().build()
}

async fn decrypt(client: &KmsClient) -> Result<DecryptedCiphertext, DataKeyError> {
    let request = KmsDecrypt {
        key: Some(key()),
        ciphertext: b"ciphertext".to_vec(),
        encryption_context: context(),
        grant_tokens: grant_tokens(),
    };
    client.call(&request, deadline()).await
}

async fn failure(status: u16, body: &str, key_store: KeyStore) -> DataKeyError {
    let rule = http_answer(status, body.to_owned());
    let error = decrypt(&answered_by(&rule, &settings(key_store))).await.unwrap_err();
    assert_eq!(rule.num_calls(), 1, "{error:?} was asked for again below the retry loop");
    error
}

#[tokio::test]
async fn every_row_of_the_error_table_has_its_class_and_one_call() {
    let of_ciphertexts = ["InvalidCiphertextException", "IncorrectKeyException"];
    let table = of_ciphertexts.map(|code| (code, 400, FailureClass::Permanent)).into_iter().chain(COMMON_ERRORS);
    for (code, status, class) in table {
        let error = failure(status, &body(code), KeyStore::Kms).await;
        assert_eq!(error.class(), class, "{code}");
        let reason = error.source().unwrap().to_string();
        assert!(reason.contains(code) && reason.contains("the reason"), "{reason}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_caller_is_never_blamed_on_key_or_record() {
    assert_caller_faults(async |status, body| failure(status, body, KeyStore::Kms).await).await;
}

#[tokio::test]
async fn without_credentials_the_caller_is_at_fault() {
    let error = decrypt(&without_credentials()).await.unwrap_err();
    assert!(matches!(error, DataKeyError::Caller(_)), "{error:?}");
    assert!(describe(&error).contains("credentials are expired, unknown or missing"), "{}", describe(&error));
}

#[tokio::test]
async fn what_kms_says_is_bounded_and_stays_within_a_line() {
    let long =
        format!(r#"{{"__type":"AccessDeniedException","message":"no\n\r\u001b[2Jaccess {}"}}"#, "x".repeat(1 << 20));
    let code = format!(r#"{{"__type":"{}","message":"m"}}"#, "Y".repeat(1 << 20));
    for body in [long, code] {
        let error = failure(400, &body, KeyStore::Kms).await;
        let reason = error.source().unwrap().to_string();
        assert!(reason.len() < 1_200 && !reason.contains(char::is_control), "{} bytes", reason.len());
    }
}

#[tokio::test]
async fn operators_can_tell_an_unusable_key_from_denied_access() {
    let unusable = failure(400, &body("DisabledException"), KeyStore::Kms).await;
    let denied = failure(400, &body("AccessDeniedException"), KeyStore::Kms).await;
    assert!(matches!(unusable, DataKeyError::KeyUnavailable(_)) && matches!(denied, DataKeyError::AccessDenied(_)));
}

#[tokio::test]
async fn a_key_that_does_not_exist_is_told_from_one_that_is_out_of_use() {
    for code in ["NotFoundException", "InvalidKeyUsageException"] {
        assert!(matches!(failure(400, &body(code), KeyStore::Kms).await, DataKeyError::NoSuchKey(_)), "{code}");
    }
}

#[tokio::test]
async fn an_invalid_state_passes_in_a_custom_key_store_only() {
    let class = async |key_store| failure(400, &body("KMSInvalidStateException"), key_store).await.class();
    assert_eq!(class(KeyStore::Kms).await, FailureClass::Unavailable);
    assert_eq!(class(KeyStore::Custom).await, FailureClass::Transient);
}

#[tokio::test]
async fn an_answer_that_is_not_of_kms_is_transient() {
    assert_eq!(failure(502, "<html>Bad gateway</html>", KeyStore::Kms).await.class(), FailureClass::Transient);
    assert_eq!(failure(200, "<html>Log in</html>", KeyStore::Kms).await.class(), FailureClass::Transient);
    assert_eq!(failure(200, "{}", KeyStore::Kms).await.class(), FailureClass::Transient);
}

#[tokio::test]
async fn a_garbled_answer_does_not_leak_the_plaintext_it_holds() {
    let garbled = format!(r#"{{"Plaintext":"{SECRET_IN_BASE64}","KeyId":"#);
    let no_key = format!(r#"{{"Plaintext":"{SECRET_IN_BASE64}"}}"#);
    let no_arn = format!(r#"{{"Plaintext":"{SECRET_IN_BASE64}","KeyId":"no ARN"}}"#);
    for body in [garbled, no_key, no_arn] {
        assert_no_secret(&failure(200, &body, KeyStore::Kms).await);
    }
}

#[tokio::test]
async fn the_whole_request_reaches_kms() {
    let rule = mock!(Client::decrypt)
        .match_requests(|request| {
            let context = request.encryption_context().unwrap();
            request.key_id() == Some(KEY)
                && request.ciphertext_blob().unwrap().as_ref() == b"ciphertext"
                && request.grant_tokens() == ["grant"]
                && context.len() == 2
                && context["tenant"] == "blue"
                && context["stage"] == "prod"
        })
        .then_output(|| DecryptOutput::builder().key_id(KEY).plaintext(Blob::new(SECRET)).build());
    let decrypted = decrypt(&answered_by(&rule, &settings(KeyStore::Kms))).await.unwrap();
    assert_eq!(decrypted.data_key.expose(), SECRET);
    assert_eq!(decrypted.key.as_str(), KEY);
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn what_is_not_given_is_not_sent() {
    let rule = mock!(Client::decrypt)
        .match_requests(|request| {
            request.key_id().is_none() && request.encryption_context().is_none() && request.grant_tokens.is_none()
        })
        .then_output(|| DecryptOutput::builder().key_id(KEY).plaintext(Blob::new(SECRET)).build());
    let client = answered_by(&rule, &settings(KeyStore::Kms));
    let (encryption_context, grant_tokens) = (EncryptionContext::empty(), GrantTokens::default());
    let request = KmsDecrypt { key: None, ciphertext: b"c".to_vec(), encryption_context, grant_tokens };
    assert!(client.call(&request, deadline()).await.is_ok());
}

#[tokio::test]
async fn a_refused_connection_is_transient() {
    let port = ClosedPort::new();
    let error = decrypt(&connected_to(&format!("http://{}", port.address()))).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Transient);
    assert!(error.source().unwrap().to_string().starts_with("KMS was not reached"), "{error:?}");
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_transient_and_made_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let error = decrypt(&connected_to(&format!("http://{address}"))).await.unwrap_err();
    server.join().unwrap();
    assert_eq!(error.class(), FailureClass::Transient);
}
