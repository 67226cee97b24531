//! Seals the records, as a producer that reuses its data keys does.

use std::error::Error;

use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, SECOND_DEVELOPMENT_KEY_ARN};
use local_stack::sealing::sealing_materials;
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{DEFAULT_FRAME_LEN, SealingMaterials, seal};

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
        let [context, other] = [CONTEXT, OTHER_CONTEXT].map(|pairs| pairs.into_iter().collect::<EncryptionContext>());
        let mut materials = Vec::new();
        for _ in 0..data_keys {
            materials.push(sealing_materials(kms, DEVELOPMENT_KEY_ARN, &context, &context).await?);
        }
        Ok(Self {
            data_keys: materials,
            other_context: sealing_materials(kms, DEVELOPMENT_KEY_ARN, &context, &other).await?,
            foreign_key: sealing_materials(kms, SECOND_DEVELOPMENT_KEY_ARN, &context, &context).await?,
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
