//! Writes messages of every suite for other implementations to open, with a manifest in the form of `tests/vectors`.
//!
//! `cargo run --package warmkeys --example write_vectors -- FOLDER`; then the scripts in `tests/interoperability`.

use std::error::Error;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use serde_json::json;
use warmkeys::data_key::DataKey;
use warmkeys::encryption_context::EncryptionContext;
use warmkeys::message::{AlgorithmSuite, PUBLIC_KEY_CONTEXT_KEY, RawAesKey, SealingMaterials, SigningKey, seal};

const PROVIDER_ID: &str = "warmkeys-vectors";
const KEY_NAME: &str = "aes-256";
const WRAPPING_KEY: [u8; 32] = *b"a wrapping key for vectors only!";
const FRAME_LEN: NonZeroU32 = NonZeroU32::new(128).unwrap();
/// Empty, one frame less and more than full, several frames with a full and a short last one.
const PLAINTEXT_LENS: [usize; 7] = [0, 1, 127, 128, 129, 256, 300];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut manifest = Vec::new();
    for suite in AlgorithmSuite::ALL {
        for len in PLAINTEXT_LENS {
            let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
            let name = format!("{:04x}-{len}", suite.id());
            fs::write(folder.join(&name), seal(&plaintext, &materials(suite)?, FRAME_LEN)?)?;
            fs::write(folder.join(format!("{name}.plaintext")), &plaintext)?;
            manifest.push(json!({
                "name": name,
                "suite": format!("{:04x}", suite.id()),
                "provider_id": PROVIDER_ID,
                "key_name": KEY_NAME,
                "wrapping_key_base64": base64_simd::STANDARD.encode_to_string(WRAPPING_KEY),
                "ciphertext": name,
                "plaintext": format!("{name}.plaintext"),
                "reproduced_encryption_context": {},
                "type": "positive-esdk",
            }));
        }
    }
    fs::write(folder.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}

fn materials(suite: AlgorithmSuite) -> Result<SealingMaterials, Box<dyn Error>> {
    let mut secret = vec![0; suite.data_key_len()];
    aws_lc_rs::rand::fill(&mut secret)?;
    let data_key = DataKey::new(secret);
    let mut context = EncryptionContext::from_iter([("tenant", "7"), ("é ключ 鍵 🔑", "ценность"), ("empty", "")]);
    let signing_key = SigningKey::generate(suite)?;
    if let Some(key) = &signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, key.public_key());
    }
    let encrypted = RawAesKey::new(PROVIDER_ID, KEY_NAME, &WRAPPING_KEY)?.wrap(&data_key, &context)?;
    Ok(SealingMaterials::new(suite, data_key, &[encrypted], &context, &EncryptionContext::empty(), signing_key)?)
}
