//! The errors that Kinesis answers a whole request with.

use hyper::StatusCode;

/// An error answer, with the code and HTTP status of the service.
///
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html#API_PutRecords_Errors>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KinesisError {
    /// No such stream or shard.
    #[error("{0}")]
    ResourceNotFound(String),
    /// A value breaks a rule that is about the stream.
    #[error("{0}")]
    InvalidArgument(String),
    /// A value breaks a rule of the API's own.
    #[error("1 validation error detected: {0}")]
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

impl KinesisError {
    /// The code, as `__type` carries it.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::ResourceNotFound(_) => "ResourceNotFoundException",
            Self::InvalidArgument(_) => "InvalidArgumentException",
            Self::Validation(_) => "ValidationException",
            Self::Serialization(_) => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Scripted { code } => code,
        }
    }

    /// 500 for what fails inside Kinesis, 400 for everything else, throttling included.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.code() {
            "InternalFailure" | "InternalFailureException" => StatusCode::INTERNAL_SERVER_ERROR,
            "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
