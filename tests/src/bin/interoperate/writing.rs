//! Messages for other implementations to open.

use std::error::Error;
use std::fs;

use serde_json::{Value, json};
use warmkeys::message::{AlgorithmSuite, EncryptionContext, seal};

use crate::request::WriteRequest;
use crate::wrapping_keys::{Kms, new_materials};

/// Seals all plaintexts under one data key.
pub(crate) async fn write(request: &WriteRequest, kms: &Kms) -> Result<Value, Box<dyn Error>> {
    let suite = AlgorithmSuite::from_id(u16::from_str_radix(&request.suite, 16)?)?;
    let context = EncryptionContext::from_iter(request.context.clone());
    let materials = new_materials(&request.keys, suite, context, kms).await?;
    if request.plaintexts.len() != request.messages.len() {
        return Err("as many messages as plaintexts are expected".into());
    }
    for (plaintext, message) in request.plaintexts.iter().zip(&request.messages) {
        fs::write(message, seal(&fs::read(plaintext)?, &materials, request.frame_len)?)?;
    }
    Ok(json!({ "messages": request.messages.len() }))
}
