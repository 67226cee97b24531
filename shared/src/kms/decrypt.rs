//! `Decrypt`, between the SDK's types and this crate's.

use std::sync::Arc;

use aws_sdk_kms::operation::decrypt::DecryptOutput;
use aws_sdk_kms::primitives::Blob;

use super::{KmsClient, KmsFailure, failure};
use crate::data_key::DataKey;
use crate::data_keys::{CiphertextRequest, DataKeyError, DecryptCiphertext, DecryptedCiphertext};
use crate::retry::Deadline;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
impl DecryptCiphertext for KmsClient {
    /// One request. The deadline is kept by the retry loop, which drops this future then.
    async fn decrypt_ciphertext(
        &self,
        request: CiphertextRequest<'_>,
        _deadline: Deadline,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        let context = request.encryption_context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let grant_tokens = request.grant_tokens.to_vec();
        let output = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(request.ciphertext))
            .set_key_id(request.key.map(|key| key.as_str().to_owned()))
            // An empty map and none are the same to KMS; none keeps the request small.
            .set_encryption_context((!request.encryption_context.is_empty()).then(|| context.collect()))
            .set_grant_tokens((!grant_tokens.is_empty()).then_some(grant_tokens))
            .send()
            .await
            .map_err(|error| failure::classify(error, self.key_store))?;
        decrypted(output)
    }
}

fn decrypted(output: DecryptOutput) -> Result<DecryptedCiphertext, DataKeyError> {
    let incomplete = || DataKeyError::Transient(Arc::new(KmsFailure::Incomplete));
    // Taken over, so that no copy of the secret is left behind.
    let data_key = DataKey::new(output.plaintext.ok_or_else(incomplete)?.into_inner());
    let key = output.key_id.ok_or_else(incomplete)?.parse().map_err(|_| DataKeyError::WrongKey)?;
    Ok(DecryptedCiphertext { data_key, key })
}

#[cfg(test)]
mod tests;
