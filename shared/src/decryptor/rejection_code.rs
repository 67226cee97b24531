//! Why a payload was not opened, in one word.

use super::NotOpened;
use crate::data_keys::{DataKeyError, RecordFault};
use crate::message::MessageError;
use crate::record_format::{ActivityStreamError, ContentError};
use crate::records::RejectionCode;

impl NotOpened {
    /// Why, in one word, where it is the last word about the payload; what may pass is [`Unknown`](RejectionCode::Unknown).
    #[must_use]
    pub fn rejection_code(&self) -> RejectionCode {
        match self {
            Self::Content(error) => of_content(error),
            Self::DataKey(error) => of_data_key(error),
            Self::DeadlinePassed | Self::Skipped => RejectionCode::Unknown,
        }
    }
}

fn of_content(error: &ContentError) -> RejectionCode {
    match error {
        ContentError::Malformed(
            MessageError::TooManyEncryptedDataKeys { .. } | MessageError::PlaintextTooLarge { .. },
        ) => RejectionCode::OverLimit,
        ContentError::Malformed(_) | ContentError::CiphertextLength { .. } => RejectionCode::Malformed,
        ContentError::SuiteNotAllowed(_) => RejectionCode::SuiteNotAllowed,
        ContentError::ContextMismatch { .. } => RejectionCode::ContextMismatch,
        ContentError::NotAuthentic(_) => RejectionCode::NotAuthentic,
        ContentError::ActivityStream(error) => match error {
            ActivityStreamError::NotARecord
            | ActivityStreamError::OtherType
            | ActivityStreamError::NotBase64(_)
            | ActivityStreamError::KeyLength { .. }
            | ActivityStreamError::Compression(_) => RejectionCode::Malformed,
            ActivityStreamError::OuterKeyLength { .. } => RejectionCode::MaterialsMismatch,
            ActivityStreamError::Message(_) => RejectionCode::NotAuthentic,
        },
    }
}

fn of_data_key(error: &DataKeyError) -> RejectionCode {
    match error {
        DataKeyError::NoAllowedKey(_) => RejectionCode::KeyNotAllowed,
        DataKeyError::Undecryptable(_) => RejectionCode::Undecryptable,
        DataKeyError::NoSuchKey(_) => RejectionCode::NoSuchKey,
        DataKeyError::AccessDenied(_) => RejectionCode::AccessDenied,
        DataKeyError::KeyUnavailable(_) => RejectionCode::KeyUnavailable,
        DataKeyError::InvalidRequest(_) => RejectionCode::InvalidRequest,
        DataKeyError::WrongKey | DataKeyError::Materials(_) => RejectionCode::MaterialsMismatch,
        DataKeyError::RecordFault(fault) => match **fault {
            RecordFault::NoSuchKey(_) => RejectionCode::NoSuchKey,
            RecordFault::RefusedTooLong { .. } => RejectionCode::KeyRefused,
            RecordFault::InvalidRequest(_) => RejectionCode::InvalidRequest,
        },
        DataKeyError::Throttled(_)
        | DataKeyError::Transient(_)
        | DataKeyError::Caller(_)
        | DataKeyError::DeadlinePassed
        | DataKeyError::EnoughCallsInVain => RejectionCode::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::failure::FailureClass;

    #[test]
    fn whatever_can_be_the_last_word_has_a_code_and_what_may_pass_has_none() {
        let cause = || Arc::new(std::fmt::Error);
        let errors = [
            DataKeyError::Throttled(cause()),
            DataKeyError::Transient(cause()),
            DataKeyError::Caller(cause()),
            DataKeyError::DeadlinePassed,
            DataKeyError::EnoughCallsInVain,
            DataKeyError::KeyUnavailable(cause()),
            DataKeyError::NoSuchKey(cause()),
            DataKeyError::AccessDenied(cause()),
            DataKeyError::InvalidRequest(cause()),
            DataKeyError::Undecryptable(cause()),
            RecordFault::NoSuchKey(cause()).into(),
            RecordFault::InvalidRequest(cause()).into(),
            DataKeyError::WrongKey,
            DataKeyError::Materials(MessageError::MissingPublicKey),
        ];
        for error in errors.map(NotOpened::DataKey) {
            let may_be_last = matches!(error.class(), FailureClass::Permanent | FailureClass::Unavailable);
            assert_eq!(error.rejection_code() != RejectionCode::Unknown, may_be_last, "{error:?}");
        }
    }

    #[test]
    fn what_a_limit_refuses_is_told_from_what_is_malformed() {
        let code = |error| NotOpened::Content(ContentError::Malformed(error)).rejection_code();
        assert_eq!(code(MessageError::PlaintextTooLarge { max: 1 }), RejectionCode::OverLimit);
        assert_eq!(code(MessageError::TrailingBytes), RejectionCode::Malformed);
    }
}
