//! Data keys wrapped by an AES key that the application holds itself.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{DataKey, EncryptedDataKey, EncryptionContext, MessageError};

use super::header::{IV_LEN, TAG_LEN};

/// How the provider ids of KMS begin.
const KMS_PROVIDER_ID_PREFIX: &str = "aws-kms";
/// The tag's length as the provider information has it: in bits.
const TAG_LEN_BITS: u32 = 128;
/// The IV's length as the provider information has it: in bytes.
const IV_LEN_BYTES: u32 = 12;

/// An AES wrapping key of 128, 192 or 256 bits with its provider id ("key namespace") and name.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/raw-aes-keyring.md>
pub struct RawAesKey {
    provider_id: String,
    /// The provider information up to the IV: key name, tag length, IV length.
    info_prefix: Vec<u8>,
    key: LessSafeKey,
}

impl RawAesKey {
    /// Takes a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`MessageError::WrappingKeyLength`], or [`MessageError::ReservedProviderId`] for an id that begins with `aws-kms`.
    pub fn new(provider_id: impl Into<String>, name: &str, key: &[u8]) -> Result<Self, MessageError> {
        let provider_id = provider_id.into();
        //= framework/keyring-interface.md#key-provider-id
        //# This value MUST NOT be or start with "aws-kms" unless this encrypted data key was produced by one of the AWS KMS
        //# Keyrings.
        if provider_id.starts_with(KMS_PROVIDER_ID_PREFIX) {
            return Err(MessageError::ReservedProviderId);
        }
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            actual => return Err(MessageError::WrappingKeyLength { actual }),
        };
        let key = UnboundKey::new(algorithm, key)
            .map_err(|_| MessageError::Cryptography { operation: "expand the wrapping key" })?;
        let info_prefix = [name.as_bytes(), &TAG_LEN_BITS.to_be_bytes(), &IV_LEN_BYTES.to_be_bytes()].concat();
        Ok(Self { provider_id, info_prefix, key: LessSafeKey::new(key) })
    }

    /// Unwraps a data key that this key has wrapped with the same encryption context (all of it).
    ///
    /// # Errors
    /// [`MessageError::OtherWrappingKey`] if the encrypted data key names another key, so that another one may be tried;
    /// [`MessageError::DataKeyAuthentication`] if it names this one but does not authenticate;
    /// [`MessageError::ContextTooLong`].
    pub fn unwrap(
        &self,
        encrypted_data_key: &EncryptedDataKey,
        encryption_context: &EncryptionContext,
    ) -> Result<DataKey, MessageError> {
        let EncryptedDataKey { provider_id, provider_info, ciphertext } = encrypted_data_key;
        //= framework/raw-aes-keyring.md#ondecrypt
        //# The keyring attempts to decrypt the encrypted data key if and only if the following is true
        // Both deserialise, and provider id, key name, IV length and tag length are this key's.
        let iv =
            provider_info.strip_prefix(self.info_prefix.as_slice()).and_then(|iv| <[u8; IV_LEN]>::try_from(iv).ok());
        let (Some(iv), Some((wrapped, tag))) = (iv, ciphertext.split_last_chunk::<TAG_LEN>()) else {
            return Err(MessageError::OtherWrappingKey);
        };
        if *provider_id != self.provider_id {
            return Err(MessageError::OtherWrappingKey);
        }
        let aad = encryption_context.serialise()?;
        let mut data_key = Zeroizing::new(vec![0; wrapped.len()]);
        self.key
            .open_separate_gather(Nonce::assume_unique_for_key(iv), Aad::from(&aad), wrapped, tag, &mut data_key)
            .map_err(|_| MessageError::DataKeyAuthentication)?;
        Ok(DataKey::new(std::mem::take(&mut *data_key)))
    }

    /// Wraps `data_key` with `encryption_context` (all of it).
    ///
    /// # Errors
    /// [`MessageError::ContextTooLong`], or [`MessageError::Cryptography`] if the random number generator fails.
    pub fn wrap(
        &self,
        data_key: &DataKey,
        encryption_context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, MessageError> {
        const FAILED: MessageError = MessageError::Cryptography { operation: "wrap the data key" };
        let aad = encryption_context.serialise()?;
        //= framework/raw-aes-keyring.md#onencrypt
        //# It MUST use a cryptographically random generated IV.
        let mut iv = [0; IV_LEN];
        aws_lc_rs::rand::fill(&mut iv).map_err(|_| FAILED)?;
        let secret = data_key.expose();
        let mut ciphertext = vec![0; secret.len() + TAG_LEN];
        let (wrapped, tag) = ciphertext.split_at_mut(secret.len());
        self.key
            .seal_out_of_place_scatter(Nonce::assume_unique_for_key(iv), Aad::from(&aad), secret, wrapped, &[], tag)
            .map_err(|_| FAILED)?;
        let provider_info = [self.info_prefix.as_slice(), &iv].concat();
        Ok(EncryptedDataKey { provider_id: self.provider_id.clone(), provider_info, ciphertext })
    }
}

