//! HKDF with one extraction for several expansions.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::MessageError;
use super::header::MESSAGE_ID_V1_LEN;
use super::short_bytes::ShortBytes;

/// The longest HMAC tag of any suite (SHA-512), in bytes.
const MAX_TAG_LEN: usize = 64;
/// The longest `info` of any suite (suite id and message id, version 1) and the round's number, in bytes.
const MAX_INFO_LEN: usize = size_of::<u16>() + MESSAGE_ID_V1_LEN + 1;

/// HKDF's pseudorandom key (RFC 5869), ready for any number of expansions of at most one hash length.
///
/// `aws_lc_rs::hkdf` extracts again for every expansion, and keys the HMAC again: 16 compressions of SHA-512 for the two
/// keys of a committing suite, which is most of what it takes to open a small message. The library's HMAC composed as the
/// RFC says takes 10. The tests hold it against `aws_lc_rs::hkdf`.
//= framework/transitive-requirements.md#hkdf-commit-key
//# For algorithm suites that support commitment, the AWS Encryption SDK SHOULD only perform the extract step once and use
//# the same output from the extract step for both the encryption key and the commitment key.
pub(super) struct PseudorandomKey {
    key: hmac::Key,
}

impl PseudorandomKey {
    /// HKDF-Extract. An empty `salt` is the salt of zeros.
    pub(super) fn extract(algorithm: hmac::Algorithm, salt: &[u8], secret: &[u8]) -> Result<Self, MessageError> {
        let mut buffer = Zeroizing::new([0; MAX_TAG_LEN]);
        let key = hmac::sign_to_buffer(&hmac::Key::new(algorithm, salt), secret, buffer.as_mut_slice())
            .map_err(|_| MessageError::Cryptography { operation: "extract the pseudorandom key" })?;
        Ok(Self { key: hmac::Key::new(algorithm, key) })
    }

    /// HKDF-Expand into `out`, whose length is at most the hash's, so that one round is enough.
    pub(super) fn expand(&self, info: [&[u8]; 2], out: &mut [u8]) -> Result<(), MessageError> {
        let [first, second] = info;
        let info_and_round = ShortBytes::<MAX_INFO_LEN>::concat([first, second, &[1]]);
        let mut buffer = Zeroizing::new([0; MAX_TAG_LEN]);
        let expanded = hmac::sign_to_buffer(&self.key, info_and_round.as_ref(), buffer.as_mut_slice()).ok();
        let okm = expanded.and_then(|tag| tag.get(..out.len()));
        out.copy_from_slice(okm.ok_or(MessageError::Cryptography { operation: "expand the pseudorandom key" })?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hkdf::{self, HKDF_SHA256, HKDF_SHA384, HKDF_SHA512};
    use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
    use proptest::prelude::*;

    use super::*;

    struct Len(usize);

    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }

    proptest! {
        #[test]
        fn the_result_is_that_of_the_librarys_hkdf(
            salt in prop_oneof![Just(Vec::new()), proptest::collection::vec(any::<u8>(), 16..=200)],
            secret in proptest::collection::vec(any::<u8>(), 16..=200),
            id in any::<[u8; 2]>(),
            info in proptest::collection::vec(any::<u8>(), 0..=16),
            len in 16..=32_usize,
        ) {
            for (hkdf, hmac) in [(HKDF_SHA256, HMAC_SHA256), (HKDF_SHA384, HMAC_SHA384), (HKDF_SHA512, HMAC_SHA512)] {
                let mut expected = vec![0; len];
                let prk = hkdf::Salt::new(hkdf, &salt).extract(&secret);
                prk.expand(&[&id, &info], Len(len)).unwrap().fill(&mut expected).unwrap();

                let mut out = vec![0; len];
                PseudorandomKey::extract(hmac, &salt, &secret).unwrap().expand([&id, &info], &mut out).unwrap();
                prop_assert_eq!(out, expected);
            }
        }
    }

    #[test]
    fn more_than_one_hash_length_is_refused() {
        let key = PseudorandomKey::extract(HMAC_SHA256, &[], &[1; 32]).unwrap();
        for (len, fits) in [(31, true), (32, true), (33, false), (65, false)] {
            assert_eq!(key.expand([b"", b""], &mut vec![0; len]).is_ok(), fits, "{len}");
        }
    }
}
