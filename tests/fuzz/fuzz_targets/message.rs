//! Any bytes are read or refused; what is read can be asked for everything and opened without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use warmkeys::message::{DataKey, EncryptionContext, MessageLimits, RawAesKey, SealedMessage, VerificationKey};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = SealedMessage::read(bytes, &MessageLimits::default()) else { return };
    assert!(message.plaintext_len_bound() < bytes.len());
    let context = message.encryption_context();
    let verification_key = VerificationKey::from_encryption_context(message.suite(), &context).ok().flatten();
    let any_key = DataKey::new(vec![1; message.suite().data_key_len()]);
    let data_key = message
        .encrypted_data_keys()
        .iter()
        .find_map(|encrypted| vectors_key().unwrap(encrypted, &context).ok())
        .unwrap_or(any_key);
    for reproduced in [&EncryptionContext::empty(), &context] {
        if let Ok(plaintext) = message.open(&data_key, verification_key.as_ref(), reproduced) {
            assert_eq!(plaintext.len(), message.plaintext_len_bound());
        }
    }
});

/// The wrapping key of most of `tests/vectors`, so that these open and what is close to them gets far.
fn vectors_key() -> RawAesKey {
    let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap_or_default());
    RawAesKey::new("warmkeys-vectors", "aes-256", &key).expect("the key has 32 bytes")
}
