//! What messages under one data key have in common.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    AlgorithmSuite, DataKey, EncryptedDataKey, EncryptionContext, MessageError, PUBLIC_KEY_CONTEXT_KEY, SigningKey,
};

/// How the keys of the encryption context begin that the format keeps for itself.
const RESERVED_CONTEXT_KEY_PREFIX: &str = "aws-crypto-";

/// What messages under one data key have in common, checked and serialised once. To be shared (in an `Arc`) by all threads
/// that seal under the data key.
#[derive(Debug)]
pub struct SealingMaterials {
    pub(super) suite: AlgorithmSuite,
    pub(super) data_key: DataKey,
    pub(super) signing_key: Option<SigningKey>,
    /// The header's fields AAD and encrypted data keys.
    pub(super) data_key_identity: Box<[u8]>,
    /// The pairs that are authenticated but not stored, serialised.
    pub(super) required_context: Box<[u8]>,
    /// Whether a message was sealed. Guards suites without key derivation, whose IVs repeat from message to message.
    is_used: AtomicBool,
}

impl SealingMaterials {
    /// Puts the materials together.
    ///
    /// `encryption_context` is stored in the message; for a signing suite it holds the public key of `signing_key`.
    /// `required_context` is authenticated but not stored: whoever opens the message has to know it.
    /// `encrypted_data_keys` are `data_key`, wrapped with both contexts together.
    ///
    /// # Errors
    /// [`MessageError::DataKeyLength`], [`MessageError::NoEncryptedDataKeys`], [`MessageError::EncryptedDataKeyTooLong`],
    /// [`MessageError::ContextTooLong`]; [`MessageError::DuplicateContextKey`] if a key is in both contexts;
    /// [`MessageError::ReservedContextKey`] if a key other than that of the public key begins with `aws-crypto-`;
    /// [`MessageError::MissingPublicKey`], [`MessageError::UnexpectedPublicKey`] or [`MessageError::PublicKeyMismatch`] if
    /// suite, signing key and context do not belong together.
    pub fn new(
        suite: AlgorithmSuite,
        data_key: DataKey,
        encrypted_data_keys: &[EncryptedDataKey],
        encryption_context: &EncryptionContext,
        required_context: &EncryptionContext,
        signing_key: Option<SigningKey>,
    ) -> Result<Self, MessageError> {
        let (expected, actual) = (suite.data_key_len(), data_key.expose().len());
        if actual != expected {
            return Err(MessageError::DataKeyLength { expected, actual });
        }
        if required_context.iter().any(|(key, _)| encryption_context.get(key).is_some()) {
            return Err(MessageError::DuplicateContextKey);
        }
        //= client-apis/encrypt.md#encryption-context
        //# If the input encryption context contains any entries with a key beginning with this prefix, the encryption
        //# operation MUST fail.
        let given = encryption_context.iter().filter(|(key, _)| *key != PUBLIC_KEY_CONTEXT_KEY);
        if given.chain(required_context.iter()).any(|(key, _)| key.starts_with(RESERVED_CONTEXT_KEY_PREFIX)) {
            return Err(MessageError::ReservedContextKey);
        }
        let public_key = encryption_context.get(PUBLIC_KEY_CONTEXT_KEY);
        match (suite.signature(), &signing_key) {
            (Some(algorithm), Some(key)) if key.algorithm() == algorithm => match public_key {
                Some(public_key) if public_key == key.public_key() => {}
                Some(_) => return Err(MessageError::PublicKeyMismatch),
                None => return Err(MessageError::MissingPublicKey),
            },
            (Some(_), Some(_)) => return Err(MessageError::PublicKeyMismatch),
            (Some(_), None) => return Err(MessageError::MissingPublicKey),
            (None, None) if public_key.is_none() => {}
            (None, _) => return Err(MessageError::UnexpectedPublicKey),
        }
        Ok(Self {
            suite,
            data_key,
            signing_key,
            data_key_identity: serialise(encryption_context, encrypted_data_keys)?.into(),
            required_context: required_context.serialise()?.into(),
            is_used: AtomicBool::new(false),
        })
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> AlgorithmSuite {
        self.suite
    }

    /// To be called before each message.
    pub(super) fn claim(&self) -> Result<(), MessageError> {
        // Suites with a key derivation encrypt each message with a key of its own; no need to share a cache line.
        if self.suite.is_cacheable() || !self.is_used.swap(true, Ordering::Relaxed) {
            Ok(())
        } else {
            Err(MessageError::DataKeyUsedBefore)
        }
    }
}

fn serialise(
    encryption_context: &EncryptionContext,
    encrypted_data_keys: &[EncryptedDataKey],
) -> Result<Vec<u8>, MessageError> {
    let mut serialised = Vec::new();
    push_u16_prefixed(&mut serialised, &encryption_context.serialise()?).ok_or(MessageError::ContextTooLong)?;
    let count = u16::try_from(encrypted_data_keys.len())
        .map_err(|_| MessageError::TooManyEncryptedDataKeys { count: u16::MAX, max: u16::MAX })?;
    if count == 0 {
        return Err(MessageError::NoEncryptedDataKeys);
    }
    serialised.extend_from_slice(&count.to_be_bytes());
    for EncryptedDataKey { provider_id, provider_info, ciphertext } in encrypted_data_keys {
        for field in [provider_id.as_bytes(), provider_info, ciphertext] {
            push_u16_prefixed(&mut serialised, field).ok_or(MessageError::EncryptedDataKeyTooLong)?;
        }
    }
    Ok(serialised)
}

/// `None` if `field` is longer than its length can say.
fn push_u16_prefixed(serialised: &mut Vec<u8>, field: &[u8]) -> Option<()> {
    serialised.extend_from_slice(&u16::try_from(field.len()).ok()?.to_be_bytes());
    serialised.extend_from_slice(field);
    Some(())
}
