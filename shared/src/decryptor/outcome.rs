//! What becomes of a payload.

use std::fmt;
use std::sync::Arc;

use crate::data_keys::DataKeyError;
use crate::failure::FailureClass;
use crate::message::EncryptionContext;
use crate::record_format::ContentError;

/// A payload in clear. `Debug` does not show the plaintext.
#[derive(Clone)]
pub struct Opened {
    /// The plaintext.
    pub plaintext: Vec<u8>,
    /// The authenticated context. Payloads under one data key share it.
    pub encryption_context: Arc<EncryptionContext>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("plaintext_len", &self.plaintext.len()).finish_non_exhaustive()
    }
}

/// Why a payload was not opened. No variant's text holds any of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotOpened {
    /// The payload itself is to blame: it is not of the format, or does not authenticate.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Its data key was not obtained. The error's class says whether it ever will be.
    #[error(transparent)]
    DataKey(#[from] DataKeyError),
    /// The deadline passed before it was opened. Its data key may be cached now.
    #[error("the deadline passed before the record was opened")]
    DeadlinePassed,
    /// An earlier payload could not be opened now, and the order is kept.
    #[error("an earlier record could not be decrypted now")]
    Skipped,
}

impl NotOpened {
    /// What the failure means for the payload.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Content(error) => error.class(),
            Self::DataKey(error) => error.class(),
            Self::DeadlinePassed | Self::Skipped => FailureClass::Transient,
        }
    }
}
