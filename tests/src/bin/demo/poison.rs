//! Seals the records that no function may let through: they are made here, because no producer would write them.

use std::error::Error;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::types::DataKeySpec;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, REGION, SECOND_DEVELOPMENT_KEY_ARN};
use warmkeys::data_key::{DataKey, EncryptedDataKey};
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, SealingMaterials, seal};

use crate::workload::Poison;

/// What the data keys are wrapped with.
const CONTEXT: [(&str, &str); 2] = [("purpose", "orders"), ("tenant", "blue")];

/// What a record claims that is poisoned by its context.
const OTHER_CONTEXT: [(&str, &str); 2] = [("purpose", "orders"), ("tenant", "green")];

/// Seals poison, each kind under a data key of its own.
pub(crate) struct PoisonSealer {
    own: SealingMaterials,
    other_context: SealingMaterials,
    foreign_key: SealingMaterials,
}

impl PoisonSealer {
    /// Gets the data keys.
    pub(crate) async fn start(kms: &EmbeddedKms) -> Result<Self, Box<dyn Error>> {
        let kms = &client(kms);
        Ok(Self {
            own: sealing_materials(kms, DEVELOPMENT_KEY_ARN, CONTEXT).await?,
            other_context: sealing_materials(kms, DEVELOPMENT_KEY_ARN, OTHER_CONTEXT).await?,
            foreign_key: sealing_materials(kms, SECOND_DEVELOPMENT_KEY_ARN, CONTEXT).await?,
        })
    }

    /// Seals `plaintext` so that it cannot be opened.
    pub(crate) fn seal(&self, plaintext: &str, poison: Poison) -> Result<Vec<u8>, Box<dyn Error>> {
        let materials = match poison {
            Poison::Damaged => &self.own,
            Poison::OtherContext => &self.other_context,
            Poison::ForeignKey => &self.foreign_key,
        };
        let mut message = seal(plaintext.as_bytes(), materials, DEFAULT_FRAME_LEN)?;
        if poison == Poison::Damaged
            && let Some(last) = message.last_mut()
        {
            *last ^= 1;
        }
        Ok(message)
    }
}

/// A data key that is wrapped under `key_arn` with [`CONTEXT`], for messages that claim `claimed_context`.
async fn sealing_materials(
    client: &Client,
    key_arn: &str,
    claimed_context: [(&str, &str); 2],
) -> Result<SealingMaterials, Box<dyn Error>> {
    let wrapped_with = CONTEXT.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let request = client.generate_data_key().key_id(key_arn).key_spec(DataKeySpec::Aes256);
    let answer = request.set_encryption_context(Some(wrapped_with)).send().await?;
    let data_key = answer.plaintext.ok_or("KMS gave no plaintext data key")?;
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: key_arn.as_bytes().to_vec(),
        ciphertext: answer.ciphertext_blob.ok_or("KMS gave no wrapped data key")?.into_inner(),
    };
    let context: EncryptionContext = claimed_context.into_iter().collect();
    let (suite, data_key) = (AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, DataKey::new(data_key.into_inner()));
    Ok(SealingMaterials::new(suite, data_key, &[encrypted], &context, &EncryptionContext::empty(), None)?)
}

fn client(kms: &EmbeddedKms) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "demo"))
        .endpoint_url(kms.endpoint_url())
        .build();
    Client::from_conf(config)
}
