//! What a message may ask of the reader.

use std::num::NonZeroU16;

/// The default of [`MessageLimits::max_encrypted_data_keys`]. Producers write one per wrapping key (Region); more than ten
/// is more likely an attack on the KMS request quota than a key hierarchy.
pub const DEFAULT_MAX_ENCRYPTED_DATA_KEYS: NonZeroU16 = NonZeroU16::new(10).unwrap();

/// The default of [`MessageLimits::max_plaintext_len`], in bytes: 10 MiB, the largest record that Kinesis takes.
pub const DEFAULT_MAX_PLAINTEXT_LEN: usize = 10 * 1024 * 1024;

/// What a message may ask of the reader. Lengths are also bounded by the bytes that are really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLimits {
    /// The largest number of encrypted data keys (inclusive). Each may cost a KMS call.
    pub max_encrypted_data_keys: NonZeroU16,
    /// The largest plaintext, in bytes (inclusive).
    pub max_plaintext_len: usize,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { max_encrypted_data_keys: DEFAULT_MAX_ENCRYPTED_DATA_KEYS, max_plaintext_len: DEFAULT_MAX_PLAINTEXT_LEN }
    }
}
