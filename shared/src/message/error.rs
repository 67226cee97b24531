//! Why a message was refused, or could not be written.

/// Why a message was refused, or could not be written. Texts name the field and the bound, never content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes end within `field`.
    #[error("the message ends within its {field}")]
    Truncated {
        /// The field, in the format specification's words.
        field: &'static str,
    },
    /// There are bytes after the end of the message.
    #[error("there are bytes after the end of the message")]
    TrailingBytes,
    /// Not a message of this format, or of a version that does not exist.
    #[error("the message format version {version:#04x} is not supported")]
    UnsupportedVersion {
        /// The first byte.
        version: u8,
    },
    /// The algorithm suite id is not one of the eleven.
    #[error("there is no algorithm suite {id:#06x}")]
    UnknownSuite {
        /// The id in the header.
        id: u16,
    },
    /// The suite belongs to the other version of the message format.
    #[error("the algorithm suite {id:#06x} does not belong to this version of the message format")]
    SuiteOfAnotherVersion {
        /// The id in the header.
        id: u16,
    },
    /// `field` has a value that the format does not allow.
    #[error("the message's {field} has a value that the format does not allow")]
    Malformed {
        /// The field, in the format specification's words.
        field: &'static str,
    },
    /// A key occurs twice in the encryption context.
    #[error("a key occurs twice in the encryption context")]
    DuplicateContextKey,
    /// The header has no encrypted data key.
    #[error("the message has no encrypted data key")]
    NoEncryptedDataKeys,
    /// More encrypted data keys than the limit.
    #[error("the message has {count} encrypted data keys, {max} are allowed")]
    TooManyEncryptedDataKeys {
        /// What the header claims.
        count: u16,
        /// The limit (inclusive).
        max: u16,
    },
    /// A larger plaintext than the limit.
    #[error("the plaintext is larger than the {max} bytes allowed")]
    PlaintextTooLarge {
        /// The limit in bytes (inclusive).
        max: usize,
    },
    /// A frame does not have the sequence number that comes next.
    #[error("frame {expected} has another sequence number")]
    FrameOutOfSequence {
        /// The sequence number that was due, from 1.
        expected: u32,
    },
    /// The final frame is longer than the frame length.
    #[error("the final frame is longer than the frame length of {frame_len} bytes")]
    FinalFrameTooLong {
        /// The frame length in the header, in bytes.
        frame_len: u32,
    },
    /// The data key does not have the suite's length.
    #[error("the data key has {actual} bytes, the algorithm suite takes {expected}")]
    DataKeyLength {
        /// The suite's data key length in bytes.
        expected: usize,
        /// The data key's length in bytes.
        actual: usize,
    },
    /// A signing suite, but no public key in the encryption context (or none given to verify with).
    #[error("the algorithm suite signs, but the encryption context has no public key")]
    MissingPublicKey,
    /// A public key in the encryption context, but the suite does not sign.
    #[error("the encryption context has a public key, but the algorithm suite does not sign")]
    UnexpectedPublicKey,
    /// The public key is not a point of the suite's curve, in base64.
    #[error("the public key in the encryption context is not one of the algorithm suite's curve")]
    InvalidPublicKey,
    /// A reproduced pair has another value in the header.
    #[error("a pair of the reproduced encryption context has another value in the message")]
    ReproducedContextMismatch,
    /// The message does not commit to this data key.
    #[error("the message does not commit to this data key")]
    CommitmentMismatch,
    /// The header was not written with this data key and this encryption context, or was changed since.
    #[error("the header does not authenticate")]
    HeaderAuthentication,
    /// A frame was changed, or does not belong to this header.
    #[error("frame {frame} does not authenticate")]
    BodyAuthentication {
        /// The frame's sequence number, from 1; 1 for a non-framed body.
        frame: u32,
    },
    /// The signature is not by this public key over this message.
    #[error("the signature does not verify")]
    SignatureInvalid,
    /// The encryption context does not fit the lengths of the format.
    #[error("the encryption context has more than 65,535 pairs, or is longer than 65,535 bytes")]
    ContextTooLong,
    /// An encrypted data key does not fit the lengths of the format.
    #[error("an encrypted data key has a field longer than 65,535 bytes")]
    EncryptedDataKeyTooLong,
    /// More frames than a message can number.
    #[error("the plaintext has more frames than a message can number; the frame length is too short")]
    TooManyFrames,
    /// The public key in the encryption context is not the signing key's.
    #[error("the public key in the encryption context is not the signing key's")]
    PublicKeyMismatch,
    /// A key of the encryption context that the format keeps for itself.
    #[error("a key of the encryption context begins with `aws-crypto-`, which is reserved")]
    ReservedContextKey,
    /// A data key that encrypts directly (identity KDF) was to encrypt a second message, which would repeat its IVs.
    #[error("the algorithm suite allows one message for a data key")]
    DataKeyUsedBefore,
    /// A wrapping key that is not 16, 24 or 32 bytes long.
    #[error("an AES wrapping key has 16, 24 or 32 bytes, not {actual}")]
    WrappingKeyLength {
        /// The key's length in bytes.
        actual: usize,
    },
    /// A provider id that belongs to KMS.
    #[error("the provider id of a raw AES key must not begin with `aws-kms`")]
    ReservedProviderId,
    /// The encrypted data key was wrapped by another key (or in another way).
    #[error("the encrypted data key was wrapped by another wrapping key")]
    OtherWrappingKey,
    /// The encrypted data key was not wrapped by this key with this encryption context, or was changed since.
    #[error("the encrypted data key does not authenticate")]
    DataKeyAuthentication,
    /// The cryptographic library failed where it fails for no input (no memory, no random bytes).
    #[error("the cryptographic library failed to {operation}")]
    Cryptography {
        /// What it was to do.
        operation: &'static str,
    },
}
