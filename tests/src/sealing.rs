//! Sealing records as a producer does: data keys from the embedded KMS, one message per record.

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::error::DisplayErrorContext;
use aws_sdk_kms::types::DataKeySpec;
use bytes::Bytes;
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, MessageError, SealingMaterials,
    seal,
};

use crate::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, REGION};

/// Why a record could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// KMS gave no data key.
    #[error("KMS gave no data key: {0}")]
    Kms(String),
    /// The message could not be written.
    #[error("the record could not be sealed")]
    Message(#[from] MessageError),
    /// Fewer data keys were asked for.
    #[error("there is no data key {0}")]
    NoSuchDataKey(usize),
}

/// A producer with several data keys, all wrapped by the development key without an encryption context.
#[derive(Debug)]
pub struct Sealer {
    data_keys: Vec<SealingMaterials>,
}

impl Sealer {
    /// Asks `kms` for so many data keys.
    ///
    /// # Errors
    /// [`SealingError::Kms`].
    pub async fn new(kms: &EmbeddedKms, data_keys: usize) -> Result<Self, SealingError> {
        let (client, none) = (client(kms), EncryptionContext::empty());
        let mut materials = Vec::with_capacity(data_keys);
        for _ in 0..data_keys {
            materials.push(materials_of(&client, DEVELOPMENT_KEY_ARN, &none, &none).await?);
        }
        Ok(Self { data_keys: materials })
    }

    /// Seals `plaintext` under the data key with this number, from 0.
    ///
    /// # Errors
    /// [`SealingError::NoSuchDataKey`], [`SealingError::Message`].
    pub fn seal(&self, plaintext: &[u8], data_key: usize) -> Result<Bytes, SealingError> {
        let materials = self.data_keys.get(data_key).ok_or(SealingError::NoSuchDataKey(data_key))?;
        Ok(seal(plaintext, materials, DEFAULT_FRAME_LEN)?.into())
    }
}

/// A data key that `kms` wraps under `key_arn` with one encryption context, for messages that claim another, or the same.
///
/// # Errors
/// [`SealingError::Kms`], [`SealingError::Message`].
pub async fn sealing_materials(
    kms: &EmbeddedKms,
    key_arn: &str,
    wrapped_with: &EncryptionContext,
    claimed: &EncryptionContext,
) -> Result<SealingMaterials, SealingError> {
    materials_of(&client(kms), key_arn, wrapped_with, claimed).await
}

async fn materials_of(
    client: &Client,
    key_arn: &str,
    wrapped_with: &EncryptionContext,
    claimed: &EncryptionContext,
) -> Result<SealingMaterials, SealingError> {
    let context = wrapped_with.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let request = client.generate_data_key().key_id(key_arn).key_spec(DataKeySpec::Aes256);
    let answer = request.set_encryption_context(Some(context)).send().await;
    let answer = answer.map_err(|error| SealingError::Kms(DisplayErrorContext(error).to_string()))?;
    let incomplete = || SealingError::Kms("the answer is incomplete".to_owned());
    let data_key = DataKey::new(answer.plaintext.ok_or_else(incomplete)?.into_inner());
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: key_arn.as_bytes().to_vec(),
        ciphertext: answer.ciphertext_blob.ok_or_else(incomplete)?.into_inner(),
    };
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    Ok(SealingMaterials::new(suite, data_key, &[encrypted], claimed, &EncryptionContext::empty(), None)?)
}

/// A client of `kms`.
pub fn client(kms: &EmbeddedKms) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "local-stack"))
        .endpoint_url(kms.endpoint_url())
        .build();
    Client::from_conf(config)
}
