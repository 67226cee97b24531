//! What callers ask for: records to encrypt and put, each judged on its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use warmkeys::encrypting_writer::PlainRecord;
use warmkeys::message::EncryptionContext;

/// One record to encrypt and put. `Debug` does not show the plaintext.
#[derive(PartialEq, Eq)]
pub struct RecordRequest {
    /// Decides the shard, unless there is an explicit hash key: 1 to 256 characters.
    pub partition_key: String,
    /// Decides the shard instead of the partition key's MD5.
    pub explicit_hash_key: Option<u128>,
    /// The plaintext.
    pub plaintext: Vec<u8>,
    /// The pairs of this record; those that the function is configured with come in addition.
    pub encryption_context: EncryptionContext,
}

/// Why a record was refused before anything was done with it. No variant's text holds the record's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// Not an object of the known members with the right types.
    #[error(
        "a record is an object with partitionKey, one of data (base64) and json, and, if need be, explicitHashKey and \
         encryptionContext (an object of strings)"
    )]
    Shape,
    /// The partition key is empty or too long.
    #[error("partitionKey has 1 to {MAX_PARTITION_KEY_CHARACTERS} characters")]
    PartitionKey,
    /// The explicit hash key is not a number of the hash-key space.
    #[error("explicitHashKey is a decimal number from 0 to 2^128 - 1")]
    ExplicitHashKey,
    /// Neither or both of `data` and `json`.
    #[error("a record has data or json, and not both")]
    Payload,
    /// `data` is not base64.
    #[error("data is base64 (RFC 4648, with padding)")]
    Base64,
    /// A pair that the message format keeps for itself.
    #[error("encryptionContext has a key that begins with {RESERVED_PREFIX}")]
    ReservedContextKey,
}

/// The most characters of a partition key.
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>
const MAX_PARTITION_KEY_CHARACTERS: usize = 256;

/// > The prefix `aws-crypto-` is reserved for internal use by the AWS Encryption SDK.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/structures.md#encryption-context>
const RESERVED_PREFIX: &str = "aws-crypto-";

impl RecordRequest {
    /// Parses one record of a request, or the body of a queue's message, which has the same form.
    ///
    /// # Errors
    /// [`InvalidRecord`]: sending the same record again is of no use.
    pub fn parse(json: &str) -> Result<Self, InvalidRecord> {
        let members: Members<'_> = serde_json::from_str(json).map_err(|_| InvalidRecord::Shape)?;
        if !(1..=MAX_PARTITION_KEY_CHARACTERS).contains(&members.partition_key.chars().count()) {
            return Err(InvalidRecord::PartitionKey);
        }
        let explicit_hash_key = members.explicit_hash_key.map(|digits| parse_hash_key(&digits)).transpose()?;
        if members.encryption_context.keys().any(|key| key.starts_with(RESERVED_PREFIX)) {
            return Err(InvalidRecord::ReservedContextKey);
        }
        let plaintext = match (members.data, members.json) {
            (Some(base64), None) => {
                base64_simd::STANDARD.decode_to_vec(base64.as_bytes()).map_err(|_| InvalidRecord::Base64)?
            }
            // As it was written: number formats and the order of members are the caller's.
            (None, Some(json)) => json.get().as_bytes().to_vec(),
            (None, None) | (Some(_), Some(_)) => return Err(InvalidRecord::Payload),
        };
        let encryption_context = members.encryption_context.into_iter().collect();
        Ok(Self { partition_key: members.partition_key, explicit_hash_key, plaintext, encryption_context })
    }
}

impl From<RecordRequest> for PlainRecord {
    fn from(request: RecordRequest) -> Self {
        Self {
            partition_key: request.partition_key.into(),
            explicit_hash_key: request.explicit_hash_key.map(|hash_key| hash_key.to_string().into()),
            plaintext: request.plaintext.into(),
            encryption_context: request.encryption_context,
        }
    }
}

