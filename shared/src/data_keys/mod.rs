//! Data keys from KMS: the seams, and what is stacked on them.
//!
//! To decrypt: `Caching(Keyring(Retrying(KmsClient)))`: the cache asks for whole [`DataKeyRequest`]s ([`DecryptDataKey`]); the keyring
//! picks which encrypted data key is decrypted with which KMS key; the retry loop and the client below it know one KMS call
//! ([`DecryptCiphertext`]).
//!
//! To encrypt: `CachingGeneration(WrappingKeyring(Retrying(KmsClient)))`: the cache asks for the materials of one
//! [`GenerationRequest`] ([`GenerateDataKey`]) and counts what is sealed under them; the keyring has the data key generated
//! under one KMS key ([`GenerateUnderKey`]) and wrapped by the others ([`EncryptPlaintext`]).

mod caching;
mod caching_generation;
mod decrypt_ciphertext;
mod encrypt_plaintext;
mod error;
mod generate_data_key;
mod generate_under_key;
mod grant_tokens;
mod key_arn;
mod keyring;
mod retrying;
mod suspect_context;
#[cfg(test)]
pub(crate) mod testing;
mod wrapping_keyring;

use std::future::Future;
use std::sync::Arc;

use crate::message::{AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext, VerificationKey};
use crate::retry::Deadline;

pub use caching::Caching;
pub use caching_generation::{CachingGeneration, UsageLimits, UsageLimitsError};
pub use decrypt_ciphertext::{CiphertextRequest, DecryptCiphertext, DecryptedCiphertext};
pub use encrypt_plaintext::{EncryptPlaintext, EncryptedPlaintext, PlaintextRequest};
pub use error::DataKeyError;
pub use generate_data_key::{GenerateDataKey, GenerationRequest, GenerationRequestError};
pub use generate_under_key::{GenerateUnderKey, GeneratedDataKey, GeneratorRequest};
pub use grant_tokens::{GrantTokens, GrantTokensError};
pub use key_arn::{InvalidKeyArn, KeyArn};
pub use keyring::{AllowedKeys, DiscoveryFilter, Keyring, KeyringSettings, KeyringSettingsError};
pub use retrying::{CallStatistics, Retrying};
pub(crate) use suspect_context::kms_may_refuse;
pub use wrapping_keyring::{WrappingKeyring, WrappingKeys, WrappingKeysError};

/// The provider id that KMS keyrings write and read.
const KMS_PROVIDER_ID: &str = "aws-kms";

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

/// The longest ciphertext that KMS `Decrypt` takes, in bytes (inclusive).
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#KMS-Decrypt-request-CiphertextBlob>
pub const MAX_CIPHERTEXT_BYTES: usize = 6_144;

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
    /// A bare KMS `CiphertextBlob`: the whole record.
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
