//! Keys and requests that tests have in common.

use super::FakeKms;
use crate::data_keys::{DecryptionRequest, GenerationRequest, KeyArn, WrappedDataKey};
use crate::message::{AlgorithmSuite, EncryptedDataKey, EncryptionContext};

/// A suite with commitment and without a signature.
pub const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

/// A suite with commitment and signature.
pub const SIGNING_SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;

/// What tests look for in texts that must not hold it.
pub const PLAINTEXT_DATA_KEY: [u8; 32] = [0xA7; 32];

/// The Region of all keys that name none.
pub const REGION: &str = "eu-west-1";

/// The ARN of a key in [`REGION`].
pub fn key(id: &str) -> KeyArn {
    key_in(REGION, id)
}

/// The ARN of a key in a Region.
pub fn key_in(region: &str, id: &str) -> KeyArn {
    format!("arn:aws:kms:{region}:111122223333:key/{id}").parse().unwrap()
}

/// The encryption context that all requests have.
pub fn context() -> EncryptionContext {
    [("tenant", "blue"), ("stage", "prod")].into_iter().collect()
}

/// The data key wrapped with `key` as a KMS keyring writes it.
pub fn encrypted_data_key(kms: &FakeKms, key: &KeyArn) -> EncryptedDataKey {
    EncryptedDataKey {
        provider_id: "aws-kms".into(),
        provider_info: key.as_str().into(),
        ciphertext: kms.wrap(key, &PLAINTEXT_DATA_KEY, &context()),
    }
}

/// A message whose data key is wrapped with each of `keys`.
pub fn message(kms: &FakeKms, keys: &[KeyArn]) -> DecryptionRequest {
    of_suite(SUITE, keys.iter().map(|key| encrypted_data_key(kms, key)).collect())
}

/// A message of `suite` with these encrypted data keys.
pub fn of_suite(suite: AlgorithmSuite, encrypted_data_keys: Vec<EncryptedDataKey>) -> DecryptionRequest {
    DecryptionRequest { wrapped: WrappedDataKey::Message { suite, encrypted_data_keys }, encryption_context: context() }
}

/// A bare ciphertext wrapped with `key`.
pub fn ciphertext(kms: &FakeKms, key: &KeyArn) -> DecryptionRequest {
    DecryptionRequest {
        wrapped: WrappedDataKey::KmsCiphertext(kms.wrap(key, &PLAINTEXT_DATA_KEY, &context())),
        encryption_context: context(),
    }
}

/// Materials for messages of `suite` with the context that tests have in common.
pub fn generation(suite: AlgorithmSuite) -> GenerationRequest {
    GenerationRequest::new(suite, context()).unwrap()
}
