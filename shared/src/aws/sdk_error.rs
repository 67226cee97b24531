//! The failure of a request, whichever service it is of.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// The failure of a request, as all SDK crates have it.
pub(crate) type SdkError<E> = aws_smithy_runtime_api::client::result::SdkError<E, HttpResponse>;
