//! What the tests of all operations have in common.

use std::error::Error;
use std::time::Duration;

use super::{KeyStore, KmsSettings};
use crate::aws::caller_fault::tests::CALLER_FAULTS;
use crate::clock::{Clock, SystemClock};
use crate::data_keys::{DataKeyError, GrantTokens, KeyArn};
use crate::failure::{FailureClass, describe};
use crate::message::EncryptionContext;
use crate::retry::Deadline;

pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub(super) const SECRET: &[u8; 32] = b"the plaintext data key of a test";
pub(super) const SECRET_IN_BASE64: &str = "dGhlIHBsYWludGV4dCBkYXRhIGtleSBvZiBhIHRlc3Q=";

/// Errors that every operation has: code, HTTP status, class.
pub(super) const COMMON_ERRORS: [(&str, u16, FailureClass); 17] = {
    use FailureClass::{Caller, Throttled, Transient, Unavailable};
    [
        ("ThrottlingException", 400, Throttled),
        ("LimitExceededException", 400, Throttled),
        ("KMSInternalException", 500, Transient),
        ("KeyUnavailableException", 500, Transient),
        ("DependencyTimeoutException", 500, Transient),
        ("DependencyTimeoutException", 503, Transient),
        ("KMSInvalidStateException", 400, Unavailable),
        ("DisabledException", 400, Unavailable),
        ("NotFoundException", 400, Unavailable),
        ("InvalidKeyUsageException", 400, Unavailable),
        ("AccessDeniedException", 400, Unavailable),
        ("ValidationException", 400, Unavailable),
        // The configuration's own, and what nobody has heard of: no record is given up for either.
        ("InvalidGrantTokenException", 400, Caller),
        ("SomethingNew", 400, Caller),
        ("SomethingNew", 429, Throttled),
        ("InternalFailure", 500, Transient),
        ("ServiceUnavailable", 503, Transient),
    ]
};

pub(super) fn settings(key_store: KeyStore) -> KmsSettings {
    KmsSettings::new(Duration::from_secs(1), Duration::from_secs(1), key_store).unwrap()
}

pub(super) fn deadline() -> Deadline {
    Deadline::after(SystemClock.now().monotonic, Duration::from_secs(60))
}

pub(super) fn key() -> KeyArn {
    KEY.parse().unwrap()
}

pub(super) fn context() -> EncryptionContext {
    [("tenant", "blue"), ("stage", "prod")].into_iter().collect()
}

pub(super) fn grant_tokens() -> GrantTokens {
    GrantTokens::new(vec!["grant".to_owned()]).unwrap()
}

/// Asserts that every answer that is about the caller is called so, named, and says nothing that only the operator's eyes may see.
pub(super) async fn assert_caller_faults(failure: impl AsyncFn(u16, &str) -> DataKeyError) {
    for (code, status) in CALLER_FAULTS {
        let body = match code {
            "" => "<html>Forbidden</html>".to_owned(),
            code => {
                format!(r#"{{"__type":"{code}","message":"the reason\n\nx-amz-security-token:{SECRET_IN_BASE64}"}}"#)
            }
        };
        let error = failure(status, &body).await;
        assert_eq!(error.class(), FailureClass::Caller, "{code} {status}: {error:?}");
        let told = describe(&error);
        assert!(told.contains("check") || told.contains("clock"), "what to do: {told}");
        assert!(code.is_empty() || (told.contains(code) && told.contains("the reason")), "{told}");
        assert_no_secret(&error);
    }
}

/// The body of an error's answer.
pub(super) fn body(code: &str) -> String {
    format!(r#"{{"__type":"{code}","message":"the reason"}}"#)
}

/// The whole text of an error: `Debug` and every `Display` down the chain.
pub(super) fn texts(error: &DataKeyError) -> String {
    let mut texts = String::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        texts += &format!("{error} {error:?}\n");
        next = error.source();
    }
    texts
}

pub(super) fn assert_no_secret(error: &DataKeyError) {
    let texts = texts(error);
    assert!(!texts.contains(SECRET_IN_BASE64), "{texts}");
    assert!(!texts.contains(&format!("{:?}", &SECRET[..4]).replace(['[', ']'], "")), "{texts}");
}
