//! Payloads that are records of an Aurora or RDS database activity stream.

mod inflate;

use std::borrow::Cow;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::RequiredDataKey;
use crate::data_keys::{DecryptionRequest, MAX_CIPHERTEXT_BYTES, WrappedDataKey};
use crate::message::{
    DataKey, EncryptionContext, MessageError, MessageLimits, RawAesKey, SealedMessage, VerificationKey,
};

pub use inflate::InflateError;

/// How records of a database activity stream are read.
///
/// Such a record is JSON around two things in base64: a data key that KMS wrapped, and a message of the AWS Encryption SDK whose own data key
/// is wrapped by the first as a raw AES key. What the message holds is compressed. The outer data key is what repeats from record to
/// record, and what is cached. <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.Monitoring.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityStreamFormat {
    /// The database that writes the stream: the context of its data keys.
    pub database: DatabaseResource,
    /// The largest document, in bytes once it is decompressed (inclusive).
    pub max_document_len: usize,
}

/// The resource id of the Aurora cluster or RDS instance that writes an activity stream, as the stream's name has it after
/// `aws-rds-das-`: `cluster-…` or `db-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseResource(String);

/// A record of an activity stream: taken apart, not opened. Borrows the payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActivityRecord<'a> {
    /// JSON texts in base64, as they stand there: with their quotes.
    key: &'a RawValue,
    message: &'a RawValue,
}

/// Why a record of an activity stream was refused. No text holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActivityStreamError {
    /// The payload is not the JSON that a database writes.
    #[error("it is not JSON with the members type, key and databaseActivityEvents")]
    NotARecord,
    /// The JSON says that it is something else.
    #[error("its type is not DatabaseActivityMonitoringRecords")]
    OtherType,
    /// A member is not base64.
    #[error("its {0} is not base64")]
    NotBase64(&'static str),
    /// The key cannot be a KMS ciphertext.
    #[error("its key has {len} bytes, a KMS ciphertext has 1 to {MAX_CIPHERTEXT_BYTES}")]
    KeyLength {
        /// The key's bytes.
        len: usize,
    },
    /// What KMS decrypted is not a key as databases use it.
    #[error("the data key that KMS decrypted has {len} bytes, {OUTER_KEY_LEN} are due")]
    OuterKeyLength {
        /// The data key's bytes.
        len: usize,
    },
    /// The message cannot be read, or not be opened with the record's key.
    #[error("its databaseActivityEvents are not a message that opens with its key")]
    Message(#[source] MessageError),
    /// What the message holds cannot be decompressed.
    #[error("its content cannot be decompressed")]
    Compression(#[source] InflateError),
}

impl DatabaseResource {
    /// `None` unless `id` is `cluster-` or `db-`, and after it 1 to 200 letters, digits or `-`.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let name = id.strip_prefix(CLUSTER_PREFIX).or_else(|| id.strip_prefix(INSTANCE_PREFIX))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ((1..=MAX_RESOURCE_NAME_LEN).contains(&name.len()) && name.bytes().all(allowed)).then(|| Self(id.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the data keys of the database's activity stream are bound to: `aws:rds:dbc-id` for Aurora, `aws:rds:db-id` for RDS.
    fn encryption_context(&self) -> EncryptionContext {
        let key = if self.0.starts_with(CLUSTER_PREFIX) { "aws:rds:dbc-id" } else { "aws:rds:db-id" };
        [(key, self.0.as_str())].into_iter().collect()
    }
}

impl ActivityStreamFormat {
    /// The default of [`max_document_len`](Self::max_document_len): 16 MiB. SQL compresses to a fifth or less, and a record has at most
    /// 1 MiB unless its stream was given more; above this it is rather a bomb.
    pub const DEFAULT_MAX_DOCUMENT_LEN: usize = 16 * 1024 * 1024;

    #[expect(clippy::unused_self, reason = "reads as the other formats do")]
    pub(super) fn read<'a>(&self, payload: &'a [u8]) -> Result<ActivityRecord<'a>, ActivityStreamError> {
        ActivityRecord::read(payload)
    }

    pub(super) fn required_data_key(
        &self,
        record: &ActivityRecord<'_>,
    ) -> Result<RequiredDataKey, ActivityStreamError> {
        let ciphertext = record.ciphertext()?;
        Ok(RequiredDataKey {
            request: DecryptionRequest {
                wrapped: WrappedDataKey::KmsCiphertext(ciphertext),
                encryption_context: self.database.encryption_context(),
            },
            reproduced_context: Arc::default(),
        })
    }

    /// The decompressed document, as the database wrote it.
    pub(super) fn open(
        &self,
        record: &ActivityRecord<'_>,
        outer_key: &DataKey,
    ) -> Result<Vec<u8>, ActivityStreamError> {
        let outer_key = outer_key.expose();
        if outer_key.len() != OUTER_KEY_LEN {
            return Err(ActivityStreamError::OuterKeyLength { len: outer_key.len() });
        }
        let message = decode(record.message, "databaseActivityEvents")?;
        let compressed = open_message(&message, outer_key).map_err(ActivityStreamError::Message)?;
        inflate::inflate(&compressed, self.max_document_len).map_err(ActivityStreamError::Compression)
    }
}

