//! `GenerateDataKey`, between the SDK's types and this crate's.

use std::sync::Arc;

use aws_sdk_kms::operation::generate_data_key::GenerateDataKeyOutput;
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::{KmsClient, KmsFailure, failure, request};
use crate::data_keys::{DataKeyError, GeneratedDataKey, KmsGenerateDataKey};
use crate::message::DataKey;
use crate::retry::{Call, Deadline};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
impl Call<KmsGenerateDataKey> for KmsClient {
    /// One request, to the key's Region. The deadline is kept by the retry loop, which drops this future then.
    async fn call(&self, request: &KmsGenerateDataKey, _: Deadline) -> Result<GeneratedDataKey, DataKeyError> {
        let call = self
            .client
            .generate_data_key()
            .key_id(request.key.as_str())
            // No data key is as long as a number of 31 bits; KMS refuses more than 1,024.
            .number_of_bytes(i32::try_from(request.data_key_len).unwrap_or(i32::MAX))
            .set_encryption_context(request::context(&request.encryption_context))
            .set_grant_tokens(request::grant_tokens(&request.grant_tokens))
            .customize();
        let span = tracing::debug_span!("kms", operation = "GenerateDataKey");
        let answer = self.in_region_of(&request.key, call).send().boxed().instrument(span).await;
        generated(answer.map_err(|error| failure::classify(error, self.key_store))?)
    }
}

fn generated(output: GenerateDataKeyOutput) -> Result<GeneratedDataKey, DataKeyError> {
    // Taken over, as that of `Decrypt`: the base64 that it came in is left to the allocator.
    let data_key = DataKey::new(output.plaintext.ok_or_else(KmsFailure::incomplete)?.into_inner());
    let ciphertext = output.ciphertext_blob.ok_or_else(KmsFailure::incomplete)?.into_inner();
    let key = output.key_id.ok_or_else(KmsFailure::incomplete)?;
    let key = key.parse().map_err(|error| DataKeyError::KeyUnavailable(Arc::new(error)))?;
    Ok(GeneratedDataKey { data_key, ciphertext, key })
}

#[cfg(test)]
mod tests;
