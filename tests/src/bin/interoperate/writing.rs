//! Messages for other implementations to open.

use std::error::Error;
use std::fs;

use serde_json::{Value, json};
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{AlgorithmSuite, PUBLIC_KEY_CONTEXT_KEY, SealingMaterials, SigningKey, seal};

use crate::request::WriteRequest;
use crate::wrapping_keys::{Kms, new_data_key};

/// Seals all plaintexts under one data key.
pub(crate) async fn write(request: &WriteRequest, kms: &Kms) -> Result<Value, Box<dyn Error>> {
    let suite = AlgorithmSuite::from_id(u16::from_str_radix(&request.suite, 16)?)?;
    let materials = materials(request, suite, kms).await?;
    if request.plaintexts.len() != request.messages.len() {
        return Err("as many messages as plaintexts are expected".into());
    }
    for (plaintext, message) in request.plaintexts.iter().zip(&request.messages) {
        fs::write(message, seal(&fs::read(plaintext)?, &materials, request.frame_len)?)?;
    }
    Ok(json!({ "messages": request.messages.len() }))
}

async fn materials(
    request: &WriteRequest,
    suite: AlgorithmSuite,
    kms: &Kms,
) -> Result<SealingMaterials, Box<dyn Error>> {
    let mut context = EncryptionContext::from_iter(request.context.clone());
    let signing_key = SigningKey::generate(suite)?;
    if let Some(key) = &signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, key.public_key());
    }
    let (data_key, encrypted) = new_data_key(&request.keys, suite, &context, kms).await?;
    Ok(SealingMaterials::new(suite, data_key, &encrypted, &context, &EncryptionContext::empty(), signing_key)?)
}
