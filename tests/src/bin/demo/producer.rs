//! Seals the records, as a producer that reuses its data keys does.

use std::error::Error;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::types::DataKeySpec;
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, REGION, SECOND_DEVELOPMENT_KEY_ARN};
use warmkeys::data_key::{DataKey, EncryptedDataKey};
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, MessageError, SealingMaterials, seal};

use crate::workload::{PlannedRecord, Poison};

/// What the data keys are wrapped with.
const CONTEXT: [(&str, &str); 2] = [("purpose", "orders"), ("tenant", "blue")];

/// What a record claims that is poisoned by its context.
const OTHER_CONTEXT: [(&str, &str); 2] = [("purpose", "orders"), ("tenant", "green")];

/// Seals records under data keys from KMS.
pub(crate) struct Producer {
    data_keys: Vec<SealingMaterials>,
    other_context: SealingMaterials,
    foreign_key: SealingMaterials,
}

impl Producer {
    /// Gets so many data keys, and those of the poison.
    pub(crate) async fn start(kms: &EmbeddedKms, data_keys: u32) -> Result<Self, Box<dyn Error>> {
        let client = client(kms);
        let mut materials = Vec::new();
        for _ in 0..data_keys {
            materials.push(sealing_materials(&client, DEVELOPMENT_KEY_ARN, CONTEXT).await?);
        }
        Ok(Self {
            data_keys: materials,
            other_context: sealing_materials(&client, DEVELOPMENT_KEY_ARN, OTHER_CONTEXT).await?,
            foreign_key: sealing_materials(&client, SECOND_DEVELOPMENT_KEY_ARN, CONTEXT).await?,
        })
    }

    /// Seals `plaintext` as planned.
    pub(crate) fn seal(&self, plaintext: &[u8], planned: &PlannedRecord) -> Result<Vec<u8>, Box<dyn Error>> {
        let number = usize::try_from(planned.data_key)?;
        let materials = match planned.poison {
            None | Some(Poison::Damaged) => self.data_keys.get(number).ok_or("there is no such data key")?,
            Some(Poison::OtherContext) => &self.other_context,
            Some(Poison::ForeignKey) => &self.foreign_key,
        };
        let mut message = seal(plaintext, materials, DEFAULT_FRAME_LEN)?;
        if planned.poison == Some(Poison::Damaged)
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
    Ok(committing_materials(DataKey::new(data_key.into_inner()), encrypted, claimed_context)?)
}

fn committing_materials(
    data_key: DataKey,
    encrypted: EncryptedDataKey,
    context: [(&str, &str); 2],
) -> Result<SealingMaterials, MessageError> {
    let context: EncryptionContext = context.into_iter().collect();
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    SealingMaterials::new(suite, data_key, &[encrypted], &context, &EncryptionContext::empty(), None)
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