impl<'a> ActivityRecord<'a> {
    fn read(payload: &'a [u8]) -> Result<Self, ActivityStreamError> {
        // The library's own text may quote the payload.
        let Wrapper { kind, key, message } =
            serde_json::from_slice(payload).map_err(|_| ActivityStreamError::NotARecord)?;
        if kind != "DatabaseActivityMonitoringRecords" {
            return Err(ActivityStreamError::OtherType);
        }
        Ok(Self { key, message })
    }

    /// The text of the key: records under one outer data key have the same.
    pub(super) fn data_key_identity(&self) -> &'a [u8] {
        self.key.get().as_bytes()
    }

    fn ciphertext(&self) -> Result<Vec<u8>, ActivityStreamError> {
        let ciphertext = decode(self.key, "key")?;
        if !(1..=MAX_CIPHERTEXT_BYTES).contains(&ciphertext.len()) {
            return Err(ActivityStreamError::KeyLength { len: ciphertext.len() });
        }
        Ok(ciphertext)
    }
}

/// What a database writes. The version is not looked at: from 1.0 to 1.4 only what the events hold has changed.
#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    key: &'a RawValue,
    #[serde(rename = "databaseActivityEvents", borrow)]
    message: &'a RawValue,
}

/// The bytes of a JSON text in base64.
fn decode(json: &RawValue, member: &'static str) -> Result<Vec<u8>, ActivityStreamError> {
    let text = json.get();
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = match unquoted {
        Some(text) if !text.contains('\\') => Cow::Borrowed(text),
        // JSON may escape any character of base64: `/` and `=` are those that some writers do escape.
        _ => Cow::Owned(serde_json::from_str(text).map_err(|_| ActivityStreamError::NotBase64(member))?),
    };
    BASE64.decode_to_vec(&*text).map_err(|_| ActivityStreamError::NotBase64(member))
}

/// Opens a message whose data key is wrapped by `outer_key`. Any suite will do: databases write 0178 and 0378, which do not commit
/// to their key, and no one else can have wrapped a data key with the outer one.
fn open_message(message: &[u8], outer_key: &[u8]) -> Result<Vec<u8>, MessageError> {
    let message = SealedMessage::read(message, &MessageLimits::default())?;
    let encryption_context = message.encryption_context();
    let wrapping_key = RawAesKey::new(PROVIDER_ID, KEY_NAME, outer_key)?;
    let mut data_key = Err(MessageError::OtherWrappingKey);
    for encrypted_data_key in message.encrypted_data_keys() {
        match wrapping_key.unwrap(&encrypted_data_key, &encryption_context) {
            Ok(unwrapped) => {
                data_key = Ok(unwrapped);
                break;
            }
            Err(MessageError::OtherWrappingKey) => {}
            Err(error) => data_key = Err(error),
        }
    }
    let verification_key = VerificationKey::from_encryption_context(message.suite(), &encryption_context)?;
    message.open(&data_key?, verification_key.as_ref(), &EncryptionContext::empty())
}

/// The key namespace and name that databases give the outer data key: those of the public samples, "BC" and "DataKey".
const PROVIDER_ID: &str = "BC";
const KEY_NAME: &str = "DataKey";
const OUTER_KEY_LEN: usize = 32;

const CLUSTER_PREFIX: &str = "cluster-";
const INSTANCE_PREFIX: &str = "db-";
const MAX_RESOURCE_NAME_LEN: usize = 200;

#[cfg(test)]
mod tests;
