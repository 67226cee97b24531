//! The variables of the record format.

use std::num::NonZeroU16;

use super::{ActivityStreamFormat, DatabaseResource, EncryptionSdkFormat, KmsCiphertextFormat, RecordFormat};
use crate::config::{Choice, Environment, Group, Integer, Pairs, Text};
use crate::message::{CommitmentPolicy, DEFAULT_MAX_ENCRYPTED_DATA_KEYS, DEFAULT_MAX_PLAINTEXT_LEN, MessageLimits};

/// What a record is.
pub const VARIABLES: Group<RecordFormat> = Group {
    heading: "Record format",
    variables: &[
        &RECORD_FORMAT,
        &COMMITMENT_POLICY,
        &REQUIRED_ENCRYPTION_CONTEXT,
        &MAX_ENCRYPTED_DATA_KEYS,
        &MAX_PLAINTEXT_BYTES,
        &KMS_CIPHERTEXT_ENCRYPTION_CONTEXT,
        &ACTIVITY_STREAM_RESOURCE_ID,
        &MAX_ACTIVITY_DOCUMENT_BYTES,
    ],
    replaced: &[],
    read,
};

fn read(environment: &mut Environment) -> Option<RecordFormat> {
    let commitment_policy = environment.read(&COMMITMENT_POLICY);
    let required_context = environment.read(&REQUIRED_ENCRYPTION_CONTEXT).unwrap_or_default();
    let max_encrypted_data_keys = environment.read(&MAX_ENCRYPTED_DATA_KEYS);
    let max_plaintext_len = environment.read(&MAX_PLAINTEXT_BYTES);
    let ciphertext_context = environment.read(&KMS_CIPHERTEXT_ENCRYPTION_CONTEXT).unwrap_or_default();
    let database = environment.read(&ACTIVITY_STREAM_RESOURCE_ID);
    let max_document_len = environment.read(&MAX_ACTIVITY_DOCUMENT_BYTES);
    match environment.read(&RECORD_FORMAT)? {
        Format::EncryptionSdk => {
            let limits = MessageLimits {
                max_encrypted_data_keys: u16::try_from(max_encrypted_data_keys?).ok().and_then(NonZeroU16::new)?,
                max_plaintext_len: usize::try_from(max_plaintext_len?).ok()?,
            };
            Some(RecordFormat::EncryptionSdk(EncryptionSdkFormat {
                commitment_policy: commitment_policy?,
                limits,
                required_encryption_context: required_context.into_iter().collect(),
            }))
        }
        Format::KmsCiphertext => {
            if required_context.iter().any(|(key, value)| ciphertext_context.get(key) != Some(value)) {
                let what = "has pairs that KMS_CIPHERTEXT_ENCRYPTION_CONTEXT, the only context of bare ciphertexts, does not have";
                environment.reject(REQUIRED_ENCRYPTION_CONTEXT.name, what);
                return None;
            }
            Some(RecordFormat::KmsCiphertext(KmsCiphertextFormat {
                encryption_context: ciphertext_context.into_iter().collect(),
            }))
        }
        Format::ActivityStream => {
            let reason = "because RECORD_FORMAT is database-activity-stream";
            let database = database.or_else(|| environment.require(&ACTIVITY_STREAM_RESOURCE_ID, reason));
            Some(RecordFormat::ActivityStream(activity_stream(database?, max_document_len?)?))
        }
    }
}

/// Which database writes the stream, for a function that reads nothing but activity streams.
pub const ACTIVITY_STREAM: Group<ActivityStreamFormat> = Group {
    heading: "Database activity stream",
    variables: &[&ACTIVITY_STREAM_RESOURCE_ID, &MAX_ACTIVITY_DOCUMENT_BYTES],
    replaced: &[],
    read: |environment| {
        let database = environment.require(&ACTIVITY_STREAM_RESOURCE_ID, "always");
        let max_document_len = environment.read(&MAX_ACTIVITY_DOCUMENT_BYTES);
        activity_stream(database?, max_document_len?)
    },
};

