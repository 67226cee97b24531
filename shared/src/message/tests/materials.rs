//! Materials as a producer would have them.

use crate::message::{
    AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext, MessageError, MessageLimits, PUBLIC_KEY_CONTEXT_KEY,
    SealedMessage, SealingMaterials, SigningKey, VerificationKey,
};

/// What it takes to open a message.
pub(super) struct Opening {
    pub(super) data_key: DataKey,
    pub(super) verification_key: Option<VerificationKey>,
    pub(super) reproduced_context: EncryptionContext,
}

impl Opening {
    pub(super) fn open(&self, message: &[u8]) -> Result<Vec<u8>, MessageError> {
        SealedMessage::read(message, &MessageLimits::default())?.open(
            &self.data_key,
            self.verification_key.as_ref(),
            &self.reproduced_context,
        )
    }
}

pub(super) fn encrypted_data_key() -> EncryptedDataKey {
    EncryptedDataKey { provider_id: "provider".into(), provider_info: b"info".to_vec(), ciphertext: vec![0xED; 48] }
}

/// Materials of `suite` with a key of `key_byte`s, and what opens their messages.
pub(super) fn materials(
    suite: AlgorithmSuite,
    key_byte: u8,
    stored: &[(&str, &str)],
    required: &[(&str, &str)],
) -> (SealingMaterials, Opening) {
    let data_key = DataKey::new(vec![key_byte; suite.data_key_len()]);
    let mut context: EncryptionContext = stored.iter().copied().collect();
    let signing_key = SigningKey::generate(suite).unwrap();
    if let Some(key) = &signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, key.public_key());
    }
    let required: EncryptionContext = required.iter().copied().collect();
    let opening = Opening {
        data_key: data_key.clone(),
        verification_key: VerificationKey::from_encryption_context(suite, &context).unwrap(),
        reproduced_context: required.clone(),
    };
    let edks = [encrypted_data_key()];
    (SealingMaterials::new(suite, data_key, &edks, &context, &required, signing_key).unwrap(), opening)
}
