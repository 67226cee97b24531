//! What decides which materials may seal a message.

use crate::message::{AlgorithmSuite, EncryptionContext, MessageError};

/// Everything that decides which materials may seal a message. Messages with equal requests may share a data key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenerationRequest {
    suite: AlgorithmSuite,
    encryption_context: EncryptionContext,
}

impl GenerationRequest {
    /// The keys of an encryption context that begin so belong to the message format.
    pub const RESERVED_PREFIX: &'static str = "aws-crypto-";

    /// What is kept free in the context's serialised form for a signing suite's public key, in bytes: key, value and lengths.
    const PUBLIC_KEY_RESERVE: usize = 128;

    /// Messages of `suite` with `encryption_context`, which stands in them in clear (and in CloudTrail).
    ///
    /// # Errors
    /// [`GenerationRequestError`], by what is wrong with the context.
    pub fn new(suite: AlgorithmSuite, encryption_context: EncryptionContext) -> Result<Self, GenerationRequestError> {
        //= client-apis/encrypt.md#encryption-context
        //# If the input encryption context contains any entries with a key beginning with `aws-crypto-`, the encryption
        //# operation MUST fail.
        if encryption_context.iter().any(|(key, _)| key.starts_with(Self::RESERVED_PREFIX)) {
            return Err(GenerationRequestError::ReservedKey);
        }
        let serialised = encryption_context.serialise().map_err(GenerationRequestError::TooLong)?;
        if serialised.len().saturating_add(Self::PUBLIC_KEY_RESERVE) > usize::from(u16::MAX) {
            return Err(GenerationRequestError::TooLong(MessageError::ContextTooLong));
        }
        Ok(Self { suite, encryption_context })
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// The context as it was given; a signing suite's public key is added for each data key.
    #[must_use]
    pub fn encryption_context(&self) -> &EncryptionContext {
        &self.encryption_context
    }
}

/// Why no message can have an encryption context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerationRequestError {
    /// A key begins with the prefix that belongs to the message format.
    #[error("a key of the encryption context begins with {}, which is reserved", GenerationRequest::RESERVED_PREFIX)]
    ReservedKey,
    /// A message could not carry it.
    #[error("the encryption context does not fit into a message")]
    TooLong(#[source] MessageError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: &str, value: &str) -> Result<GenerationRequest, GenerationRequestError> {
        GenerationRequest::new(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, [(key, value)].into_iter().collect())
    }

    #[test]
    fn keys_of_the_message_format_are_refused() {
        assert_eq!(request("aws-crypto-public-key", "v"), Err(GenerationRequestError::ReservedKey));
        assert_eq!(request("aws-crypto-", "v"), Err(GenerationRequestError::ReservedKey));
        assert!(request("aws-crypto", "aws-crypto-public-key").is_ok());
    }

    #[test]
    fn a_context_leaves_room_for_the_public_key() {
        // Two bytes for the count, two for each of the lengths, one for the key.
        let longest = 65_535 - 128 - 7;
        assert!(request("k", &"v".repeat(longest - 1)).is_ok());
        assert!(request("k", &"v".repeat(longest)).is_ok());
        for longer in [longest + 1, 65_536] {
            let refused = Err(GenerationRequestError::TooLong(MessageError::ContextTooLong));
            assert_eq!(request("k", &"v".repeat(longer)), refused);
        }
    }
}
