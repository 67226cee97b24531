//! What `seal` writes, `open` reads; and nobody else does.

use std::num::NonZeroU32;

use proptest::prelude::*;

use super::materials::{encrypted_data_key, materials};
use crate::message::{
    AlgorithmSuite, DataKey, EncryptionContext, MessageError, MessageLimits, PUBLIC_KEY_CONTEXT_KEY, SealedMessage,
    SealingMaterials, SigningKey, VerificationKey, seal,
};

const FRAME_LEN: NonZeroU32 = NonZeroU32::new(16).unwrap();

fn suites() -> impl Strategy<Value = AlgorithmSuite> {
    proptest::sample::select(AlgorithmSuite::ALL.as_slice())
}

/// A buffer that grows leaves what it held in the memory that it outgrew, where nobody wipes it.
#[test]
fn a_plaintext_is_written_into_memory_of_its_own_length() {
    let (materials, opening) = materials(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, 1, &[], &[]);
    for len in [15, 16, 17, 40] {
        let message = seal(&vec![7; len], &materials, FRAME_LEN).unwrap();
        assert_eq!(opening.open(&message).unwrap().capacity(), len);
    }
}

proptest! {
    #[test]
    fn every_suite_opens_what_it_sealed(
        suite in suites(),
        plaintext in proptest::collection::vec(any::<u8>(), 0..300),
        frame_len in 1_u32..320,
        stored in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..4),
        required in proptest::collection::btree_map("required.{0,8}", ".{0,8}", 0..3),
    ) {
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>()
        };
        let (stored, required) = (pairs(&stored), pairs(&required));
        let stored: Vec<_> = stored.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let required: Vec<_> = required.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let (materials, opening) = materials(suite, 1, &stored, &required);

        let message = seal(&plaintext, &materials, NonZeroU32::new(frame_len).unwrap()).unwrap();
        let sealed = SealedMessage::read(&message, &MessageLimits::default()).unwrap();
        prop_assert_eq!(sealed.suite(), suite);
        prop_assert_eq!(sealed.plaintext_len_bound(), plaintext.len());
        prop_assert_eq!(sealed.encrypted_data_keys(), vec![encrypted_data_key()]);
        let context = sealed.encryption_context();
        prop_assert!(stored.iter().all(|(key, value)| context.get(key) == Some(*value)));
        prop_assert_eq!(context.len(), stored.len() + usize::from(suite.is_signing()));
        prop_assert_eq!(opening.open(&message), Ok(plaintext));
    }

    #[test]
    fn another_data_key_does_not_open(suite in suites(), len in 0_usize..40) {
        let (ours, _) = materials(suite, 1, &[("tenant", "7")], &[]);
        let (_, theirs) = materials(suite, 2, &[("tenant", "7")], &[]);
        let message = seal(&vec![7; len], &ours, FRAME_LEN).unwrap();
        let expected =
            if suite.is_committing() { MessageError::CommitmentMismatch } else { MessageError::HeaderAuthentication };
        prop_assert_eq!(theirs.open(&message), Err(expected));
    }

    #[test]
    fn required_pairs_must_be_reproduced(suite in suites()) {
        let (ours, mut opening) = materials(suite, 1, &[("tenant", "7")], &[("secret", "knock"), ("order", "1")]);
        let message = seal(b"plaintext", &ours, FRAME_LEN).unwrap();
        for wrong in [
            EncryptionContext::empty(),
            EncryptionContext::from_iter([("secret", "knock")]),
            EncryptionContext::from_iter([("secret", "knock"), ("order", "2")]),
            EncryptionContext::from_iter([("secret", "knock"), ("order", "1"), ("more", "")]),
        ] {
            opening.reproduced_context = wrong;
            prop_assert_eq!(opening.open(&message), Err(MessageError::HeaderAuthentication));
        }
        // Stored pairs may be reproduced too, but not with another value.
        opening.reproduced_context =
            EncryptionContext::from_iter([("secret", "knock"), ("order", "1"), ("tenant", "7")]);
        prop_assert_eq!(opening.open(&message), Ok(b"plaintext".to_vec()));
        opening.reproduced_context.insert("tenant", "8");
        prop_assert_eq!(opening.open(&message), Err(MessageError::ReproducedContextMismatch));
    }
}

#[test]
fn messages_under_the_same_materials_share_their_data_key_identity_only() {
    let (materials, _) = materials(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, 1, &[("tenant", "7")], &[]);
    let [first, second] = [(); 2].map(|()| seal(b"plaintext", &materials, FRAME_LEN).unwrap());
    assert_ne!(first, second);
    let read = |message| SealedMessage::read(message, &MessageLimits::default()).unwrap();
    assert_eq!(read(&first).data_key_identity(), read(&second).data_key_identity());
}

#[test]
fn a_full_last_frame_is_the_final_frame() {
    let (materials, _) = materials(AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, 1, &[], &[]);
    let message_len = |len: usize| seal(&vec![7; len], &materials, FRAME_LEN).unwrap().len();
    let empty = message_len(0);
    assert_eq!(message_len(15), empty + 15);
    assert_eq!(message_len(16), empty + 16);
    // A regular frame's sequence number, IV and tag.
    assert_eq!(message_len(17), empty + 17 + 4 + 12 + 16);
}

#[test]
fn a_data_key_without_key_derivation_seals_one_message() {
    for suite in AlgorithmSuite::ALL {
        let (materials, _) = materials(suite, 1, &[], &[]);
        assert!(seal(b"first", &materials, FRAME_LEN).is_ok());
        let second = seal(b"second", &materials, FRAME_LEN);
        assert_eq!(second.err(), (!suite.is_cacheable()).then_some(MessageError::DataKeyUsedBefore), "{suite:?}");
    }
}

