//! The KMS keyring: which of a record's encrypted data keys may be sent to KMS, and which answers are accepted.

mod candidates;
mod invalid_request;
mod named_keys;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use self::candidates::Candidate;
use super::{DecryptDataKey, DecryptedCiphertext, DecryptionMaterials, DecryptionRequest, KmsDecrypt, WrappedDataKey};
use crate::clock::Clock;
use crate::data_keys::{DataKeyError, KeyArn, RecordFault};
use crate::failure::{FailureClass, describe};
use crate::message::{AlgorithmSuite, DataKey, EncryptedDataKey, MessageError, VerificationKey};
use crate::retry::{Call, CallStatistics, Deadline, Hold};

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
    /// The first request that KMS answered with a data key: what shows that it is not the settings that make another one invalid.
    known_good: OnceLock<KmsDecrypt>,
    /// How long records are held whose keys KMS refuses in discovery, and those of which nobody can tell why it finds them invalid.
    hold: Hold,
    calls_in_vain: AtomicU64,
}

/// One data key that is asked for, whichever calls it takes.
struct Asking<'a> {
    request: &'a DecryptionRequest,
    deadline: Deadline,
    calls: AtomicU64,
}

impl<D> DecryptionKeyring<D> {
    /// A keyring that has its ciphertexts decrypted by `kms`.
    #[must_use]
    pub fn new(kms: D, settings: DecryptionKeyringSettings, clock: Arc<dyn Clock>) -> Self {
        let hold = Hold::new(settings.denied_key_hold);
        Self { kms, settings, clock, known_good: OnceLock::new(), hold, calls_in_vain: AtomicU64::new(0) }
    }
}

