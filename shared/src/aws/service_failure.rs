//! What the failures of AWS services other than KMS mean by their codes, and what may be shown of them.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::{CallerFault, SdkError};
use crate::failure::describe;
use crate::text::one_line;

/// What may be shown of the failure of a request to `service`, bounded and without content: what goes on in the SDK's own error's place.
pub(crate) fn request_cause<E: ProvideErrorMetadata + Error + 'static>(
    service: &'static str,
    error: &SdkError<E>,
) -> Arc<dyn Error + Send + Sync> {
    let SdkError::ServiceError(answer) = error else {
        return Arc::new(Unreachable { service, cause: one_line(&describe(error), MAX_TEXT_LEN) });
    };
    let (code, status) = (error.code().unwrap_or_default(), answer.raw().status().as_u16());
    let message = match CallerFault::of(code, status) {
        Some(_) => error.message().map(first_line),
        None => error.message().filter(|_| CodeMeaning::of(code).quotes_no_content()),
    };
    Arc::new(ServiceFailure {
        service,
        code: one_line(code, MAX_TEXT_LEN),
        status: Some(status),
        request_id: error.request_id().map(|id| one_line(id, MAX_TEXT_LEN)),
        message: message.map(|text| one_line(text, MAX_TEXT_LEN)),
    })
}

/// The part of a message about the caller that may be shown. Below it, the message of a wrong signature quotes the headers that should
/// have been signed, and with them the token.
pub(crate) fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// What may be shown of the failure of one entry, in an answer that says 200.
pub(crate) fn entry_cause(service: &'static str, code: &str) -> Arc<dyn Error + Send + Sync> {
    let code = one_line(code, MAX_TEXT_LEN);
    Arc::new(ServiceFailure { service, code, status: None, request_id: None, message: None })
}

/// Codes and messages come from outside and go to the log: 300 bytes hold every one that is worth reading.
pub(crate) const MAX_TEXT_LEN: usize = 300;

/// What an error code says on its own, once it is clear that it says nothing about [the caller](CallerFault).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeMeaning {
    Throttled,
    Transient,
    Refused,
    /// Then the HTTP status decides, or the entry's `SenderFault`.
    Unknown,
}

impl CodeMeaning {
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "TooManyRequestsException"
            | "BandwidthLimitExceeded"
            | "SlowDown"
            // Firehose: "throughput limits for the Firehose stream may have been exceeded"; S3: "reduce your request rate".
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            // The queue's or stream's own KMS key (server-side encryption).
            | "KMS.ThrottlingException"
            | "KMSThrottlingException"
            | "KmsThrottled" => Self::Throttled,
            "InternalError" | "InternalFailure" | "InternalServerError" | "InternalServiceError"
            | "RequestTimeout" | "RequestTimeoutException" | "OperationAborted" => Self::Transient,
            "AccessDenied" | "AccessDeniedException" | "NoSuchBucket" | "ResourceNotFoundException"
            | "AWS.SimpleQueueService.NonExistentQueue" | "QueueDoesNotExist" | "InvalidKMSResourceException"
            | "KMS.AccessDeniedException" | "KmsAccessDenied" | "KMS.DisabledException" | "KmsDisabled"
            | "KMS.InvalidStateException" | "KmsInvalidState" | "KMS.NotFoundException" | "KmsNotFound"
            | "KMSAccessDeniedException" | "KMSDisabledException" | "KMSInvalidStateException" | "KMSNotFoundException"
            | "KMSOptInRequired" | "KMS.OptInRequired" | "KmsOptInRequired" | "KMS.InvalidKeyUsageException" | "KmsInvalidKeyUsage" => {
                Self::Refused
            }
            _ => Self::Unknown,
        }
    }

    /// Whether the service's message may be logged: it names the principal and the resource, which the operator needs. Messages of
    /// other failures, above all of validation, can quote the request, and with it plaintext.
    fn quotes_no_content(self) -> bool {
        self == Self::Refused
    }
}

/// A service's answer that is a failure.
#[derive(Debug)]
struct ServiceFailure {
    service: &'static str,
    code: String,
    /// The HTTP status; `None` where one entry failed in an answer that says 200.
    status: Option<u16>,
    request_id: Option<String>,
    message: Option<String>,
}

impl fmt::Display for ServiceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.code.is_empty() { "no error code" } else { &self.code };
        match self.status {
            Some(status) => write!(f, "{} answered {status} {code}", self.service)?,
            None => write!(f, "{} answered {code} for the entry", self.service)?,
        }
        if let Some(request_id) = &self.request_id {
            write!(f, " (request {request_id})")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl Error for ServiceFailure {}

/// No answer, or none that could be read.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {service}: {cause}")]
struct Unreachable {
    service: &'static str,
    cause: String,
}
