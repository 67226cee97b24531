//! The KMS keyring: which of a record's encrypted data keys may be sent to KMS, and which answers are accepted.

mod candidates;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::candidates::Candidate;
use super::{DecryptDataKey, DecryptedCiphertext, DecryptionMaterials, DecryptionRequest, KmsDecrypt, WrappedDataKey};
use crate::clock::Clock;
use crate::data_keys::{DataKeyError, KeyArn};
use crate::failure::FailureClass;
use crate::message::{AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext, MessageError, VerificationKey};
use crate::retry::{Call, Deadline};

pub use settings::{AllowedKeys, DecryptionKeyringSettings, DecryptionKeyringSettingsError, DiscoveryFilter};

/// Decrypts data keys with those KMS keys that the settings allow.
///
/// It follows the specification's multi-Region-key-aware keyrings:
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/aws-kms/aws-kms-mrk-keyring.md>,
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/aws-kms/aws-kms-mrk-discovery-keyring.md>.
/// Where the specification fails a message for one malformed key ARN among its encrypted data keys, this keyring passes over
/// that one: another may still open the record.
#[derive(Debug)]
pub struct DecryptionKeyring<D> {
    kms: D,
    settings: DecryptionKeyringSettings,
    clock: Arc<dyn Clock>,
    /// Whether KMS has decrypted anything with these settings. From then on, a request that it finds invalid is so by what a record
    /// brought into it.
    is_proven: AtomicBool,
}

impl<D> DecryptionKeyring<D> {
    /// A keyring that has its ciphertexts decrypted by `kms`.
    #[must_use]
    pub fn new(kms: D, settings: DecryptionKeyringSettings, clock: Arc<dyn Clock>) -> Self {
        Self { kms, settings, clock, is_proven: AtomicBool::new(false) }
    }
}

impl<D: Call<KmsDecrypt>> DecryptDataKey for DecryptionKeyring<D> {
    async fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let context = &request.encryption_context;
        match &request.wrapped {
            WrappedDataKey::Message { suite, encrypted_data_keys } => {
                self.decrypt_one_of(*suite, encrypted_data_keys, context, deadline).await
            }
            WrappedDataKey::KmsCiphertext(ciphertext) => {
                let data_key = self.decrypt_ciphertext(ciphertext, context, deadline).await?;
                Ok(DecryptionMaterials { data_key, verification_key: None })
            }
        }
    }
}

impl<D: Call<KmsDecrypt>> DecryptionKeyring<D> {
    /// Tries the allowed encrypted data keys in the header's order.
    ///
    /// Each but the last has at most half of the time that is left, so that one whose KMS fails, or does not answer, leaves some to the
    /// next. A throttled one ends the trying, although not all of the time is used up: the quota is the account's, whichever key
    /// a request names, and the redelivery has the same chances. When all have failed, the failure that leaves most hope is
    /// reported, so that nothing that an operator could fix is quarantined.
    async fn decrypt_one_of(
        &self,
        suite: AlgorithmSuite,
        encrypted_data_keys: &[EncryptedDataKey],
        context: &EncryptionContext,
        deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        // Before KMS is called: a context whose public key is missing or malformed is so for every encrypted data key.
        let verification_key =
            VerificationKey::from_encryption_context(suite, context).map_err(DataKeyError::Materials)?;
        let mut most_hopeful = DataKeyError::NoAllowedKey;
        let mut candidates = candidates::allowed(encrypted_data_keys, &self.settings).into_iter().peekable();
        while let Some(Candidate { key, ciphertext }) = candidates.next() {
            let deadline = if candidates.peek().is_some() { self.half_way_to(deadline) } else { deadline };
            let data_key = match self.call(Some(&key), ciphertext, context, deadline).await {
                Ok(answer) if !answer.key.matches(&key) => Err(DataKeyError::WrongKey),
                Ok(answer) => check_length(answer.data_key, suite),
                Err(error) => Err(error),
            };
            match data_key {
                Ok(data_key) => return Ok(DecryptionMaterials { data_key, verification_key }),
                Err(error) if error.class() == FailureClass::Throttled => return Err(error),
                // The first of those that leave equal hope is kept: the header's order is the producer's order of preference.
                Err(error) if hope(&error) > hope(&most_hopeful) => most_hopeful = error,
                Err(_) => {}
            }
        }
        Err(most_hopeful)
    }

