//! The operations that the embedded KMS knows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An operation of the KMS API, named as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Unwraps a ciphertext blob.
    Decrypt,
    /// Wraps up to 4,096 bytes.
    Encrypt,
    /// Makes a data key, in plaintext and wrapped.
    GenerateDataKey,
    /// Makes a data key, wrapped only.
    GenerateDataKeyWithoutPlaintext,
    /// Tells a key's ARN and state.
    DescribeKey,
    /// Makes a key.
    CreateKey,
    /// Allows the use of a key.
    EnableKey,
    /// Forbids the use of a key.
    DisableKey,
    /// Puts a key into the state `PendingDeletion`.
    ScheduleKeyDeletion,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Decrypt,
        Self::Encrypt,
        Self::GenerateDataKey,
        Self::GenerateDataKeyWithoutPlaintext,
        Self::DescribeKey,
        Self::CreateKey,
        Self::EnableKey,
        Self::DisableKey,
        Self::ScheduleKeyDeletion,
    ];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decrypt => "Decrypt",
            Self::Encrypt => "Encrypt",
            Self::GenerateDataKey => "GenerateDataKey",
            Self::GenerateDataKeyWithoutPlaintext => "GenerateDataKeyWithoutPlaintext",
            Self::DescribeKey => "DescribeKey",
            Self::CreateKey => "CreateKey",
            Self::EnableKey => "EnableKey",
            Self::DisableKey => "DisableKey",
            Self::ScheduleKeyDeletion => "ScheduleKeyDeletion",
        }
    }

    /// Whether the operation counts towards the shared quota of cryptographic operations.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
    #[must_use]
    pub fn is_cryptographic(self) -> bool {
        matches!(self, Self::Decrypt | Self::Encrypt | Self::GenerateDataKey | Self::GenerateDataKeyWithoutPlaintext)
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|operation| operation.name() == name).ok_or(UnknownOperation)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No operation of this name is embedded.
#[derive(Debug, thiserror::Error)]
#[error("the embedded KMS does not know this operation")]
pub struct UnknownOperation;
