//! What `Encrypt` and `GenerateDataKey` return and `Decrypt` takes: wrapped bytes that name their key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use warmkeys::message::EncryptionContext;

use super::key::KmsKey;

/// A blob's first bytes: what it is and the version of its layout.
const MAGIC: &[u8; 5] = b"WMKS\x01";

/// The length of AES-GCM's nonce, in bytes.
const NONCE_LEN: usize = 12;

/// Wraps `plaintext`. The layout: magic, length of the key id (one byte), key id, nonce, ciphertext, tag.
///
/// The blob carries everything but the key material, so that it can be unwrapped by any later process that has the key.
pub(super) fn wrap(key: &KmsKey, context: &EncryptionContext, plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = plaintext.to_vec();
    let nonce = cipher(key)?.seal_in_place_append_tag(Aad::from(serialise(context)?), &mut sealed).ok()?;
    let mut blob = MAGIC.to_vec();
    blob.push(u8::try_from(key.id.len()).ok()?);
    blob.extend_from_slice(key.id.as_bytes());
    blob.extend_from_slice(nonce.as_ref());
    blob.append(&mut sealed);
    Some(blob)
}

/// A blob taken apart, not yet authenticated.
#[derive(Debug)]
pub(super) struct CiphertextBlob<'a> {
    /// The id of the key that wrapped it.
    pub(super) key_id: &'a str,
    nonce: [u8; NONCE_LEN],
    sealed: &'a [u8],
}

impl<'a> CiphertextBlob<'a> {
    /// Takes `blob` apart; `None` if it is not one of this KMS.
    pub(super) fn parse(blob: &'a [u8]) -> Option<Self> {
        let (key_id_len, rest) = blob.strip_prefix(MAGIC)?.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*key_id_len))?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        Some(Self { key_id: std::str::from_utf8(key_id).ok()?, nonce: *nonce, sealed })
    }

    /// The plaintext; `None` if the blob is damaged, or was wrapped by other material or with another context.
    pub(super) fn unwrap_with(&self, key: &KmsKey, context: &EncryptionContext) -> Option<Vec<u8>> {
        let mut opened = self.sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let aad = Aad::from(serialise(context)?);
        let len = cipher(key)?.open_in_place(nonce, aad, &mut opened).ok()?.len();
        opened.truncate(len);
        Some(opened)
    }
}

fn cipher(key: &KmsKey) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, &key.material.0).ok()
}

/// The context, unambiguously: every key and value behind its length, in the order of the keys.
///
/// > the encryption context is used as additional authenticated data
/// > <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>
///
/// `None` if a part has more than 65,535 bytes.
fn serialise(context: &EncryptionContext) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in context.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&u16::try_from(part.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_blob_opens_with_its_key_and_context_only() {
        let [key, other, _] = KmsKey::development_keys();
        let tenant = context(&[("tenant", "blue")]);
        let bytes = wrap(&key, &tenant, b"thirty-two bytes or anything").unwrap();
        let blob = CiphertextBlob::parse(&bytes).unwrap();
        assert_eq!(blob.key_id, key.id);
        assert_eq!(blob.unwrap_with(&key, &tenant).unwrap(), b"thirty-two bytes or anything");
        assert_eq!(blob.unwrap_with(&other, &tenant), None);
        assert_eq!(blob.unwrap_with(&key, &EncryptionContext::empty()), None);
        assert_eq!(blob.unwrap_with(&key, &context(&[("tenantb", "lue")])), None);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let [key, ..] = KmsKey::development_keys();
        let bytes = wrap(&key, &EncryptionContext::empty(), b"data key").unwrap();
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            let opened = CiphertextBlob::parse(&damaged)
                .filter(|blob| blob.key_id == key.id)
                .and_then(|blob| blob.unwrap_with(&key, &EncryptionContext::empty()));
            assert_eq!(opened, None, "byte {position}");
        }
    }

    #[test]
    fn every_shortened_blob_is_refused() {
        let [key, ..] = KmsKey::development_keys();
        let bytes = wrap(&key, &EncryptionContext::empty(), b"data key").unwrap();
        for len in 0..bytes.len() {
            let opened = CiphertextBlob::parse(&bytes[..len])
                .and_then(|blob| blob.unwrap_with(&key, &EncryptionContext::empty()));
            assert_eq!(opened, None, "{len} bytes");
        }
    }
}
