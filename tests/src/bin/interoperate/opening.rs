//! Messages that other implementations wrote.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{
    AllowedKeys, DecryptDataKey, DecryptionKeyring, DecryptionKeyringSettings, DecryptionMaterials, DecryptionRequest,
    WrappedDataKey,
};
use warmkeys::message::{EncryptionContext, MessageError, MessageLimits, SealedMessage, VerificationKey};
use warmkeys::retry::Deadline;

use local_stack::kms::REGION;

use crate::request::OpenRequest;
use crate::wrapping_keys::{Kms, kms_keys, raw_keys};

/// The time for one data key; the embedded KMS takes milliseconds.
const DATA_KEY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the message, and tells what its header says.
pub(crate) async fn open(request: &OpenRequest, kms: &Kms) -> Result<Value, Box<dyn Error>> {
    let bytes = fs::read(&request.message)?;
    let message = SealedMessage::read(&bytes, &MessageLimits::default())?;
    let materials = materials(request, &message, kms).await?;
    let plaintext =
        message.open(&materials.data_key, materials.verification_key.as_ref(), &EncryptionContext::empty())?;
    fs::write(&request.plaintext, plaintext)?;
    let context = message.encryption_context();
    Ok(json!({
        "suite": format!("{:04x}", message.suite().id()),
        "context": context.iter().collect::<BTreeMap<_, _>>(),
        "encrypted_data_keys": message.encrypted_data_keys().len(),
    }))
}

/// By the raw AES keys, if the reader holds any; else by the KMS keyring.
async fn materials(
    request: &OpenRequest,
    message: &SealedMessage<'_>,
    kms: &Kms,
) -> Result<DecryptionMaterials, Box<dyn Error>> {
    let raw_keys = raw_keys(&request.keys)?;
    let suite = message.suite();
    let encryption_context = message.encryption_context();
    if raw_keys.is_empty() {
        let allowed = AllowedKeys::Strict(kms_keys(&request.keys)?);
        let keyring = DecryptionKeyring::new(
            Arc::clone(&kms.client),
            DecryptionKeyringSettings::new(allowed, REGION, Vec::new())?,
            Arc::new(SystemClock),
        );
        let wrapped = WrappedDataKey::Message { suite, encrypted_data_keys: message.encrypted_data_keys() };
        let deadline = Deadline::after(SystemClock.now().monotonic, DATA_KEY_TIMEOUT);
        return Ok(keyring.decrypt_data_key(&DecryptionRequest { wrapped, encryption_context }, deadline).await?);
    }
    for encrypted in message.encrypted_data_keys() {
        for key in &raw_keys {
            match key.unwrap(&encrypted, &encryption_context) {
                Err(MessageError::OtherWrappingKey) => {}
                Err(error) => return Err(error.into()),
                Ok(data_key) => {
                    let verification_key = VerificationKey::from_encryption_context(suite, &encryption_context)?;
                    return Ok(DecryptionMaterials { data_key, verification_key });
                }
            }
        }
    }
    Err("none of the reader's keys wrapped the data key".into())
}
