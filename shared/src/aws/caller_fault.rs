//! What is wrong with the caller itself, and not with what it asks for: decided here, for every service.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::SdkError;

/// Something that every request of this sandbox has, and that was not accepted. It says nothing about what the request is for: no
/// record is to blame. Right after a sandbox is thawed, clock and token can be stale for a moment, so such a request is sent
/// again, signed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallerFault {
    /// The token or the key id is expired, unknown or missing.
    Credentials,
    /// The signature does not match.
    Signature,
    /// The request is dated too far from the service's time.
    Clock,
    /// The caller may do nothing at all with the service, or the account is not subscribed to it.
    Account,
    /// The service does not know the operation.
    Operation,
    /// The answer has no code, which every answer of the services has: it is of something in between.
    Intermediary,
}

impl CallerFault {
    /// What of the caller is to blame for an answer with `code` (empty if it has none) and `status`; `None` if nothing is.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html> (the same for all services),
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
    #[must_use]
    pub fn of(code: &str, status: u16) -> Option<Self> {
        if code.is_empty() {
            // 408 and 429 say what they mean, whoever says it.
            return ((400..500).contains(&status) && ![408, 429].contains(&status)).then_some(Self::Intermediary);
        }
        // Services differ in whether a code ends so.
        match code.strip_suffix("Exception").unwrap_or(code) {
            "ExpiredToken"
            | "InvalidToken"
            | "TokenRefreshRequired"
            | "UnrecognizedClient"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "MissingAuthenticationToken"
            | "MissingSecurityHeader"
            | "InvalidSecurity"
            | "CredentialsNotSupported" => Some(Self::Credentials),
            "InvalidSignature"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "AuthFailure"
            | "AuthorizationHeaderMalformed" => Some(Self::Signature),
            "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => Some(Self::Clock),
            "NotAuthorized" | "OptInRequired" | "NotSignedUp" | "SubscriptionRequired" | "AccountProblem" => {
                Some(Self::Account)
            }
            "UnknownOperation" | "InvalidAction" | "MissingAction" => Some(Self::Operation),
            _ => None,
        }
    }

    /// What of the caller is to blame for a failed request; `None` if nothing is.
    pub(crate) fn of_request<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> Option<Self> {
        match error {
            SdkError::ServiceError(answer) => {
                Self::of(error.code().unwrap_or_default(), answer.raw().status().as_u16())
            }
            // There was nothing to sign with.
            error => caused_by::<CredentialsError>(error).then_some(Self::Credentials),
        }
    }

    /// `cause`, with what it means put in front.
    pub(crate) fn with_cause(self, cause: Arc<dyn Error + Send + Sync>) -> Arc<dyn Error + Send + Sync> {
        Arc::new(CallerAtFault { fault: self, cause })
    }
}

/// What it means, and what to do if it goes on.
impl fmt::Display for CallerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => {
                "the function's credentials are expired, unknown or missing; if this goes on, check that its role exists"
            }
            Self::Signature => {
                "the request's signature was not accepted; if this goes on, check the function's credentials, clock and proxy"
            }
            Self::Clock => "the sandbox's clock is too far from the service's; after a thaw it is set right within moments",
            Self::Account => {
                "the function's account or role may not use the service at all; check the account and the role's policies"
            }
            Self::Operation => {
                "the endpoint does not know the operation; check the Region and the AWS_ENDPOINT_URL variables"
            }
            Self::Intermediary => {
                "not the service answered, but something in between; check proxies, VPC endpoints and the AWS_ENDPOINT_URL variables"
            }
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
struct CallerAtFault {
    fault: CallerFault,
    #[source]
    cause: Arc<dyn Error + Send + Sync>,
}

/// Whether an error of type `C` is among the causes of `error`.
pub(crate) fn caused_by<C: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|cause| cause.is::<C>())
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

    use super::*;

    /// Credentials that cannot be had.
    pub(crate) fn no_credentials() -> SharedCredentialsProvider {
        #[derive(Debug)]
        struct NoCredentials;
        impl ProvideCredentials for NoCredentials {
            fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
            where
                Self: 'a,
            {
                future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("the endpoint is down")))
            }
        }
        SharedCredentialsProvider::new(NoCredentials)
    }

    /// Answers that say that the caller itself is at fault: code and HTTP status. The tests of every service go through all of them.
    pub(crate) const CALLER_FAULTS: [(&str, u16); 35] = [
        ("ExpiredToken", 400),
        ("ExpiredTokenException", 400),
        ("ExpiredTokenException", 403),
        ("InvalidToken", 400),
        ("TokenRefreshRequired", 400),
        ("UnrecognizedClientException", 400),
        ("UnrecognizedClientException", 403),
        ("InvalidClientTokenId", 403),
        ("InvalidAccessKeyId", 403),
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationTokenException", 403),
        ("MissingSecurityHeader", 400),
        ("InvalidSecurity", 403),
        ("InvalidSignature", 403),
        ("InvalidSignatureException", 400),
        ("InvalidSignatureException", 403),
        ("SignatureDoesNotMatch", 403),
        ("IncompleteSignature", 400),
        ("IncompleteSignatureException", 400),
        ("AuthFailure", 401),
        ("RequestExpired", 400),
        ("RequestTimeTooSkewed", 403),
        ("RequestInTheFuture", 403),
        ("NotAuthorized", 400),
        ("NotAuthorizedException", 401),
        ("OptInRequired", 403),
        ("SubscriptionRequiredException", 400),
        ("NotSignedUp", 403),
        ("UnknownOperation", 404),
        ("UnknownOperationException", 400),
        ("InvalidAction", 400),
        ("", 403),
        ("", 407),
        ("", 413),
        ("", 404),
    ];

    #[test]
    fn every_fault_of_the_caller_is_one_and_says_what_it_is() {
        for (code, status) in CALLER_FAULTS {
            assert!(CallerFault::of(code, status).is_some(), "{code} {status}");
        }
        let fault = |code| CallerFault::of(code, 400);
        assert_eq!(fault("ExpiredTokenException"), Some(CallerFault::Credentials));
        assert_eq!(fault("InvalidSignatureException"), Some(CallerFault::Signature));
        assert_eq!(fault("RequestTimeTooSkewed"), Some(CallerFault::Clock));
        assert_eq!(fault("OptInRequired"), Some(CallerFault::Account));
        assert_eq!(fault("UnknownOperationException"), Some(CallerFault::Operation));
        assert_eq!(CallerFault::of("", 407), Some(CallerFault::Intermediary));
    }

    #[test]
    fn what_is_about_a_key_a_destination_or_the_request_is_no_fault_of_the_caller() {
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "KMSOptInRequired",
            "KMS.OptInRequired",
            "DisabledException",
            "NotFoundException",
            "InvalidCiphertextException",
            "ValidationException",
            "ThrottlingException",
            "ServiceUnavailable",
        ] {
            assert_eq!(CallerFault::of(code, 400), None, "{code}");
        }
        for status in [200, 302, 408, 429, 500, 503] {
            assert_eq!(CallerFault::of("", status), None, "{status}");
        }
    }
}
