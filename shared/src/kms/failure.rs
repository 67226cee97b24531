//! What each failure of KMS means: the one place that looks at its error codes.

use std::sync::Arc;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;

use super::KeyStore;
use crate::aws::{CallerFault, MAX_TEXT_LEN, first_line};
use crate::data_keys::DataKeyError;
use crate::failure::describe;
use crate::text::one_line;

/// A failed KMS request, without the request and without the response's body, either of which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KmsFailure {
    /// KMS answered with an error.
    #[error("{code} (HTTP {status}): {message} (request {request_id})")]
    Answered {
        /// KMS's error code, or `no code`.
        code: String,
        /// The HTTP status.
        status: u16,
        /// KMS's message, at most 300 bytes of it; it may name keys, principals and accounts.
        message: String,
        /// KMS's id of the request, for AWS support and CloudTrail.
        request_id: String,
    },
    /// No answer came: no connection, no credentials, or a time-out. The text is the connector's.
    #[error("KMS was not reached: {reason}")]
    NotReached {
        /// The errors' texts, outermost first.
        reason: String,
    },
    /// The SDK could not build the request.
    #[error("the request could not be built: {reason}")]
    NotBuilt {
        /// The errors' texts, outermost first.
        reason: String,
    },
    /// The answer is not one of KMS's API.
    #[error("the answer could not be read (HTTP {status})")]
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
    /// The answer lacks the plaintext, the ciphertext or the key's ARN.
    #[error("the answer has no plaintext, no ciphertext or no key")]
    Incomplete,
}

impl KmsFailure {
    /// What an answer that lacks something means: another one may have it.
    pub(super) fn incomplete() -> DataKeyError {
        DataKeyError::Transient(Arc::new(Self::Incomplete))
    }
}

/// Says what a failed request means. `key_store` decides about `KMSInvalidStateException`.
pub(super) fn classify<E>(error: SdkError<E>, key_store: KeyStore) -> DataKeyError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let caller = CallerFault::of_request(&error);
    match error {
        SdkError::ServiceError(context) => {
            let (error, status) = (context.err().meta(), context.raw().status().as_u16());
            let message = error.message().unwrap_or("no message");
            let shown = |text: &str| one_line(text, MAX_TEXT_LEN);
            let failure = Arc::new(KmsFailure::Answered {
                code: shown(error.code().unwrap_or("no code")),
                status,
                message: shown(if caller.is_some() { first_line(message) } else { message }),
                request_id: shown(error.request_id().unwrap_or("unknown")),
            });
            match caller {
                Some(fault) => DataKeyError::Caller(fault.with_cause(failure)),
                None => of_code(error.code().unwrap_or_default(), status, key_store)(failure),
            }
        }
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
            let failure = Arc::new(KmsFailure::NotReached { reason: one_line(&describe(&error), MAX_TEXT_LEN) });
            match caller {
                Some(fault) => DataKeyError::Caller(fault.with_cause(failure)),
                None => DataKeyError::Transient(failure),
            }
        }
        // A proxy's page, or an answer cut short. Its parse error is left out: it might quote the body.
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            DataKeyError::Transient(Arc::new(KmsFailure::Unreadable { status }))
        }
        // Endpoint, Region or credentials: nothing that a record brings into a request makes it fail to be built.
        _ => DataKeyError::Caller(Arc::new(KmsFailure::NotBuilt { reason: one_line(&describe(&error), MAX_TEXT_LEN) })),
    }
}

/// The variant for an error code. Some codes are not in the service's model, so that only the code tells, never the SDK's type.
///
/// Only what is known to be about the key, the ciphertext or the request counts against a record: none is given up for an error that this
/// table has not heard of. [`CallerFault`] has been asked before.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>,
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
fn of_code(
    code: &str,
    status: u16,
    key_store: KeyStore,
) -> fn(Arc<dyn std::error::Error + Send + Sync>) -> DataKeyError {
    match code {
        "ThrottlingException"
        | "LimitExceededException"
        | "Throttling"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => DataKeyError::Throttled,
        "KMSInternalException" | "KeyUnavailableException" | "DependencyTimeoutException" => DataKeyError::Transient,
        "KMSInvalidStateException" if key_store == KeyStore::Custom => DataKeyError::Transient,
        "KMSInvalidStateException" | "DisabledException" => DataKeyError::KeyUnavailable,
        "NotFoundException" | "InvalidKeyUsageException" => DataKeyError::NoSuchKey,
        "InvalidCiphertextException" | "IncorrectKeyException" => DataKeyError::Undecryptable,
        "ValidationException" => DataKeyError::InvalidRequest,
        "AccessDeniedException" | "AccessDenied" => DataKeyError::AccessDenied,
        _ if status == 429 => DataKeyError::Throttled,
        // An answer that says it is a success but cannot be read comes as an error without a code.
        _ if !(400..500).contains(&status) => DataKeyError::Transient,
        _ => DataKeyError::Caller,
    }
}