impl fmt::Debug for RawAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawAesKey({:?}, redacted)", self.provider_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RawAesKey {
        RawAesKey::new("namespace", "name", &[1; 32]).unwrap()
    }

    fn context() -> EncryptionContext {
        EncryptionContext::from_iter([("tenant", "7")])
    }

    #[test]
    fn every_key_length_unwraps_what_it_wrapped() {
        for len in [16, 24, 32] {
            let key = RawAesKey::new("namespace", "name", &vec![1; len]).unwrap();
            let wrapped = key.wrap(&DataKey::new(vec![5; 32]), &context()).unwrap();
            assert_eq!(wrapped.ciphertext.len(), 48);
            assert_eq!(key.unwrap(&wrapped, &context()).unwrap().expose(), [5; 32]);
        }
        for len in [0, 15, 17, 33] {
            let error = RawAesKey::new("namespace", "name", &vec![1; len]).unwrap_err();
            assert_eq!(error, MessageError::WrappingKeyLength { actual: len });
        }
    }

    #[test]
    fn the_provider_information_is_name_tag_length_iv_length_and_iv() {
        let wrapped = key().wrap(&DataKey::new(vec![5; 32]), &context()).unwrap();
        assert_eq!(wrapped.provider_id, "namespace");
        assert!(wrapped.provider_info.starts_with(b"name\0\0\0\x80\0\0\0\x0C"));
        assert_eq!(wrapped.provider_info.len(), 4 + 4 + 4 + 12);
    }

    #[test]
    fn another_key_is_told_apart_from_a_damaged_data_key() {
        let wrapped = key().wrap(&DataKey::new(vec![5; 32]), &context()).unwrap();
        let unwrap = |key: &RawAesKey| key.unwrap(&wrapped, &context()).unwrap_err();
        assert_eq!(unwrap(&RawAesKey::new("other", "name", &[1; 32]).unwrap()), MessageError::OtherWrappingKey);
        assert_eq!(unwrap(&RawAesKey::new("namespace", "nam", &[1; 32]).unwrap()), MessageError::OtherWrappingKey);
        assert_eq!(unwrap(&RawAesKey::new("namespace", "names", &[1; 32]).unwrap()), MessageError::OtherWrappingKey);
        assert_eq!(
            unwrap(&RawAesKey::new("namespace", "name", &[2; 32]).unwrap()),
            MessageError::DataKeyAuthentication
        );

        let mut damaged = wrapped.clone();
        damaged.ciphertext.truncate(15);
        assert_eq!(key().unwrap(&damaged, &context()).unwrap_err(), MessageError::OtherWrappingKey);
    }

    #[test]
    fn the_whole_context_is_bound_to_the_data_key() {
        let wrapped = key().wrap(&DataKey::new(vec![5; 32]), &context()).unwrap();
        let other = EncryptionContext::from_iter([("tenant", "8")]);
        assert_eq!(key().unwrap(&wrapped, &other).unwrap_err(), MessageError::DataKeyAuthentication);
        let empty = EncryptionContext::empty();
        assert_eq!(key().unwrap(&wrapped, &empty).unwrap_err(), MessageError::DataKeyAuthentication);
    }

    #[test]
    fn the_provider_ids_of_kms_are_refused() {
        for id in ["aws-kms", "aws-kms-hierarchy"] {
            assert_eq!(RawAesKey::new(id, "name", &[1; 32]).unwrap_err(), MessageError::ReservedProviderId);
        }
    }
}
