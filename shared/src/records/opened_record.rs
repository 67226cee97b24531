//! A record in clear.

use std::fmt;

use super::ShardRecord;
use crate::message::EncryptionContext;
use std::sync::Arc;

/// A record in clear, on its way to the sink. `Debug` does not show the plaintext.
#[derive(Clone)]
pub struct OpenedRecord {
    /// The record it was opened from: position, partition key, time and (in `data`) the ciphertext.
    pub record: ShardRecord,
    /// The authenticated context. Records under one data key share it.
    pub encryption_context: Arc<EncryptionContext>,
    /// The plaintext.
    pub plaintext: Vec<u8>,
}

impl fmt::Debug for OpenedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedRecord")
            .field("sequence_number", &self.record.sequence_number)
            .field("sub_sequence_number", &self.record.sub_sequence_number)
            .field("plaintext_len", &self.plaintext.len())
            .finish_non_exhaustive()
    }
}
