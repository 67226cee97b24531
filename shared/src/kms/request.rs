//! What all requests have in common.

use std::collections::HashMap;

use aws_sdk_kms::config::Region;

use super::KmsClient;
use crate::data_keys::KeyArn;
use crate::encryption_context::EncryptionContext;

/// An empty map and none are the same to KMS; none keeps the request small.
pub(super) fn context(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    (!context.is_empty()).then(|| pairs.collect())
}

pub(super) fn grant_tokens(tokens: &[String]) -> Option<Vec<String>> {
    (!tokens.is_empty()).then(|| tokens.to_vec())
}

impl KmsClient {
    /// What sends a request about `key` to the key's own Region; `None` where the client goes anyway.
    pub(super) fn region_of(&self, key: &KeyArn) -> Option<aws_sdk_kms::config::Builder> {
        let is_elsewhere = self.client.config().region().is_some_and(|region| region.as_ref() != key.region());
        is_elsewhere.then(|| aws_sdk_kms::config::Builder::new().region(Region::new(key.region().to_owned())))
    }
}
