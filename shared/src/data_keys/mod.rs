//! Data keys from KMS, in two wings that mirror each other: [`decrypt`] those that records carry, and [`generate`] new ones.
//!
//! | | decrypt | generate |
//! |---|---|---|
//! | the seam, one method | [`DecryptDataKey`] | [`GenerateDataKey`] |
//! | what it is asked | [`DataKeyRequest`] | [`GenerationRequest`] |
//! | the cache | [`Caching`] | [`CachingGeneration`] |
//! | the keyring, with its KMS keys | [`Keyring`], [`KeyringSettings`] | [`WrappingKeyring`], [`WrappingKeys`] |
//! | what that asks of KMS | [`KmsDecrypt`] | [`KmsGenerateDataKey`], [`KmsEncrypt`] |
//!
//! A wing is stacked as `Cache(Keyring(Retrying(KmsClient)))`. [`Retrying`](crate::retry::Retrying) and the client know one KMS request:
//! a [`Call`](crate::retry::Call).

pub mod decrypt;
mod error;
pub mod generate;
mod grant_tokens;
mod key_arn;
mod suspect_context;

pub use decrypt::{
    AllowedKeys, Caching, DataKeyRequest, DecryptDataKey, DecryptedCiphertext, DecryptionMaterials, DiscoveryFilter,
    Keyring, KeyringSettings, KeyringSettingsError, KmsDecrypt, MAX_CIPHERTEXT_BYTES, WrappedDataKey,
};
pub use error::DataKeyError;
pub use generate::{
    CachingGeneration, EncryptedPlaintext, GenerateDataKey, GeneratedDataKey, GenerationRequest,
    GenerationRequestError, KmsEncrypt, KmsGenerateDataKey, UsageLimits, UsageLimitsError, WrappingKeyring,
    WrappingKeys, WrappingKeysError,
};
pub use grant_tokens::{GrantTokens, GrantTokensError};
pub use key_arn::{InvalidKeyArn, KeyArn};
pub(crate) use suspect_context::kms_may_refuse;

/// The provider id that KMS keyrings write and read.
const KMS_PROVIDER_ID: &str = "aws-kms";
