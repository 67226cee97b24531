//! From encrypted data keys to plaintext ones: two seams, and what is stacked on them.
//!
//! `Caching(Keyring(Retrying(KmsClient)))`: the cache asks for whole [`DataKeyRequest`]s ([`DecryptDataKey`]); the keyring
//! picks which encrypted data key is decrypted with which KMS key; the retry loop and the client below it know one KMS call
//! ([`DecryptCiphertext`]).

mod caching;
mod decrypt_ciphertext;
mod error;
mod key_arn;
mod keyring;
mod retrying;
#[cfg(test)]
pub(crate) mod testing;

use std::future::Future;
use std::sync::Arc;

use crate::data_key::{DataKey, EncryptedDataKey};
use crate::encryption_context::EncryptionContext;
use crate::message::{AlgorithmSuite, VerificationKey};
use crate::retry::Deadline;

pub use caching::{CacheStatistics, Caching};
pub use decrypt_ciphertext::{CiphertextRequest, DecryptCiphertext, DecryptedCiphertext};
pub use error::DataKeyError;
pub use key_arn::{InvalidKeyArn, KeyArn};
pub use keyring::{AllowedKeys, DiscoveryFilter, Keyring, KeyringSettings, KeyringSettingsError};
pub use retrying::{CallStatistics, Retrying};

/// Decrypts the data key that a record needs. Implemented by the KMS keyring, and by the decorators around it.
pub trait DecryptDataKey: Send + Sync {
    /// Decrypts the data key that `request` describes, before `deadline`.
    ///
    /// # Errors
    /// [`DataKeyError`], whose [`class`](DataKeyError::class) says what the failure means for the record.
    fn decrypt_data_key(
        &self,
        request: &DataKeyRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptionMaterials, DataKeyError>> + Send;
}

/// So that the composing code can keep a handle on a part of the stack, to read its statistics.
impl<D: DecryptDataKey> DecryptDataKey for Arc<D> {
    fn decrypt_data_key(
        &self,
        request: &DataKeyRequest,
        deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptionMaterials, DataKeyError>> + Send {
        D::decrypt_data_key(self, request, deadline)
    }
}

/// Everything that decides which data key a record needs. Two records with equal requests share one data key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyRequest {
    /// The wrapped data key.
    pub wrapped: WrappedDataKey,
    /// The context that the data key was wrapped with: all of it, reproduced pairs included.
    pub encryption_context: EncryptionContext,
}

/// A data key as a record carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrappedDataKey {
    /// The header of an AWS Encryption SDK message: any one of the encrypted data keys will do.
    Message {
        /// The suite decides the data key's length and whether it may be cached.
        suite: AlgorithmSuite,
        /// In the order of the header.
        encrypted_data_keys: Vec<EncryptedDataKey>,
    },
    /// A bare KMS `CiphertextBlob`: the whole record, or the outer key of an activity stream record.
    KmsCiphertext(Vec<u8>),
}

/// What it takes to open a record: the data key and what is parsed once with it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DecryptionMaterials {
    /// The plaintext data key (for [`WrappedDataKey::KmsCiphertext`]: whatever the ciphertext held, 1 to 4,096 bytes).
    pub data_key: DataKey,
    /// For signing suites, the parsed public key from the encryption context.
    pub verification_key: Option<VerificationKey>,
}
