//! A message as it travels: parsed, not yet opened.

use super::{AlgorithmSuite, EncryptedDataKey, EncryptionContext, MessageError, MessageLimits};

use super::body::Frames;
use super::header::Header;
use super::reader::Reader;

/// A message whose header is parsed and whose end is found. Nothing in it is authenticated yet.
///
/// Borrows the message's bytes; reading copies nothing, and allocates nothing but where a context's keys are out of order.
#[derive(Clone, Debug)]
pub struct SealedMessage<'a> {
    pub(super) header: Header<'a>,
    /// At the first frame.
    pub(super) frames: Frames<'a>,
    /// The header and the body: what the signature covers.
    pub(super) signed: &'a [u8],
    /// The footer's signature, in DER; only with signing suites.
    pub(super) signature: Option<&'a [u8]>,
    pub(super) plaintext_len: usize,
}

impl<'a> SealedMessage<'a> {
    /// Parses the header of the one message that `bytes` are, and finds where its frames and its footer end.
    ///
    /// Takes both versions of the header, all suites, framed and non-framed bodies. Time and memory are bounded by the
    /// bytes that are there, whatever lengths they claim.
    ///
    /// # Errors
    /// Every [`MessageError`] up to [`MessageError::FinalFrameTooLong`], in the order in which reading comes upon it.
    pub fn read(bytes: &'a [u8], limits: &MessageLimits) -> Result<Self, MessageError> {
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader, limits)?;

        let frames = Frames::new(reader, header.content);
        let mut unread = frames.clone();
        let mut plaintext_len = 0_usize;
        while let Some(frame) = unread.next_frame()? {
            // AES-GCM's ciphertext is as long as its plaintext.
            plaintext_len = plaintext_len.saturating_add(frame.ciphertext.len());
            if plaintext_len > limits.max_plaintext_len {
                return Err(MessageError::PlaintextTooLarge { max: limits.max_plaintext_len });
            }
        }
        let mut reader = unread.into_reader();
        let signed = reader.since(0);

        let signature = if header.suite.is_signing() { Some(reader.take_u16_prefixed("footer")?) } else { None };
        if !reader.is_at_end() {
            return Err(MessageError::TrailingBytes);
        }
        Ok(Self { header, frames, signed, signature, plaintext_len })
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.header.suite
    }

    /// The encryption context as far as the header carries it, built anew at every call.
    #[must_use]
    pub fn encryption_context(&self) -> EncryptionContext {
        self.header.aad.to_encryption_context()
    }

    /// The encrypted data keys in the header's order, built anew at every call.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> Vec<EncryptedDataKey> {
        self.header.encrypted_data_keys.to_vec()
    }

    /// The part of the header that, with the [`suite`](Self::suite), decides which data key opens the message: the encryption
    /// context and the encrypted data keys as they stand there.
    ///
    /// Two messages of one suite with equal bytes here need the same data key, so that a batch can be grouped without
    /// parsing or allocating. Messages with different bytes may need the same one too (another order of the pairs).
    #[must_use]
    pub fn data_key_identity(&self) -> &'a [u8] {
        self.header.data_key_identity
    }

    /// The length of the plaintext in bytes, as the unauthenticated frames have it: [`open`](Self::open) returns this many
    /// bytes, or an error.
    #[must_use]
    pub fn plaintext_len_bound(&self) -> usize {
        self.plaintext_len
    }
}
