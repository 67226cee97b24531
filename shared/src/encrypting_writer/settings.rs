//! What can be set about encrypting.

use std::num::{NonZeroU32, NonZeroUsize};

use crate::invocation::TimeReserves;
use crate::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, EncryptionContext};

/// How records are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptingSettings {
    /// The algorithm suite of the messages.
    pub suite: AlgorithmSuite,
    /// The plaintext bytes of a frame; each frame has a tag of its own.
    pub frame_len: NonZeroU32,
    /// Pairs that every record gets in addition to its own.
    pub encryption_context: EncryptionContext,
    /// What is kept back: of an invocation's time for the response
    /// ([`write_deadline`](super::EncryptingWriter::write_deadline)), and of a call's time for the delivery, which is sealing and writing.
    pub reserves: TimeReserves,
    /// The most threads that seal records.
    pub sealing_threads: NonZeroUsize,
}

impl EncryptingSettings {
    /// The default of [`suite`](Self::suite): with key commitment and without signatures, which would cost a hundred times the
    /// sealing of a small record, and help only where those who may decrypt must not be able to encrypt.
    pub const DEFAULT_SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
}

impl Default for EncryptingSettings {
    /// The defaults of the parts, no pairs, and a thread for each core.
    fn default() -> Self {
        Self {
            suite: Self::DEFAULT_SUITE,
            frame_len: DEFAULT_FRAME_LEN,
            encryption_context: EncryptionContext::empty(),
            reserves: TimeReserves::default(),
            sealing_threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}
