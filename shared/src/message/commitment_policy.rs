//! Which suites may be written and read.

use super::AlgorithmSuite;

/// Which suites may be written and read.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/client-apis/client.md#commitment-policy>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitmentPolicy {
    /// Write without commitment, read everything.
    ForbidEncryptAllowDecrypt,
    /// Write with commitment, read everything.
    RequireEncryptAllowDecrypt,
    /// Write and read with commitment only.
    #[default]
    RequireEncryptRequireDecrypt,
}

impl CommitmentPolicy {
    /// Whether a message of `suite` may be read.
    #[must_use]
    pub const fn allows_reading(self, suite: AlgorithmSuite) -> bool {
        match self {
            Self::ForbidEncryptAllowDecrypt | Self::RequireEncryptAllowDecrypt => true,
            Self::RequireEncryptRequireDecrypt => suite.is_committing(),
        }
    }

    /// Whether a message of `suite` may be written.
    #[must_use]
    pub const fn allows_writing(self, suite: AlgorithmSuite) -> bool {
        match self {
            Self::ForbidEncryptAllowDecrypt => !suite.is_committing(),
            Self::RequireEncryptAllowDecrypt | Self::RequireEncryptRequireDecrypt => suite.is_committing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHOUT: AlgorithmSuite = AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha384EcdsaP384;
    const WITH: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

    #[test]
    fn only_the_default_policy_refuses_to_read_without_commitment() {
        assert!(!CommitmentPolicy::default().allows_reading(WITHOUT));
        assert!(CommitmentPolicy::RequireEncryptAllowDecrypt.allows_reading(WITHOUT));
        assert!(CommitmentPolicy::ForbidEncryptAllowDecrypt.allows_reading(WITHOUT));
        assert!(CommitmentPolicy::default().allows_reading(WITH));
        assert!(CommitmentPolicy::ForbidEncryptAllowDecrypt.allows_reading(WITH));
    }

    #[test]
    fn commitment_is_written_unless_it_is_forbidden() {
        for policy in [CommitmentPolicy::RequireEncryptAllowDecrypt, CommitmentPolicy::RequireEncryptRequireDecrypt] {
            assert!(policy.allows_writing(WITH));
            assert!(!policy.allows_writing(WITHOUT));
        }
        assert!(!CommitmentPolicy::ForbidEncryptAllowDecrypt.allows_writing(WITH));
        assert!(CommitmentPolicy::ForbidEncryptAllowDecrypt.allows_writing(WITHOUT));
    }
}
