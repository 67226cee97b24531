//! Why a record is rejected, in one word.

use std::fmt;

/// Why a record is rejected, in one word: by it, metrics and logs count and a redrive picks records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectionCode {
    /// It is not of the record format.
    Malformed,
    /// It asks for more than a limit allows.
    OverLimit,
    /// The commitment policy does not allow its algorithm suite.
    SuiteNotAllowed,
    /// Its encryption context lacks, or has another value for, what is required.
    ContextMismatch,
    /// It does not open with its data key.
    NotAuthentic,
    /// No KMS key that is allowed wraps its data key.
    KeyNotAllowed,
    /// KMS cannot decrypt its data key.
    Undecryptable,
    /// KMS knows no such key.
    NoSuchKey,
    /// KMS denies access to the key.
    AccessDenied,
    /// The key is disabled, pending deletion, or otherwise of no use.
    KeyUnavailable,
    /// The record named the key, and KMS refused it for as long as such records are held.
    KeyRefused,
    /// KMS finds the request for its data key invalid.
    InvalidRequest,
    /// What KMS gave does not fit the record.
    MaterialsMismatch,
    /// It is larger than the sink takes.
    TooLarge,
    /// The sink itself says that it can never take it.
    RefusedBySink,
    /// It was rejected by a version that did not tell.
    Unknown,
}

impl RejectionCode {
    /// All codes.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::OverLimit,
        Self::SuiteNotAllowed,
        Self::ContextMismatch,
        Self::NotAuthentic,
        Self::KeyNotAllowed,
        Self::Undecryptable,
        Self::NoSuchKey,
        Self::AccessDenied,
        Self::KeyUnavailable,
        Self::KeyRefused,
        Self::InvalidRequest,
        Self::MaterialsMismatch,
        Self::TooLarge,
        Self::RefusedBySink,
        Self::Unknown,
    ];

    /// The name used in logs, metrics and quarantine messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OverLimit => "over_limit",
            Self::SuiteNotAllowed => "suite_not_allowed",
            Self::ContextMismatch => "context_mismatch",
            Self::NotAuthentic => "not_authentic",
            Self::KeyNotAllowed => "key_not_allowed",
            Self::Undecryptable => "undecryptable",
            Self::NoSuchKey => "no_such_key",
            Self::AccessDenied => "access_denied",
            Self::KeyUnavailable => "key_unavailable",
            Self::KeyRefused => "key_refused",
            Self::InvalidRequest => "invalid_request",
            Self::MaterialsMismatch => "materials_mismatch",
            Self::TooLarge => "too_large",
            Self::RefusedBySink => "refused_by_sink",
            Self::Unknown => "unknown",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// What it means, for the documentation: continues "The record …".
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Malformed => {
                "is not of the record format (`RECORD_FORMAT`): damaged, or something else was written to the stream"
            }
            Self::OverLimit => "asks for more than `MAX_ENCRYPTED_DATA_KEYS` or `MAX_PLAINTEXT_BYTES` allows",
            Self::SuiteNotAllowed => "has an algorithm suite that `COMMITMENT_POLICY` does not allow",
            Self::ContextMismatch => "has another value for a pair of `REQUIRED_ENCRYPTION_CONTEXT`",
            Self::NotAuthentic => "does not open with its data key: it was changed, or sealed under another one",
            Self::KeyNotAllowed => "has no data key that a KMS key of `KMS_KEY_ARNS` or of the discovery filter wraps",
            Self::Undecryptable => {
                "has a data key that KMS cannot decrypt: wrong key, wrong encryption context, or damaged"
            }
            Self::NoSuchKey => "names a KMS key that does not exist, or is not one to decrypt with",
            Self::AccessDenied => {
                "needs a KMS key to which the role has no access (only with `UNAVAILABLE_KEY=quarantine`)"
            }
            Self::KeyUnavailable => {
                "needs a KMS key that is disabled or pending deletion (only with `UNAVAILABLE_KEY=quarantine`)"
            }
            Self::KeyRefused => {
                "names a KMS key that KMS still refused after `DENIED_KEY_HOLD_SECONDS` (only in discovery)"
            }
            Self::InvalidRequest => {
                "makes a request that KMS finds invalid, such as one with too large an encryption context"
            }
            Self::MaterialsMismatch => "has a data key or a public key that does not fit its algorithm suite",
            Self::TooLarge => "is larger than the sink takes, once it is decrypted",
            Self::RefusedBySink => "can never be taken, as the sink itself says",
            Self::Unknown => "was rejected by a version of this function that did not tell a code",
        }
    }
}

impl fmt::Display for RejectionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        for code in RejectionCode::ALL {
            assert_eq!(RejectionCode::named(code.name()), Some(code));
        }
        assert_eq!(RejectionCode::named("other"), None);
    }
}
