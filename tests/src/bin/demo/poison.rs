//! Seals the records that no function may let through: they are made here, because no producer would write them.

use std::error::Error;

use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, SECOND_DEVELOPMENT_KEY_ARN};
use local_stack::sealing::sealing_materials;
use warmkeys::message::{DEFAULT_FRAME_LEN, EncryptionContext, SealingMaterials, seal};

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
        let [wrapped_with, other]: [EncryptionContext; 2] =
            [CONTEXT, OTHER_CONTEXT].map(|context| context.into_iter().collect());
        Ok(Self {
            own: sealing_materials(kms, DEVELOPMENT_KEY_ARN, &wrapped_with, &wrapped_with).await?,
            other_context: sealing_materials(kms, DEVELOPMENT_KEY_ARN, &wrapped_with, &other).await?,
            foreign_key: sealing_materials(kms, SECOND_DEVELOPMENT_KEY_ARN, &wrapped_with, &wrapped_with).await?,
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
