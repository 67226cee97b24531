//! `Decrypt`, between the SDK's types and this crate's.

use aws_sdk_kms::operation::decrypt::DecryptOutput;
use aws_sdk_kms::primitives::Blob;
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::{KmsClient, KmsFailure, failure, request};
use crate::data_keys::{DataKeyError, DecryptedCiphertext, KmsDecrypt};
use crate::message::DataKey;
use crate::retry::{Call, Deadline};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
impl Call<KmsDecrypt> for KmsClient {
    /// One request. The deadline is kept by the retry loop, which drops this future then.
    async fn call(&self, request: &KmsDecrypt, _: Deadline) -> Result<DecryptedCiphertext, DataKeyError> {
        let output = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(&*request.ciphertext))
            .set_key_id(request.key.as_ref().map(|key| key.as_str().to_owned()))
            .set_encryption_context(request::context(&request.encryption_context))
            .set_grant_tokens(request::grant_tokens(&request.grant_tokens))
            .send()
            .boxed()
            .instrument(tracing::debug_span!("kms", operation = "Decrypt"))
            .await
            .map_err(|error| failure::classify(error, self.key_store))?;
        decrypted(output)
    }
}

fn decrypted(output: DecryptOutput) -> Result<DecryptedCiphertext, DataKeyError> {
    // Taken over: the bytes that the SDK decoded become the key's, and are wiped with it. What it decoded them from, the base64 in the
    // buffers of TLS, HTTP and the SDK, belongs to others: only the functions' allocator wipes that, when it is given back.
    let data_key = DataKey::new(output.plaintext.ok_or_else(KmsFailure::incomplete)?.into_inner());
    let key = output.key_id.ok_or_else(KmsFailure::incomplete)?.parse().map_err(|_| DataKeyError::WrongKey)?;
    Ok(DecryptedCiphertext { data_key, key })
}

#[cfg(test)]
mod tests;
