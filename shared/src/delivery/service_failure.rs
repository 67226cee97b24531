//! What the failures of Firehose, SQS and S3 mean for what was to be delivered.

use std::error::Error;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::DeliveryError;
use crate::aws::{CallerFault, CodeMeaning, SdkError, entry_cause, request_cause};

/// What the failure of a request to `service` means.
pub(crate) fn request_failure<E: ProvideErrorMetadata + Error + 'static>(
    service: &'static str,
    error: &SdkError<E>,
) -> DeliveryError {
    let cause = request_cause(service, error);
    if let Some(fault) = CallerFault::of_request(error) {
        return DeliveryError::Caller(fault.with_cause(cause));
    }
    let status = match error {
        SdkError::ServiceError(answer) => answer.raw().status().as_u16(),
        SdkError::ConstructionFailure(_) => return DeliveryError::Refused(cause),
        _ => return DeliveryError::Transient(cause),
    };
    match (CodeMeaning::of(error.code().unwrap_or_default()), status) {
        (CodeMeaning::Throttled, _) | (CodeMeaning::Unknown, 429) => DeliveryError::Throttled(cause),
        (CodeMeaning::Transient, _) | (CodeMeaning::Unknown, 500..) => DeliveryError::Transient(cause),
        (CodeMeaning::Refused | CodeMeaning::Unknown, _) => DeliveryError::Refused(cause),
    }
}

/// What the failure of one entry, in an answer that says 200, means. `sender_fault`: the service says it will never take the entry.
pub(crate) fn entry_failure(service: &'static str, code: &str, sender_fault: bool) -> DeliveryError {
    /// An entry has no status of its own, and no code only if the service has a fault.
    const STATUS: u16 = 200;
    let cause = entry_cause(service, code);
    if let Some(fault) = CallerFault::of(code, STATUS) {
        return DeliveryError::Caller(fault.with_cause(cause));
    }
    match (CodeMeaning::of(code), sender_fault) {
        // Throttling is called the sender's fault by some services, and passes all the same.
        (CodeMeaning::Throttled, _) => DeliveryError::Throttled(cause),
        (CodeMeaning::Refused, _) | (_, true) => DeliveryError::Refused(cause),
        (CodeMeaning::Transient | CodeMeaning::Unknown, false) => DeliveryError::Transient(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_refused_when_the_fault_is_the_senders_unless_it_was_throttled() {
        use DeliveryError::{Refused, Throttled, Transient};
        assert!(matches!(entry_failure("SQS", "InvalidMessageContents", true), Refused(_)));
        assert!(matches!(entry_failure("SQS", "RequestThrottled", true), Throttled(_)));
        assert!(matches!(entry_failure("SQS", "KMS.ThrottlingException", true), Throttled(_)));
        assert!(matches!(entry_failure("SQS", "InternalError", false), Transient(_)));
        assert!(matches!(entry_failure("SQS", "SomethingNew", false), Transient(_)));
        assert!(matches!(entry_failure("SQS", "AccessDenied", false), Refused(_)));
        assert!(matches!(entry_failure("SQS", "InvalidSecurity", true), DeliveryError::Caller(_)));
    }

    #[test]
    fn no_answer_is_transient_and_tells_the_cause() {
        use aws_smithy_runtime_api::client::result::ConnectorError;

        type SendMessageBatchError = aws_smithy_types::error::ErrorMetadata;
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = SdkError::<SendMessageBatchError>::dispatch_failure(ConnectorError::io(refused.into()));
        let DeliveryError::Transient(cause) = request_failure("SQS", &error) else { panic!() };
        assert!(
            cause.to_string().starts_with("no answer from SQS: ") && cause.to_string().contains("refused"),
            "{cause}"
        );
        let error = SdkError::<SendMessageBatchError>::timeout_error("connect");
        assert!(matches!(request_failure("SQS", &error), DeliveryError::Transient(_)));
    }

    #[test]
    fn a_code_from_outside_is_cut() {
        let DeliveryError::Transient(failure) = entry_failure("SQS", &"x".repeat(1 << 20), false) else { panic!() };
        assert!(failure.to_string().len() < 400);
    }
}
