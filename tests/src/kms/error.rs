//! The errors that KMS answers with.

use hyper::StatusCode;

/// An error answer, with the code, HTTP status and text of the service.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// The request quota is used up.
    #[error("You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")]
    Throttling,
    /// No such key, or one of another Region.
    #[error("Key '{0}' does not exist")]
    NotFound(String),
    /// The key is disabled.
    #[error("{0} is disabled.")]
    Disabled(String),
    /// The key is in a state that forbids the request.
    #[error("{0} is pending deletion.")]
    InvalidState(String),
    /// The ciphertext was wrapped by another key than the request names.
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    /// The ciphertext is not one of this KMS, is damaged, or was wrapped with another encryption context. KMS does not say which.
    #[error("")]
    InvalidCiphertext,
    /// The request breaks a rule of the API.
    #[error("{0}")]
    Validation(String),
    /// The body is not what the operation takes.
    #[error("{0}")]
    Serialization(String),
    /// The operation is not known.
    #[error("The requested operation is not embedded.")]
    UnknownOperation,
    /// A failure that a script asked for.
    #[error("A scripted failure.")]
    Scripted {
        /// The error code.
        code: String,
    },
}

impl KmsError {
    /// The code, as `__type` carries it.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Throttling => "ThrottlingException",
            Self::NotFound(_) => "NotFoundException",
            Self::Disabled(_) => "DisabledException",
            Self::InvalidState(_) => "KMSInvalidStateException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::Validation(_) => "ValidationException",
            Self::Serialization(_) => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Scripted { code } => code,
        }
    }

    /// 500 for what fails inside KMS, 400 for everything else, throttling included.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.code() {
            "KMSInternalException" | "KeyUnavailableException" | "DependencyTimeoutException" | "InternalFailure" => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            "ServiceUnavailableException" | "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
