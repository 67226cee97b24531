//! The KMS keyring of the encrypting side: a new data key, wrapped by every configured KMS key.

mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::{GenerateDataKey, GenerationRequest, KmsEncrypt, KmsGenerateDataKey};
use crate::data_keys::{DataKeyError, KMS_PROVIDER_ID, KeyArn};
use crate::message::{EncryptedDataKey, EncryptionContext, PUBLIC_KEY_CONTEXT_KEY, SealingMaterials, SigningKey};
use crate::retry::{Call, CallStatistics, Deadline};

pub use settings::{GenerationKeyringSettings, GenerationKeyringSettingsError};

/// Generates data keys under one KMS key and has them wrapped by the others. All of them wrap, or there is no data key.
///
/// For signing suites it also generates the key pair: it belongs to the data key, and is wiped with it.
///
/// It follows the specification's KMS keyring and multi-keyring:
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/aws-kms/aws-kms-keyring.md#onencrypt>,
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/multi-keyring.md#onencrypt>.
#[derive(Debug)]
pub struct GenerationKeyring<K> {
    kms: K,
    keys: GenerationKeyringSettings,
}

impl<K> GenerationKeyring<K> {
    /// A keyring that calls `kms`.
    #[must_use]
    pub fn new(kms: K, keys: GenerationKeyringSettings) -> Self {
        Self { kms, keys }
    }
}

impl<K: Call<KmsGenerateDataKey> + Call<KmsEncrypt>> GenerateDataKey for GenerationKeyring<K> {
    /// Each call makes a data key of its own, whatever the message's length.
    async fn generate_data_key(
        &self,
        request: &GenerationRequest,
        _plaintext_len: Option<u64>,
        deadline: Deadline,
    ) -> Result<Arc<SealingMaterials>, DataKeyError> {
        let suite = request.suite();
        let signing_key = SigningKey::generate(suite).map_err(DataKeyError::Materials)?;
        //= framework/default-cmm.md#get-encryption-materials
        //# The key MUST be the reserved name, `aws-crypto-public-key`. The value MUST be the base64-encoded public
        //# verification key.
        // Before KMS is called, so that the public key is bound to the data key.
        let mut context = request.encryption_context().clone();
        if let Some(signing_key) = &signing_key {
            context.insert(PUBLIC_KEY_CONTEXT_KEY, signing_key.public_key());
        }

        let generate = KmsGenerateDataKey {
            key: self.keys.generator.clone(),
            data_key_len: suite.data_key_len(),
            encryption_context: context.clone(),
            grant_tokens: self.keys.grant_tokens.clone(),
        };
        let generated = self.kms.call(&generate, deadline).await?;
        //= framework/aws-kms/aws-kms-keyring.md#onencrypt
        //# OnEncrypt MUST verify that the response `Plaintext` length matches the specification of the algorithm suite's Key
        //# Derivation Input Length field.
        let (expected, actual) = (suite.data_key_len(), generated.data_key.expose().len());
        if actual != expected {
            return Err(UnfitAnswer::DataKeyLength { expected, actual }.into());
        }
        let first = encrypted_data_key(&self.keys.generator, generated.key, generated.ciphertext)?;
        let wrapped = self.keys.additional.iter().map(|key| async {
            let encrypt = KmsEncrypt {
                key: key.clone(),
                plaintext: generated.data_key.clone(),
                encryption_context: context.clone(),
                grant_tokens: self.keys.grant_tokens.clone(),
            };
            let answer = self.kms.call(&encrypt, deadline).await?;
            encrypted_data_key(key, answer.key, answer.ciphertext)
        });
        let mut encrypted_data_keys = vec![first];
        if deadline.is_impatient() {
            // One after the other: what nobody waits for has few permits.
            for wrapped in wrapped {
                encrypted_data_keys.push(wrapped.await?);
            }
        } else {
            // All at once: a generation takes as long as two calls, however many keys there are.
            encrypted_data_keys.extend(try_join_all(wrapped).await?);
        }

        let required_context = EncryptionContext::empty();
        SealingMaterials::new(
            suite,
            generated.data_key.clone(),
            &encrypted_data_keys,
            &context,
            &required_context,
            signing_key,
        )
        .map(Arc::new)
        .map_err(DataKeyError::Materials)
    }

    /// Of both kinds of requests: the same loop counts them.
    fn call_statistics(&self) -> Option<CallStatistics> {
        Call::<KmsGenerateDataKey>::call_statistics(&self.kms)
    }
}

fn encrypted_data_key(asked: &KeyArn, answered: KeyArn, ciphertext: Vec<u8>) -> Result<EncryptedDataKey, DataKeyError> {
    // Not merely a related key: it was called by its ARN in its own Region.
    if answered != *asked {
        return Err(UnfitAnswer::OtherKey { asked: asked.clone(), answered }.into());
    }
    Ok(EncryptedDataKey {
        provider_id: KMS_PROVIDER_ID.to_owned(),
        provider_info: answered.as_str().as_bytes().to_vec(),
        ciphertext,
    })
}

/// An answer that no healthy KMS gives.
#[derive(Debug, thiserror::Error)]
enum UnfitAnswer {
    #[error("{asked} was asked for, but {answered} answered")]
    OtherKey { asked: KeyArn, answered: KeyArn },
    #[error("a data key of {expected} bytes was asked for, but KMS gave one of {actual} bytes")]
    DataKeyLength { expected: usize, actual: usize },
}

impl From<UnfitAnswer> for DataKeyError {
    /// Not permanent: no message is to blame for it.
    fn from(answer: UnfitAnswer) -> Self {
        Self::KeyUnavailable(Arc::new(answer))
    }
}