#[test]
fn signing_suites_do_not_open_without_the_public_key() {
    let suite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
    let (ours, mut opening) = materials(suite, 1, &[], &[]);
    let message = seal(b"plaintext", &ours, FRAME_LEN).unwrap();
    let (_, other) = materials(suite, 1, &[], &[]);
    opening.verification_key = other.verification_key;
    assert_eq!(opening.open(&message), Err(MessageError::SignatureInvalid));
    let (_, other_curve) = materials(AlgorithmSuite::Aes128GcmIv12Tag16HkdfSha256EcdsaP256, 1, &[], &[]);
    opening.verification_key = other_curve.verification_key;
    assert_eq!(opening.open(&message), Err(MessageError::InvalidPublicKey));
    opening.verification_key = None;
    assert_eq!(opening.open(&message), Err(MessageError::MissingPublicKey));
}

#[test]
fn the_context_has_a_public_key_if_and_only_if_the_suite_signs() {
    let none = EncryptionContext::empty();
    let with = |value: &str| EncryptionContext::from_iter([(PUBLIC_KEY_CONTEXT_KEY, value)]);
    for suite in AlgorithmSuite::ALL {
        let from = |context: &EncryptionContext| VerificationKey::from_encryption_context(suite, context).map(|_| ());
        if suite.is_signing() {
            assert_eq!(from(&none), Err(MessageError::MissingPublicKey));
            assert_eq!(from(&with("")), Err(MessageError::InvalidPublicKey));
            assert_eq!(from(&with("not base64")), Err(MessageError::InvalidPublicKey));
            // A point at infinity, and one of the right length that is not on the curve.
            assert_eq!(from(&with("AA==")), Err(MessageError::InvalidPublicKey));
            let off_curve = [&[2][..], &vec![0xFF; if suite.id() == 0x0214 { 32 } else { 48 }]].concat();
            assert_eq!(
                from(&with(&base64_simd::STANDARD.encode_to_string(off_curve))),
                Err(MessageError::InvalidPublicKey)
            );
        } else {
            assert_eq!(from(&none), Ok(()));
            assert_eq!(from(&with("")), Err(MessageError::UnexpectedPublicKey));
        }
    }
}

#[test]
fn materials_that_do_not_belong_together_are_refused() {
    let signing = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
    let plain = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
    let key = SigningKey::generate(signing).unwrap();
    let p256 = SigningKey::generate(AlgorithmSuite::Aes128GcmIv12Tag16HkdfSha256EcdsaP256).unwrap();
    let empty = EncryptionContext::empty();
    let public_key = |key: &Option<SigningKey>| {
        EncryptionContext::from_iter([(PUBLIC_KEY_CONTEXT_KEY, key.as_ref().unwrap().public_key())])
    };
    let new = |suite, key_len, edks: &[_], stored: &_, required: &_, signing_key: &Option<SigningKey>| {
        SealingMaterials::new(suite, DataKey::new(vec![1; key_len]), edks, stored, required, signing_key.clone()).err()
    };
    let edks = [encrypted_data_key()];
    assert_eq!(new(plain, 32, &edks, &empty, &empty, &None), None);
    assert_eq!(
        new(plain, 31, &edks, &empty, &empty, &None),
        Some(MessageError::DataKeyLength { expected: 32, actual: 31 })
    );
    assert_eq!(new(plain, 32, &[], &empty, &empty, &None), Some(MessageError::NoEncryptedDataKeys));
    assert_eq!(new(plain, 32, &edks, &public_key(&key), &empty, &None), Some(MessageError::UnexpectedPublicKey));
    assert_eq!(new(plain, 32, &edks, &empty, &empty, &key), Some(MessageError::UnexpectedPublicKey));
    assert_eq!(new(signing, 32, &edks, &public_key(&key), &empty, &key), None);
    assert_eq!(new(signing, 32, &edks, &empty, &empty, &key), Some(MessageError::MissingPublicKey));
    assert_eq!(new(signing, 32, &edks, &public_key(&key), &empty, &None), Some(MessageError::MissingPublicKey));
    assert_eq!(new(signing, 32, &edks, &public_key(&p256), &empty, &key), Some(MessageError::PublicKeyMismatch));
    assert_eq!(new(signing, 32, &edks, &public_key(&p256), &empty, &p256), Some(MessageError::PublicKeyMismatch));
    let pair = EncryptionContext::from_iter([("a", "1")]);
    assert_eq!(new(plain, 32, &edks, &pair, &pair, &None), Some(MessageError::DuplicateContextKey));
    let reserved = EncryptionContext::from_iter([("aws-crypto-anything", "1")]);
    assert_eq!(new(plain, 32, &edks, &reserved, &empty, &None), Some(MessageError::ReservedContextKey));
    assert_eq!(new(plain, 32, &edks, &empty, &reserved, &None), Some(MessageError::ReservedContextKey));
    assert_eq!(new(signing, 32, &edks, &empty, &public_key(&key), &key), Some(MessageError::ReservedContextKey));
    let mut long = encrypted_data_key();
    for (len, error) in [(65_534, None), (65_535, None), (65_536, Some(MessageError::EncryptedDataKeyTooLong))] {
        long.ciphertext = vec![0; len];
        assert_eq!(new(plain, 32, &[long.clone()], &empty, &empty, &None), error, "{len}");
    }
}
