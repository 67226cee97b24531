//! What all requests have in common.

use std::collections::HashMap;

use aws_sdk_kms::client::customize::CustomizableOperation;
use aws_sdk_kms::config::Region;

use super::KmsClient;
use crate::data_keys::{GrantTokens, KeyArn};
use crate::message::EncryptionContext;

/// An empty map and none are the same to KMS; none keeps the request small.
pub(super) fn context(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    (!context.is_empty()).then(|| pairs.collect())
}

pub(super) fn grant_tokens(tokens: &GrantTokens) -> Option<Vec<String>> {
    let tokens = tokens.as_slice();
    (!tokens.is_empty()).then(|| tokens.to_vec())
}

impl KmsClient {
    /// Has `call`, which is about `key`, go to the key's own Region.
    pub(super) fn in_region_of<T, E, B>(
        &self,
        key: &KeyArn,
        call: CustomizableOperation<T, E, B>,
    ) -> CustomizableOperation<T, E, B> {
        if self.client.config().region().is_none_or(|region| region.as_ref() == key.region()) {
            return call;
        }
        call.config_override(aws_sdk_kms::config::Builder::new().region(Region::new(key.region().to_owned())))
    }
}
