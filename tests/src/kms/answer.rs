//! Each operation: from the request's JSON to the answer's.

use aws_lc_rs::rand;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use warmkeys::message::EncryptionContext;

use super::ciphertext_blob::{self, CiphertextBlob};
use super::error::KmsError;
use super::key::{ACCOUNT, KeyState, KmsKey};
use super::key_store::{KeyStore, usable};
use super::operation::Operation;
use super::request::{
    Base64, CreateKeyRequest, DecryptRequest, EncryptRequest, GenerateDataKeyRequest, KeyRequest, PairMap,
    ScheduleKeyDeletionRequest,
};

/// When every key says it was created: the embedded KMS keeps no such time. In seconds since the epoch.
const CREATION_DATE: f64 = 1_767_225_600.0;

/// Carries out `operation` as a request in `region` asks.
pub(super) fn answer(keys: &mut KeyStore, operation: Operation, body: &[u8], region: &str) -> Result<Value, KmsError> {
    match operation {
        Operation::Decrypt => decrypt(keys, &read(body)?, region),
        Operation::Encrypt => encrypt(keys, &read(body)?, region),
        Operation::GenerateDataKey => generate_data_key(keys, &read(body)?, region, true),
        Operation::GenerateDataKeyWithoutPlaintext => generate_data_key(keys, &read(body)?, region, false),
        Operation::DescribeKey => {
            let request: KeyRequest = read(body)?;
            Ok(metadata(keys.find(&request.key_id, region)?, region))
        }
        Operation::CreateKey => {
            let request: CreateKeyRequest = read(body)?;
            Ok(metadata(&keys.create(request.multi_region)?, region))
        }
        Operation::EnableKey => change_state(keys, &read(body)?, region, KeyState::Enabled),
        Operation::DisableKey => change_state(keys, &read(body)?, region, KeyState::Disabled),
        Operation::ScheduleKeyDeletion => schedule_deletion(keys, &read(body)?, region),
    }
}

fn read<R: DeserializeOwned>(body: &[u8]) -> Result<R, KmsError> {
    serde_json::from_slice(body).map_err(|error| KmsError::Serialization(error.to_string()))
}

fn decrypt(keys: &KeyStore, request: &DecryptRequest, region: &str) -> Result<Value, KmsError> {
    let blob = request.ciphertext_blob.of_length(1..=6_144, "ciphertextBlob")?;
    let named = request.key_id.as_deref().map(|key_id| keys.find(key_id, region)).transpose()?;
    let blob = CiphertextBlob::parse(blob).ok_or(KmsError::InvalidCiphertext)?;
    let key = keys.find_by_blob(blob.key_id, region)?;
    if named.is_some_and(|named| named.id != key.id) {
        return Err(KmsError::IncorrectKey);
    }
    let plaintext = blob
        .unwrap_with(usable(key, region)?, &context(&request.encryption_context))
        .ok_or(KmsError::InvalidCiphertext)?;
    Ok(json!({
        "KeyId": key.arn(region),
        "Plaintext": Base64(plaintext),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn encrypt(keys: &KeyStore, request: &EncryptRequest, region: &str) -> Result<Value, KmsError> {
    let plaintext = request.plaintext.of_length(1..=4_096, "plaintext")?;
    let key = usable(keys.find(&request.key_id, region)?, region)?;
    Ok(json!({
        "KeyId": key.arn(region),
        "CiphertextBlob": wrap(key, &request.encryption_context, plaintext)?,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }))
}

fn generate_data_key(
    keys: &KeyStore,
    request: &GenerateDataKeyRequest,
    region: &str,
    with_plaintext: bool,
) -> Result<Value, KmsError> {
    let key = usable(keys.find(&request.key_id, region)?, region)?;
    let mut data_key = vec![0; request.data_key_len()?];
    rand::fill(&mut data_key).map_err(|_| KmsError::Scripted { code: "KMSInternalException".to_owned() })?;
    let mut answer = json!({
        "KeyId": key.arn(region),
        "CiphertextBlob": wrap(key, &request.encryption_context, &data_key)?,
    });
    if with_plaintext && let Some(answer) = answer.as_object_mut() {
        answer.insert("Plaintext".to_owned(), json!(Base64(data_key)));
    }
    Ok(answer)
}

fn change_state(keys: &mut KeyStore, request: &KeyRequest, region: &str, state: KeyState) -> Result<Value, KmsError> {
    keys.change_state(&request.key_id, region, state)?;
    Ok(json!({}))
}

fn schedule_deletion(
    keys: &mut KeyStore,
    request: &ScheduleKeyDeletionRequest,
    region: &str,
) -> Result<Value, KmsError> {
    if !(7..=30).contains(&request.pending_window_in_days) {
        return Err(KmsError::Validation("PendingWindowInDays must be from 7 to 30".to_owned()));
    }
    let key = keys.change_state(&request.key_id, region, KeyState::PendingDeletion)?;
    Ok(json!({
        "KeyId": key.arn(region),
        "KeyState": key.state.name(),
        "PendingWindowInDays": request.pending_window_in_days,
        "DeletionDate": f64::from(request.pending_window_in_days).mul_add(86_400.0, CREATION_DATE),
    }))
}

fn wrap(key: &KmsKey, pairs: &PairMap, plaintext: &[u8]) -> Result<Base64, KmsError> {
    ciphertext_blob::wrap(key, &context(pairs), plaintext)
        .map(Base64)
        .ok_or_else(|| KmsError::Validation("the encryption context is too long".to_owned()))
}

fn context(pairs: &PairMap) -> EncryptionContext {
    pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn metadata(key: &KmsKey, region: &str) -> Value {
    json!({"KeyMetadata": {
        "AWSAccountId": ACCOUNT,
        "Arn": key.arn(region),
        "CreationDate": CREATION_DATE,
        "Description": "",
        "Enabled": key.state == KeyState::Enabled,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": key.id,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": key.state.name(),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": key.is_multi_region(),
        "Origin": "AWS_KMS",
    }})
}
