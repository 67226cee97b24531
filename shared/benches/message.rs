//! Opening and sealing messages against the limit that the cryptography sets, on one core, with the data key at hand.
//!
//! The limit does nothing but what no implementation can leave out, with the same library on the same messages: the two
//! derived keys, the header's tag, the frames, the signature; into a buffer that it reuses.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops if it fails"
)]

mod limit;
mod support;

use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, MessageLimits,
    PUBLIC_KEY_CONTEXT_KEY, SealedMessage, SealingMaterials, SigningKey, VerificationKey, seal,
};

const UNSIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;
const SIGNED: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
const SECRET: [u8; 32] = [7; 32];
/// How many different messages take turns, so that none of them is always in the nearest cache.
const MESSAGES: usize = 64;

fn main() {
    for (name, suite, len) in [
        ("open-unsigned-1k", UNSIGNED, 1 << 10),
        ("open-unsigned-64k", UNSIGNED, 1 << 16),
        ("open-signed-1k", SIGNED, 1 << 10),
    ] {
        compare_opening(name, suite, len);
    }
    for (name, len) in [("seal-1k", 1 << 10), ("seal-64k", 1 << 16)] {
        compare_sealing(name, len);
    }
}

fn compare_opening(name: &str, suite: AlgorithmSuite, len: usize) {
    let (materials, verification_key) = materials(suite);
    let messages: Vec<Vec<u8>> =
        (0..MESSAGES).map(|_| seal(&plaintext(len), &materials, DEFAULT_FRAME_LEN).unwrap()).collect();
    let (data_key, limits, none) =
        (DataKey::new(SECRET.to_vec()), MessageLimits::default(), EncryptionContext::empty());
    let mut turn = 0;
    let ours = || {
        turn += 1;
        let message = SealedMessage::read(&messages[turn % MESSAGES], &limits).unwrap();
        message.open(&data_key, verification_key.as_ref(), &none).unwrap()
    };
    let parts: Vec<_> = messages.iter().map(|message| limit::Parts::of(message, len)).collect();
    let public_key = verification_key.is_some().then(|| limit::public_key(&messages[0]));
    let mut buffer = vec![0; len];
    let mut limit_turn = 0;
    let limit = || {
        limit_turn += 1;
        parts[limit_turn % MESSAGES].open(&SECRET, public_key.as_ref(), &mut buffer);
    };
    support::compare(name, ours, limit);
}

fn compare_sealing(name: &str, len: usize) {
    let (materials, _) = materials(UNSIGNED);
    let plaintext = plaintext(len);
    let message = seal(&plaintext, &materials, DEFAULT_FRAME_LEN).unwrap();
    let parts = limit::Parts::of(&message, len);
    let mut buffer = vec![0; len];
    support::compare(
        name,
        || seal(&plaintext, &materials, DEFAULT_FRAME_LEN).unwrap(),
        || parts.seal(&SECRET, &plaintext, &mut buffer),
    );
}

/// One encrypted data key as KMS makes them, and a context as a producer would choose it.
fn materials(suite: AlgorithmSuite) -> (SealingMaterials, Option<VerificationKey>) {
    let mut context = EncryptionContext::from_iter([
        ("purpose", "order-events"),
        ("stream", "orders-production"),
        ("tenant", "5f0c2a44-7d59-4b53-9f0e-2f8a6f3c1f11"),
    ]);
    let signing_key = SigningKey::generate(suite).unwrap();
    if let Some(key) = &signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, key.public_key());
    }
    let verification_key = VerificationKey::from_encryption_context(suite, &context).unwrap();
    let encrypted_data_key = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_vec(),
        ciphertext: vec![0xED; 184],
    };
    let none = EncryptionContext::empty();
    let data_key = DataKey::new(SECRET.to_vec());
    let materials =
        SealingMaterials::new(suite, data_key, &[encrypted_data_key], &context, &none, signing_key).unwrap();
    (materials, verification_key)
}

fn plaintext(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
}
