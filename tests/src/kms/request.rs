//! What the operations are asked, as the service's JSON has it. Members that make no difference here are ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use base64_simd::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::KmsError;

/// An encryption context, as it comes.
pub(super) type PairMap = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DecryptRequest {
    pub(super) ciphertext_blob: Base64,
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) encryption_context: PairMap,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EncryptRequest {
    pub(super) key_id: String,
    pub(super) plaintext: Base64,
    #[serde(default)]
    pub(super) encryption_context: PairMap,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GenerateDataKeyRequest {
    pub(super) key_id: String,
    #[serde(default)]
    pub(super) encryption_context: PairMap,
    key_spec: Option<KeySpec>,
    number_of_bytes: Option<usize>,
}

impl GenerateDataKeyRequest {
    /// The length that is asked for, in bytes.
    ///
    /// > You must use either the KeySpec or NumberOfBytes parameter (but not both)
    pub(super) fn data_key_len(&self) -> Result<usize, KmsError> {
        match (&self.key_spec, self.number_of_bytes) {
            (Some(KeySpec::Aes128), None) => Ok(16),
            (Some(KeySpec::Aes256), None) => Ok(32),
            (None, Some(len)) if (1..=1_024).contains(&len) => Ok(len),
            (None, Some(_)) => Err(KmsError::Validation("NumberOfBytes must be from 1 to 1024".to_owned())),
            _ => Err(KmsError::Validation("Please specify either number of bytes or key spec.".to_owned())),
        }
    }
}

#[derive(Deserialize)]
enum KeySpec {
    #[serde(rename = "AES_128")]
    Aes128,
    #[serde(rename = "AES_256")]
    Aes256,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyRequest {
    pub(super) key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateKeyRequest {
    #[serde(default)]
    pub(super) multi_region: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ScheduleKeyDeletionRequest {
    pub(super) key_id: String,
    #[serde(default = "default_pending_window")]
    pub(super) pending_window_in_days: u32,
}

/// The service's default, in days.
fn default_pending_window() -> u32 {
    30
}

/// Bytes that travel as base64. `Debug` shows the length only: they may be a plaintext key.
pub(super) struct Base64(pub(super) Vec<u8>);

impl Base64 {
    /// The bytes, if there are as many as the API allows for `member`.
    pub(super) fn of_length(&self, allowed: RangeInclusive<usize>, member: &str) -> Result<&[u8], KmsError> {
        if allowed.contains(&self.0.len()) {
            return Ok(&self.0);
        }
        let (min, max) = allowed.into_inner();
        Err(KmsError::Validation(format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: \
             Member must have length from {min} to {max}"
        )))
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode_to_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode_to_vec(text).map(Self).map_err(serde::de::Error::custom)
    }
}
