//! `Encrypt`, between the SDK's types and this crate's.

use std::sync::Arc;

use aws_sdk_kms::operation::encrypt::EncryptOutput;
use aws_sdk_kms::primitives::Blob;
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::{KmsClient, KmsFailure, failure, request};
use crate::data_keys::{DataKeyError, EncryptedPlaintext, KmsEncrypt};
use crate::retry::{Call, Deadline};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
impl Call<KmsEncrypt> for KmsClient {
    /// One request, to the key's Region. The deadline is kept by the retry loop, which drops this future then.
    async fn call(&self, request: &KmsEncrypt, _: Deadline) -> Result<EncryptedPlaintext, DataKeyError> {
        let call = self
            .client
            .encrypt()
            .key_id(request.key.as_str())
            // The SDK's copy and the request that it is written into are left to the allocator, as the answer of `Decrypt` is.
            .plaintext(Blob::new(request.plaintext.expose()))
            .set_encryption_context(request::context(&request.encryption_context))
            .set_grant_tokens(request::grant_tokens(&request.grant_tokens))
            .customize();
        let span = tracing::debug_span!("kms", operation = "Encrypt");
        let answer = self.in_region_of(&request.key, call).send().boxed().instrument(span).await;
        encrypted(answer.map_err(|error| failure::classify(error, self.key_store))?)
    }
}

fn encrypted(output: EncryptOutput) -> Result<EncryptedPlaintext, DataKeyError> {
    let ciphertext = output.ciphertext_blob.ok_or_else(KmsFailure::incomplete)?.into_inner();
    let key = output.key_id.ok_or_else(KmsFailure::incomplete)?;
    let key = key.parse().map_err(|error| DataKeyError::KeyUnavailable(Arc::new(error)))?;
    Ok(EncryptedPlaintext { ciphertext, key })
}

#[cfg(test)]
mod tests;
