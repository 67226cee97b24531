//! The eleven algorithm suites of the message format.

/// One of the eleven algorithm suites, named by its id.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/algorithm-suites.md>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlgorithmSuite {
    /// `0014`: AES-128-GCM, the data key used as it is.
    Aes128GcmIv12Tag16NoKdf,
    /// `0046`: AES-192-GCM, the data key used as it is.
    Aes192GcmIv12Tag16NoKdf,
    /// `0078`: AES-256-GCM, the data key used as it is.
    Aes256GcmIv12Tag16NoKdf,
    /// `0114`: AES-128-GCM, HKDF-SHA256.
    Aes128GcmIv12Tag16HkdfSha256,
    /// `0146`: AES-192-GCM, HKDF-SHA256.
    Aes192GcmIv12Tag16HkdfSha256,
    /// `0178`: AES-256-GCM, HKDF-SHA256.
    Aes256GcmIv12Tag16HkdfSha256,
    /// `0214`: AES-128-GCM, HKDF-SHA256, ECDSA P-256.
    Aes128GcmIv12Tag16HkdfSha256EcdsaP256,
    /// `0346`: AES-192-GCM, HKDF-SHA384, ECDSA P-384.
    Aes192GcmIv12Tag16HkdfSha384EcdsaP384,
    /// `0378`: AES-256-GCM, HKDF-SHA384, ECDSA P-384.
    Aes256GcmIv12Tag16HkdfSha384EcdsaP384,
    /// `0478`: AES-256-GCM, HKDF-SHA512, key commitment.
    Aes256GcmHkdfSha512CommitKey,
    /// `0578`: AES-256-GCM, HKDF-SHA512, key commitment, ECDSA P-384.
    Aes256GcmHkdfSha512CommitKeyEcdsaP384,
}

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
