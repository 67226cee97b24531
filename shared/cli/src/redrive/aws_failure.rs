//! What went wrong with a request to AWS: whose fault it is, and what to do.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use warmkeys::aws::CallerFault;
use warmkeys::failure::describe;

/// A request to AWS that failed, after all tries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {fault} ({detail})")]
pub(crate) struct AwsFailure {
    /// What was tried, in words.
    pub(crate) action: String,
    pub(crate) fault: Fault,
    /// The service's own words, bounded.
    pub(crate) detail: String,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There are no credentials, or they are not accepted.
    Credentials,
    /// This machine's clock is too far off.
    Clock,
    /// They do not suffice.
    Permission,
    /// What was named is not there.
    NotFound,
    /// It is somewhere else.
    Region,
    /// The service, or the way to it, had trouble for longer than was tried.
    Unavailable,
    /// The service does not take the request.
    Refused,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => {
                "AWS does not accept your credentials; set AWS_PROFILE or the AWS_ACCESS_KEY_ID variables, or log in again"
            }
            Self::Clock => "this machine's clock is wrong, so that AWS does not accept its signatures; set it",
            Self::Permission => "your credentials do not allow it; ask for the permission that the message names",
            Self::NotFound => "it does not exist in this account and Region; check the name, and --region",
            Self::Region => "it is in another Region; name that with --region",
            Self::Unavailable => "the service cannot be reached or has trouble; run the same command again later",
            Self::Refused => "the service refuses the request",
        })
    }
}

impl Fault {
    /// Whether another try may go better.
    pub(crate) fn may_pass(self) -> bool {
        self == Self::Unavailable
    }

    /// Whose fault an answer is.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, and the common errors of the other services. What the
    /// functions take for the caller's fault is so here, too.
    pub(crate) fn of(code: &str, status: u16) -> Self {
        match code.strip_suffix("Exception").unwrap_or(code) {
            "AccessDenied"
            | "AllAccessDisabled"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "KMSAccessDenied"
            | "KmsAccessDenied"
            | "KMS.AccessDenied" => Self::Permission,
            "NoSuchBucket"
            | "NoSuchKey"
            | "ResourceNotFound"
            | "QueueDoesNotExist"
            | "AWS.SimpleQueueService.NonExistentQueue"
            | "NotFound" => Self::NotFound,
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraint" => Self::Region,
            "Throttling"
            | "ThrottlingError"
            | "TooManyRequests"
            | "SlowDown"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "ProvisionedThroughputExceeded"
            | "LimitExceeded"
            | "ServiceUnavailable"
            | "InternalError"
            | "InternalFailure"
            | "InternalServerError"
            | "RequestTimeout"
            | "EC2Throttled"
            | "ResourceConflict"
            | "ResourceNotReady"
            | "ENILimitReached" => Self::Unavailable,
            _ => match CallerFault::of(code, status) {
                Some(CallerFault::Clock) => Self::Clock,
                Some(CallerFault::Credentials | CallerFault::Signature | CallerFault::Account) => Self::Credentials,
                _ => Self::of_status(status),
            },
        }
    }

    fn of_status(status: u16) -> Self {
        match status {
            301 | 307 => Self::Region,
            401 | 403 => Self::Permission,
            404 => Self::NotFound,
            408 | 429 | 500.. => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

impl AwsFailure {
    /// What `error` means, of a request that was to do `action`.
    pub(crate) fn of<E>(action: impl Into<String>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (fault, detail) = match error {
            SdkError::ServiceError(answer) => {
                let (code, status) = (error.code().unwrap_or_default(), answer.raw().status().as_u16());
                let message = error.message().unwrap_or_default();
                (Fault::of(code, status), format!("{status} {code} {message}"))
            }
            error if caused_by_credentials(error) => (Fault::Credentials, describe(error)),
            SdkError::ConstructionFailure(_) => (Fault::Refused, describe(error)),
            error => (Fault::Unavailable, describe(error)),
        };
        Self { action: action.into(), fault, detail: one_line(&detail) }
    }
}

fn caused_by_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|cause| cause.is::<CredentialsError>())
}

/// The first line of another program's words, bounded: below it, the message of a wrong signature quotes the token.
pub(crate) fn one_line(text: &str) -> String {
    const MAX_CHARS: usize = 400;
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(MAX_CHARS).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_faults_are_told_from_the_services() {
        for (code, status, expected) in [
            ("ExpiredTokenException", 400, Fault::Credentials),
            ("InvalidAccessKeyId", 403, Fault::Credentials),
            ("AuthFailure", 401, Fault::Credentials),
            ("RequestTimeTooSkewed", 403, Fault::Clock),
            ("AuthorizationHeaderMalformed", 400, Fault::Region),
            ("AccessDeniedException", 400, Fault::Permission),
            ("", 403, Fault::Permission),
            ("NoSuchBucket", 404, Fault::NotFound),
            ("QueueDoesNotExist", 400, Fault::NotFound),
            ("ResourceNotFoundException", 404, Fault::NotFound),
            ("PermanentRedirect", 301, Fault::Region),
            ("TooManyRequestsException", 429, Fault::Unavailable),
            ("ThrottlingException", 400, Fault::Unavailable),
            ("", 503, Fault::Unavailable),
            ("ValidationException", 400, Fault::Refused),
        ] {
            assert_eq!(Fault::of(code, status), expected, "{code} {status}");
        }
    }

    #[test]
    fn of_anothers_words_one_line_is_shown() {
        assert_eq!(one_line("no\u{1b}[31m\nx-amz-security-token: secret"), "no [31m");
    }
}