impl<D: Call<KmsDecrypt>> DecryptDataKey for DecryptionKeyring<D> {
    async fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        deadline: Deadline,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        let asking = Asking { request, deadline, calls: AtomicU64::new(0) };
        let outcome = match &request.wrapped {
            WrappedDataKey::Message { suite, encrypted_data_keys } => {
                self.decrypt_one_of(*suite, encrypted_data_keys, &asking).await
            }
            WrappedDataKey::KmsCiphertext(ciphertext) => {
                let data_key = self.decrypt_ciphertext(ciphertext, &asking).await;
                data_key.map(|data_key| DecryptionMaterials { data_key, verification_key: None })
            }
        };
        let outcome = outcome.map_err(|error| self.hold_refused(error, request));
        if outcome.as_ref().is_err_and(|error| !error.class().is_retryable()) {
            self.calls_in_vain.fetch_add(asking.calls.into_inner(), Ordering::Relaxed);
        }
        outcome
    }

    fn calls_in_vain(&self) -> u64 {
        self.calls_in_vain.load(Ordering::Relaxed)
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        self.kms.call_statistics()
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
        asking: &Asking<'_>,
    ) -> Result<DecryptionMaterials, DataKeyError> {
        // Before KMS is called: a context whose public key is missing or malformed is so for every encrypted data key.
        let context = &asking.request.encryption_context;
        let verification_key =
            VerificationKey::from_encryption_context(suite, context).map_err(DataKeyError::Materials)?;
        let mut most_hopeful = None;
        let mut candidates = candidates::allowed(encrypted_data_keys, &self.settings).into_iter().peekable();
        while let Some(Candidate { key, ciphertext }) = candidates.next() {
            let until = if candidates.peek().is_some() { self.half_way_to(asking.deadline) } else { asking.deadline };
            let data_key = match self.call(Some(&key), ciphertext, until, asking).await {
                Ok(answer) if !answer.key.matches(&key) => Err(DataKeyError::WrongKey),
                Ok(answer) => check_length(answer.data_key, suite),
                Err(error) => Err(error),
            };
            match data_key {
                Ok(data_key) => return Ok(DecryptionMaterials { data_key, verification_key }),
                Err(error) if error.class() == FailureClass::Throttled => return Err(error),
                // The first of those that leave equal hope is kept: the header's order is the producer's order of preference.
                Err(error) if most_hopeful.as_ref().is_none_or(|most| hope(&error) > hope(most)) => {
                    most_hopeful = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(most_hopeful.unwrap_or_else(|| self.not_allowed(named_keys::keys_named_by(&asking.request.wrapped))))
    }

    /// Decrypts a bare ciphertext, which does not say which key wrapped it, with one call if it can be.
    ///
    /// In discovery there is no key to name in a second call: a ciphertext of a key that nobody has allowed, such as a foreign
    /// account's, is denied access, and so is like one that an operator can fix.
    async fn decrypt_ciphertext(&self, ciphertext: &[u8], asking: &Asking<'_>) -> Result<DataKey, DataKeyError> {
        let (key, several) = match &self.settings.allowed {
            AllowedKeys::Strict(keys) => match keys.as_slice() {
                [key] => (Some(key), [].as_slice()),
                several => (None, several),
            },
            AllowedKeys::Discovery(_) => (None, [].as_slice()),
        };
        match self.call(key, ciphertext, asking.deadline, asking).await {
            Ok(answer) if self.settings.allowed.allow(&answer.key) => Ok(answer.data_key),
            Ok(answer) => Err(self.not_allowed(answer.key.to_string())),
            Err(
                of_unknown_key @ (DataKeyError::AccessDenied(_)
                | DataKeyError::KeyUnavailable(_)
                | DataKeyError::NoSuchKey(_)),
            ) => {
                let with_each = self.decrypt_with_each(several, ciphertext, asking).await;
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
        asking: &Asking<'_>,
    ) -> Option<Result<DataKey, DataKeyError>> {
        let mut last = None;
        for key in keys {
            match self.call(Some(key), ciphertext, asking.deadline, asking).await {
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
        deadline: Deadline,
        asking: &Asking<'_>,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        candidates::check_ciphertext_length(ciphertext)?;
        let request = KmsDecrypt {
            key: key.cloned(),
            ciphertext: ciphertext.to_vec(),
            encryption_context: asking.request.encryption_context.clone(),
            grant_tokens: self.settings.grant_tokens.clone(),
        };
        match self.ask(&request, deadline, asking).await {
            Ok(answer) => {
                self.known_good.get_or_init(|| request);
                Ok(answer)
            }
            // What nobody waits for is not worth more calls.
            Err(DataKeyError::InvalidRequest(_)) if !deadline.is_impatient() => {
                self.about_invalid(&request, deadline, asking).await
            }
            Err(DataKeyError::NoSuchKey(source)) if matches!(self.settings.allowed, AllowedKeys::Discovery(_)) => {
                Err(RecordFault::NoSuchKey(source).into())
            }
            Err(error) => Err(error),
        }
    }

    /// One call.
    async fn ask(
        &self,
        request: &KmsDecrypt,
        deadline: Deadline,
        asking: &Asking<'_>,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        asking.calls.fetch_add(1, Ordering::Relaxed);
        self.kms.call(request, deadline).await
    }

    fn not_allowed(&self, named: String) -> DataKeyError {
        DataKeyError::NoAllowedKey(Arc::new(named_keys::not_allowed(&self.settings, named)))
    }

    /// In discovery it is the record that names a key: one that KMS refuses blocks the shard of whoever writes such records, so it is
    /// held for a bounded time only. A configured key waits for the operator.
    fn hold_refused(&self, error: DataKeyError, request: &DecryptionRequest) -> DataKeyError {
        let (AllowedKeys::Discovery(_), DataKeyError::AccessDenied(source) | DataKeyError::KeyUnavailable(source)) =
            (&self.settings.allowed, &error)
        else {
            return error;
        };
        let named = named_keys::keys_named_by(&request.wrapped);
        let Some(left) = self.hold.remaining(self.clock.now()) else {
            let held = self.hold.limit();
            return RecordFault::RefusedTooLong { named, held, source: Arc::clone(source) }.into();
        };
        tracing::error!(
            keys = named,
            held_for_another_seconds = left.as_secs(),
            reason = describe(&error),
            "KMS refuses the key that a record names: the record is held, and then goes to quarantine; if the key is yours, allow the \
             role to use it and enable it (DENIED_KEY_HOLD_SECONDS is the time for that)"
        );
        error
    }
}

/// How much hope a failure leaves that the record will be read yet: more, the higher the number.
fn hope(error: &DataKeyError) -> u8 {
    match error.class() {
        FailureClass::Permanent => 0,
        FailureClass::Unavailable => 1,
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Caller => 2,
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
