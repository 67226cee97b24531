//! Whom to blame for a request that KMS finds invalid: evidence first.

use std::sync::Arc;

use super::{AllowedKeys, Asking, DecryptionKeyring};
use crate::data_keys::{DataKeyError, DecryptedCiphertext, KeyArn, KmsDecrypt, RecordFault, kms_may_refuse};
use crate::message::EncryptionContext;
use crate::retry::{Call, Deadline};

/// Whom the evidence speaks against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// KMS takes other requests.
    Record,
    /// KMS takes no request: the settings, or something between here and KMS.
    Caller,
    /// There is no evidence.
    Unknown,
}

impl<D: Call<KmsDecrypt>> DecryptionKeyring<D> {
    /// What becomes of `request`, which KMS has found invalid.
    ///
    /// `ValidationException` means mistakes of ours as well as parts of a record. Blamed on a record it loses a good one, blamed on us
    /// it lets a bad one block its shard. So the request is made once more, alone, and then one of which the answer is known: the
    /// first that KMS ever took from this keyring, or if there is none, a [`probe`]. Two calls, for a failure that no healthy producer
    /// causes: what KMS does not decrypt, it has not encrypted either.
    pub(super) async fn about_invalid(
        &self,
        request: &KmsDecrypt,
        deadline: Deadline,
        asking: &Asking<'_>,
    ) -> Result<DecryptedCiphertext, DataKeyError> {
        let invalid = match self.ask(request, deadline, asking).await {
            Err(DataKeyError::InvalidRequest(source)) => source,
            other => return other,
        };
        let reference = self.known_good.get().cloned().unwrap_or_else(|| self.probe(request));
        let blame = match self.ask(&reference, deadline, asking).await {
            Err(error) if error.class().is_retryable() => return Err(error),
            answer => blame(answer, &request.encryption_context),
        };
        match blame {
            Blame::Record => Err(RecordFault::InvalidRequest(invalid).into()),
            Blame::Caller => {
                tracing::error!(
                    key = request.key.as_ref().map(KeyArn::as_str),
                    "KMS finds every request invalid, not only a record's: nothing is decrypted until that is fixed; check \
                     KMS_KEY_ARNS, KMS_GRANT_TOKENS and the endpoint of KMS"
                );
                Err(DataKeyError::Caller(invalid))
            }
            Blame::Unknown => match self.hold.remaining(self.clock.now()) {
                None => Err(RecordFault::InvalidRequest(invalid).into()),
                Some(left) => {
                    tracing::error!(
                        key = request.key.as_ref().map(KeyArn::as_str),
                        held_for_another_seconds = left.as_secs(),
                        "KMS finds the request for a record invalid, and refuses the one that would tell whether the record is to \
                         blame: it is held, and then goes to quarantine; if the role may not use KMS, allow it to by then"
                    );
                    Err(DataKeyError::Transient(Arc::new(Undecided(invalid))))
                }
            },
        }
    }

    /// A request that KMS can only call undecryptable, if nothing is wrong with how it is asked.
    ///
    /// It has nothing of the record: not its context, and in discovery not its key. KMS tells a ciphertext that is not its own from an
    /// invalid request: see the answer in <https://github.com/aws/aws-cli/issues/8497>.
    fn probe(&self, request: &KmsDecrypt) -> KmsDecrypt {
        let key = match self.settings.allowed {
            AllowedKeys::Strict(_) => request.key.clone(),
            AllowedKeys::Discovery(_) => None,
        };
        KmsDecrypt {
            key,
            ciphertext: b"not a ciphertext: is a request of this form valid?".to_vec(),
            encryption_context: EncryptionContext::empty(),
            grant_tokens: request.grant_tokens.clone(),
        }
    }
}

/// What the answer to the reference tells about a request with `context` that was found invalid.
fn blame(answer: Result<DecryptedCiphertext, DataKeyError>, context: &EncryptionContext) -> Blame {
    match answer {
        // Whatever KMS thinks of key and ciphertext: it has understood the request.
        Ok(_) | Err(DataKeyError::Undecryptable(_) | DataKeyError::NoSuchKey(_) | DataKeyError::KeyUnavailable(_)) => {
            Blame::Record
        }
        Err(DataKeyError::InvalidRequest(_)) => Blame::Caller,
        Err(_) if kms_may_refuse(context) => Blame::Record,
        Err(_) => Blame::Unknown,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("KMS found the request invalid, and it is not known whether the record is to blame")]
struct Undecided(#[source] Arc<dyn std::error::Error + Send + Sync>);
