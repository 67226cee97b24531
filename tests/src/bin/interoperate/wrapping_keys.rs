//! Raw AES keys, and KMS.

use std::error::Error;
use std::sync::Arc;

use aws_sdk_kms::primitives::Blob;
use warmkeys::data_key::{DataKey, EncryptedDataKey};
use warmkeys::data_keys::KeyArn;
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::kms::{KmsClient, KmsSettings};
use warmkeys::message::{AlgorithmSuite, RawAesKey};

use crate::request::WrappingKey;

/// The provider id of encrypted data keys that KMS wrapped.
const KMS_PROVIDER_ID: &str = "aws-kms";

/// KMS as the environment configures it.
pub(crate) struct Kms {
    /// What the library decrypts with.
    pub(crate) decrypting: Arc<KmsClient>,
    /// Generates and wraps data keys.
    generating: aws_sdk_kms::Client,
}

impl Kms {
    pub(crate) async fn connect() -> Self {
        let config = aws_config::load_from_env().await;
        Self {
            decrypting: Arc::new(KmsClient::new(&config, &KmsSettings::default())),
            generating: aws_sdk_kms::Client::new(&config),
        }
    }

    /// A new data key, wrapped by the KMS key `arn`.
    async fn generate(
        &self,
        arn: &str,
        suite: AlgorithmSuite,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), Box<dyn Error>> {
        let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let generated = self
            .generating
            .generate_data_key()
            .key_id(arn)
            .number_of_bytes(suite.data_key_len().try_into()?)
            .set_encryption_context(Some(pairs.collect()))
            .send()
            .await?;
        let secret = generated.plaintext.ok_or("no plaintext data key")?.into_inner();
        Ok((DataKey::new(secret), wrapped_by_kms(generated.key_id, generated.ciphertext_blob)?))
    }

    /// The same data key, wrapped by a further KMS key.
    async fn wrap(
        &self,
        arn: &str,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, Box<dyn Error>> {
        let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let encrypted = self
            .generating
            .encrypt()
            .key_id(arn)
            .plaintext(Blob::new(data_key.expose()))
            .set_encryption_context(Some(pairs.collect()))
            .send()
            .await?;
        wrapped_by_kms(encrypted.key_id, encrypted.ciphertext_blob)
    }
}

/// A new data key, wrapped by each of `keys`: the first one, if it is of KMS, generates it.
pub(crate) async fn new_data_key(
    keys: &[WrappingKey],
    suite: AlgorithmSuite,
    context: &EncryptionContext,
    kms: &Kms,
) -> Result<(DataKey, Vec<EncryptedDataKey>), Box<dyn Error>> {
    let (data_key, mut encrypted, further) = match keys {
        [WrappingKey::Kms(arn), further @ ..] => {
            let (data_key, wrapped) = kms.generate(arn, suite, context).await?;
            (data_key, vec![wrapped], further)
        }
        all => (random_data_key(suite)?, Vec::new(), all),
    };
    for key in further {
        encrypted.push(match key {
            WrappingKey::Kms(arn) => kms.wrap(arn, &data_key, context).await?,
            WrappingKey::Raw { provider_id, name, key_base64 } => {
                raw(provider_id, name, key_base64)?.wrap(&data_key, context)?
            }
        });
    }
    Ok((data_key, encrypted))
}

/// The raw AES keys among `keys`.
pub(crate) fn raw_keys(keys: &[WrappingKey]) -> Result<Vec<RawAesKey>, Box<dyn Error>> {
    let raw_keys = keys.iter().filter_map(|key| match key {
        WrappingKey::Raw { provider_id, name, key_base64 } => Some(raw(provider_id, name, key_base64)),
        WrappingKey::Kms(_) => None,
    });
    raw_keys.collect()
}

/// The KMS keys among `keys`.
pub(crate) fn kms_keys(keys: &[WrappingKey]) -> Result<Vec<KeyArn>, Box<dyn Error>> {
    let arns = keys.iter().filter_map(|key| match key {
        WrappingKey::Kms(arn) => Some(arn.parse::<KeyArn>()),
        WrappingKey::Raw { .. } => None,
    });
    Ok(arns.collect::<Result<_, _>>()?)
}

fn raw(provider_id: &str, name: &str, key_base64: &str) -> Result<RawAesKey, Box<dyn Error>> {
    let key = base64_simd::STANDARD.decode_to_vec(key_base64)?;
    Ok(RawAesKey::new(provider_id, name, &key)?)
}

fn random_data_key(suite: AlgorithmSuite) -> Result<DataKey, Box<dyn Error>> {
    let mut secret = vec![0; suite.data_key_len()];
    aws_lc_rs::rand::fill(&mut secret)?;
    Ok(DataKey::new(secret))
}

fn wrapped_by_kms(arn: Option<String>, blob: Option<Blob>) -> Result<EncryptedDataKey, Box<dyn Error>> {
    Ok(EncryptedDataKey {
        provider_id: KMS_PROVIDER_ID.to_owned(),
        provider_info: arn.ok_or("KMS names no key")?.into_bytes(),
        ciphertext: blob.ok_or("KMS returns no ciphertext")?.into_inner(),
    })
}