    /// Decrypts a bare ciphertext, which does not say which key wrapped it, with one call if it can be.
    ///
    /// In discovery there is no key to name in a second call: a ciphertext of a key that nobody has allowed, such as a foreign
    /// account's, is denied access, and so is like one that an operator can fix.
    async fn decrypt_ciphertext(
        &self,
        ciphertext: &[u8],
        context: &EncryptionContext,
        deadline: Deadline,
    ) -> Result<DataKey, DataKeyError> {
        let (key, several) = match &self.settings.allowed {
            AllowedKeys::Strict(keys) => match keys.as_slice() {
                [key] => (Some(key), [].as_slice()),
                several => (None, several),
            },
            AllowedKeys::Discovery(_) => (None, [].as_slice()),
        };
        match self.call(key, ciphertext, context, deadline).await {
            Ok(answer) if self.settings.allowed.allow(&answer.key) => Ok(answer.data_key),
            Ok(_) => Err(DataKeyError::WrongKey),
            Err(of_unknown_key @ (DataKeyError::AccessDenied(_) | DataKeyError::KeyUnavailable(_))) => {
                let with_each = self.decrypt_with_each(several, ciphertext, context, deadline).await;
                with_each.unwrap_or(Err(of_unknown_key))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for a bare ciphertext once more with each of `keys`, after access was denied, or the key was of no use, without KMS saying
    /// which key that is.
    ///
    /// The key that wrapped it may be one that nobody has allowed, and then no operator can fix it: asked with an allowed key, KMS
    /// says that it is the incorrect one. `None` if there are no keys to ask with.
    async fn decrypt_with_each(
        &self,
        keys: &[KeyArn],
        ciphertext: &[u8],
        context: &EncryptionContext,
        deadline: Deadline,
    ) -> Option<Result<DataKey, DataKeyError>> {
        let mut last = None;
        for key in keys {
            match self.call(Some(key), ciphertext, context, deadline).await {
                Ok(answer) if answer.key.matches(key) => return Some(Ok(answer.data_key)),
                Ok(_) => last = Some(Err(DataKeyError::WrongKey)),
                Err(error) if error.class() == FailureClass::Permanent => last = Some(Err(error)),
                Err(error) => return Some(Err(error)),
            }
        }
        last
    }

    fn half_way_to(&self, deadline: Deadline) -> Deadline {
        let now = self.clock.now().monotonic;
        deadline.less(deadline.remaining(now) / 2, now)
    }

    async fn call(
        &self,
        key: Option<&KeyArn>,
        ciphertext: &[u8],
        encryption_context: &EncryptionContext,
        deadline: Deadline,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        candidates::check_ciphertext_length(ciphertext)?;
        let request = KmsDecrypt {
            key: key.cloned(),
            ciphertext: ciphertext.to_vec(),
            encryption_context: encryption_context.clone(),
            grant_tokens: self.settings.grant_tokens.clone(),
        };
        let outcome = self.kms.call(&request, deadline).await;
        if outcome.is_ok() {
            self.is_proven.store(true, Ordering::Relaxed);
        }
        let is_proven = self.is_proven.load(Ordering::Relaxed);
        outcome.map_err(|error| candidates::blame_record(error, encryption_context, is_proven))
    }
}

/// How much hope a failure leaves that the record will be read yet: more, the higher the number.
fn hope(error: &DataKeyError) -> u8 {
    match error.class() {
        // Any answer says more than that there was nothing to ask for.
        FailureClass::Permanent => u8::from(!matches!(error, DataKeyError::NoAllowedKey)),
        FailureClass::Unavailable => 2,
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Caller => 3,
    }
}

/// > The length of the response's `Plaintext` MUST equal the key derivation input length specified by the algorithm suite.
fn check_length(data_key: DataKey, suite: AlgorithmSuite) -> Result<DataKey, DataKeyError> {
    let (expected, actual) = (suite.data_key_len(), data_key.expose().len());
    if actual != expected {
        return Err(DataKeyError::Materials(MessageError::DataKeyLength { expected, actual }));
    }
    Ok(data_key)
}
