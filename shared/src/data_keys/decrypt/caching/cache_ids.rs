//! Which cache entry a request belongs to, and whether it may have one.

use crate::data_keys::{DecryptionRequest, WrappedDataKey};
use crate::materials_cache::{CacheId, CacheIdBuilder};
use crate::message::EncryptedDataKey;

/// The id of `request` in `partition`: equal for requests that the same materials answer, and for no others.
///
/// The encrypted data keys are sorted, because any one of them will do.
pub(super) fn cache_id(partition: &str, request: &DecryptionRequest) -> CacheId {
    let id = match &request.wrapped {
        WrappedDataKey::Message { suite, encrypted_data_keys } => {
            let mut sorted: Vec<&EncryptedDataKey> = encrypted_data_keys.iter().collect();
            sorted.sort_unstable();
            let id = CacheIdBuilder::new(partition, "decrypt a message's data key").bytes(&suite.id().to_be_bytes());
            sorted.into_iter().fold(id.count(encrypted_data_keys.len()), |id, key| {
                id.bytes(key.provider_id.as_bytes()).bytes(&key.provider_info).bytes(&key.ciphertext)
            })
        }
        WrappedDataKey::KmsCiphertext(ciphertext) => {
            CacheIdBuilder::new(partition, "decrypt a ciphertext of KMS").bytes(ciphertext)
        }
    };
    id.encryption_context(&request.encryption_context).finish()
}

/// Whether the materials for `wrapped` may be cached.
///
/// > If the algorithm suite uses the identity KDF, the caching CMM MUST obtain the decryption materials by calling the underlying
/// > CMM, and MUST NOT store them in the cache.
///
/// <https://github.com/awslabs/aws-encryption-sdk-specification/blob/master/framework/caching-cmm.md>
pub(super) fn is_cacheable(wrapped: &WrappedDataKey) -> bool {
    match wrapped {
        WrappedDataKey::Message { suite, .. } => suite.is_cacheable(),
        WrappedDataKey::KmsCiphertext(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{AlgorithmSuite, EncryptionContext};

    const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

    fn key(provider_id: &str, provider_info: &str, ciphertext: &str) -> EncryptedDataKey {
        EncryptedDataKey {
            provider_id: provider_id.into(),
            provider_info: provider_info.into(),
            ciphertext: ciphertext.into(),
        }
    }

    fn message(keys: &[EncryptedDataKey], context: &[(&str, &str)]) -> DecryptionRequest {
        let wrapped = WrappedDataKey::Message { suite: SUITE, encrypted_data_keys: keys.to_vec() };
        DecryptionRequest { wrapped, encryption_context: context.iter().copied().collect() }
    }

    fn id(request: &DecryptionRequest) -> CacheId {
        cache_id("p", request)
    }

    #[test]
    fn reordered_encrypted_data_keys_have_the_same_id() {
        let (one, two) = (key("aws-kms", "a", "1"), key("aws-kms", "b", "2"));
        assert_eq!(id(&message(&[one.clone(), two.clone()], &[])), id(&message(&[two, one], &[])));
    }

    #[test]
    fn another_partition_suite_key_or_context_is_another_id() {
        let keys = [key("aws-kms", "a", "1")];
        let request = message(&keys, &[("k", "v")]);
        let mut other_suite = request.clone();
        other_suite.wrapped = WrappedDataKey::Message {
            suite: AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384,
            encrypted_data_keys: keys.to_vec(),
        };
        let others = [
            other_suite,
            message(&[key("aws-kms", "a", "2")], &[("k", "v")]),
            message(&[key("aws-kms", "b", "1")], &[("k", "v")]),
            message(&[key("raw", "a", "1")], &[("k", "v")]),
            message(&[keys[0].clone(), keys[0].clone()], &[("k", "v")]),
            message(&keys, &[("k", "w")]),
            message(&keys, &[("l", "v")]),
            message(&keys, &[]),
        ];
        assert_ne!(cache_id("p", &request), cache_id("q", &request));
        for other in others {
            assert_ne!(id(&request), id(&other), "{other:?}");
        }
    }

    #[test]
    fn moving_the_border_between_fields_changes_the_id() {
        let whole = |keys: &[EncryptedDataKey], context: &[(&str, &str)]| id(&message(keys, context));
        assert_ne!(whole(&[key("ab", "c", "d")], &[]), whole(&[key("a", "bc", "d")], &[]));
        assert_ne!(whole(&[key("a", "bc", "d")], &[]), whole(&[key("a", "b", "cd")], &[]));
        assert_ne!(whole(&[], &[("ab", "c")]), whole(&[], &[("a", "bc")]));
        assert_ne!(whole(&[], &[("a", "b"), ("c", "d")]), whole(&[], &[("a", "bcd")]));
        // What is a key in one is a pair of the context in the other.
        assert_ne!(whole(&[key("a", "b", "c")], &[]), whole(&[], &[("a", "b")]));
    }

    #[test]
    fn a_ciphertext_of_kms_and_a_message_never_share_an_id() {
        let ciphertext = |bytes: &[u8]| DecryptionRequest {
            wrapped: WrappedDataKey::KmsCiphertext(bytes.to_vec()),
            encryption_context: EncryptionContext::empty(),
        };
        assert_eq!(id(&ciphertext(b"a")), id(&ciphertext(b"a")));
        assert_ne!(id(&ciphertext(b"a")), id(&ciphertext(b"b")));
        assert_ne!(id(&ciphertext(b"")), id(&message(&[], &[])));
    }
}