fn activity_stream(database: DatabaseResource, max_document_len: u64) -> Option<ActivityStreamFormat> {
    Some(ActivityStreamFormat { database, max_document_len: usize::try_from(max_document_len).ok()? })
}

#[derive(Clone, Copy, Debug)]
enum Format {
    EncryptionSdk,
    KmsCiphertext,
    ActivityStream,
}

const RECORD_FORMAT: Choice<Format> = Choice {
    name: "RECORD_FORMAT",
    choices: &[
        ("encryption-sdk", Format::EncryptionSdk),
        ("kms-ciphertext", Format::KmsCiphertext),
        ("database-activity-stream", Format::ActivityStream),
    ],
    meaning: "What a record is: a message of the AWS Encryption SDK, the bare CiphertextBlob of KMS Encrypt, or a record of an Aurora or \
              RDS database activity stream.",
};

const COMMITMENT_POLICY: Choice<CommitmentPolicy> = Choice {
    name: "COMMITMENT_POLICY",
    choices: &[
        ("require-encrypt-require-decrypt", CommitmentPolicy::RequireEncryptRequireDecrypt),
        ("require-encrypt-allow-decrypt", CommitmentPolicy::RequireEncryptAllowDecrypt),
        ("forbid-encrypt-allow-decrypt", CommitmentPolicy::ForbidEncryptAllowDecrypt),
    ],
    meaning: "Whether messages without key commitment are read. Allow them only while producers still write them.",
};

const REQUIRED_ENCRYPTION_CONTEXT: Pairs = Pairs {
    name: "REQUIRED_ENCRYPTION_CONTEXT",
    meaning: "Pairs that every message must have been encrypted with, stored in it or not. A message with other values goes to \
              quarantine.",
};

const MAX_ENCRYPTED_DATA_KEYS: Integer = Integer {
    name: "MAX_ENCRYPTED_DATA_KEYS",
    allowed: 1..=u16::MAX as u64,
    default: Some(DEFAULT_MAX_ENCRYPTED_DATA_KEYS.get() as u64),
    unit: "encrypted data keys",
    meaning: "The most encrypted data keys that a message may carry; more would let one record use up the KMS quota.",
};

const MAX_PLAINTEXT_BYTES: Integer = Integer {
    name: "MAX_PLAINTEXT_BYTES",
    allowed: 1..=DEFAULT_MAX_PLAINTEXT_LEN as u64,
    default: Some(DEFAULT_MAX_PLAINTEXT_LEN as u64),
    unit: "bytes",
    meaning: "The largest plaintext of a message.",
};

const KMS_CIPHERTEXT_ENCRYPTION_CONTEXT: Pairs = Pairs {
    name: "KMS_CIPHERTEXT_ENCRYPTION_CONTEXT",
    meaning: "The encryption context of the bare ciphertexts of RECORD_FORMAT=kms-ciphertext, which do not carry it.",
};

const ACTIVITY_STREAM_RESOURCE_ID: Text<DatabaseResource> = Text {
    name: "ACTIVITY_STREAM_RESOURCE_ID",
    allowed: "cluster- or db-, and the rest of a resource id",
    default: None,
    parse: DatabaseResource::parse,
    secret: false,
    meaning: "The resource id of the Aurora cluster or RDS instance that writes the activity stream: what its stream's name has after \
              aws-rds-das-. The data keys of RECORD_FORMAT=database-activity-stream are bound to it.",
};

const MAX_ACTIVITY_DOCUMENT_BYTES: Integer = Integer {
    name: "MAX_ACTIVITY_DOCUMENT_BYTES",
    allowed: 1..=256 * 1024 * 1024,
    default: Some(ActivityStreamFormat::DEFAULT_MAX_DOCUMENT_LEN as u64),
    unit: "bytes",
    meaning: "The largest content of an activity stream's record once it is decompressed. It is held in memory.",
};