impl std::fmt::Debug for RecordRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordRequest")
            .field("partition_key", &self.partition_key)
            .field("plaintext_len", &self.plaintext.len())
            .finish_non_exhaustive()
    }
}

/// A record's members as they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Members<'a> {
    partition_key: String,
    explicit_hash_key: Option<String>,
    data: Option<String>,
    #[serde(borrow)]
    json: Option<&'a RawValue>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

/// Only digits: `u128::from_str` would take a sign.
fn parse_hash_key(digits: &str) -> Result<u128, InvalidRecord> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(InvalidRecord::ExplicitHashKey);
    }
    digits.parse().map_err(|_| InvalidRecord::ExplicitHashKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<RecordRequest, InvalidRecord> {
        RecordRequest::parse(json)
    }

    #[test]
    fn data_is_decoded_and_json_is_kept_as_written() {
        let data = parse(r#"{"partitionKey":"p","data":"aGVsbG8="}"#).unwrap();
        assert_eq!(data.plaintext, b"hello");
        let json = parse(r#"{"partitionKey":"p","json":{"total": 1.50, "id":7}}"#).unwrap();
        assert_eq!(json.plaintext, br#"{"total": 1.50, "id":7}"#);
    }

    #[test]
    fn a_record_has_exactly_one_payload() {
        assert_eq!(parse(r#"{"partitionKey":"p"}"#), Err(InvalidRecord::Payload));
        assert_eq!(parse(r#"{"partitionKey":"p","data":"","json":1}"#), Err(InvalidRecord::Payload));
        assert!(parse(r#"{"partitionKey":"p","data":""}"#).is_ok());
    }

    #[test]
    fn a_partition_key_has_1_to_256_characters() {
        let with = |key: &str| parse(&format!(r#"{{"partitionKey":"{key}","data":""}}"#));
        assert_eq!(with(""), Err(InvalidRecord::PartitionKey));
        assert!(with("p").is_ok());
        assert!(with(&"\u{e9}".repeat(256)).is_ok());
        assert_eq!(with(&"p".repeat(257)), Err(InvalidRecord::PartitionKey));
    }

    #[test]
    fn an_explicit_hash_key_lies_in_the_hash_key_space() {
        let with = |key: &str| parse(&format!(r#"{{"partitionKey":"p","data":"","explicitHashKey":"{key}"}}"#));
        assert_eq!(with("0").unwrap().explicit_hash_key, Some(0));
        assert_eq!(with("340282366920938463463374607431768211455").unwrap().explicit_hash_key, Some(u128::MAX));
        for wrong in ["340282366920938463463374607431768211456", "-1", "+1", "", "0x1"] {
            assert_eq!(with(wrong), Err(InvalidRecord::ExplicitHashKey), "{wrong}");
        }
    }

    #[test]
    fn the_context_keeps_clear_of_the_formats_own_pairs() {
        let with =
            |key: &str| parse(&format!(r#"{{"partitionKey":"p","data":"","encryptionContext":{{"{key}":"v"}}}}"#));
        assert_eq!(with("tenant").unwrap().encryption_context.get("tenant"), Some("v"));
        assert_eq!(with("aws-crypto-public-key"), Err(InvalidRecord::ReservedContextKey));
    }

    #[test]
    fn what_is_no_record_is_refused_without_being_repeated() {
        for wrong in ["", "7", r#"{"partitionKey":7,"data":""}"#, r#"{"partitionKey":"p","data":"","extra":1}"#] {
            assert_eq!(parse(wrong), Err(InvalidRecord::Shape), "{wrong}");
        }
        assert_eq!(parse(r#"{"partitionKey":"p","data":"%%"}"#), Err(InvalidRecord::Base64));
        assert!(!InvalidRecord::Base64.to_string().contains('%'));
    }

    #[test]
    fn debug_shows_no_plaintext() {
        let record = parse(r#"{"partitionKey":"p","json":"secret"}"#).unwrap();
        assert!(!format!("{record:?}").contains("secret"));
    }
}
