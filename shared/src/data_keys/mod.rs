//! Data keys from KMS, in two wings that mirror each other: [`decrypt`] those that records carry, and [`generate`] new ones.
//!
//! | | decrypt | generate |
//! |---|---|---|
//! | the seam, one method | [`DecryptDataKey`] | [`GenerateDataKey`] |
//! | what it is asked | [`DecryptionRequest`] | [`GenerationRequest`] |
//! | the cache | [`CachingDecryption`] | [`CachingGeneration`] |
//! | the keyring, with its KMS keys | [`DecryptionKeyring`], [`DecryptionKeyringSettings`] | [`GenerationKeyring`], [`GenerationKeyringSettings`] |
//! | what that asks of KMS | [`KmsDecrypt`] | [`KmsGenerateDataKey`], [`KmsEncrypt`] |
//!
//! A wing is stacked as `CachingDecryption(DecryptionKeyring(Retrying(KmsClient)))`. [`Retrying`](crate::retry::Retrying) and the
//! client below it know one KMS request: they make a [`Call`](crate::retry::Call).
//!
//! The words are those of the AWS Encryption SDK's specification, where a keyring decrypts and generates, and a caching cryptographic
//! materials manager stands before it. There one keyring and one manager do both; here a function does one of the two, so each
//! has its half, told apart by the noun of what it does.

pub mod decrypt;
mod error;
pub mod generate;
mod grant_tokens;
mod key_arn;
mod record_fault;
mod suspect_context;
#[cfg(feature = "runtime")]
pub mod variables;

#[cfg(feature = "runtime")]
pub use decrypt::CachingDecryption;
pub use decrypt::{
    AllowedKeys, DecryptDataKey, DecryptedCiphertext, DecryptionKeyring, DecryptionKeyringSettings,
    DecryptionKeyringSettingsError, DecryptionMaterials, DecryptionRequest, DiscoveryFilter, KmsDecrypt,
    MAX_CIPHERTEXT_BYTES, WrappedDataKey,
};
pub use error::DataKeyError;
#[cfg(feature = "runtime")]
pub use generate::{CachingGeneration, UsageLimits, UsageLimitsError};
pub use generate::{
    EncryptedPlaintext, GenerateDataKey, GeneratedDataKey, GenerationKeyring, GenerationKeyringSettings,
    GenerationKeyringSettingsError, GenerationRequest, GenerationRequestError, KmsEncrypt, KmsGenerateDataKey,
};
pub use grant_tokens::{GrantTokens, GrantTokensError};
pub use key_arn::{InvalidKeyArn, KeyArn};
pub use record_fault::{KeyNotAllowed, RecordFault};
pub(crate) use suspect_context::kms_may_refuse;

/// The provider id that KMS keyrings write and read.
const KMS_PROVIDER_ID: &str = "aws-kms";
