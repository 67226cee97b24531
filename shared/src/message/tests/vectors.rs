//! Messages that other implementations wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::message::{
    DataKey, EncryptionContext, MessageError, MessageLimits, RawAesKey, SealedMessage, VerificationKey,
};

/// Folders with more vectors, separated by colons.
const FOLDERS_VARIABLE: &str = "WARMKEYS_VECTORS";

/// One entry of a `manifest.json`. Paths are relative to it.
#[derive(Deserialize)]
struct Vector {
    name: String,
    suite: String,
    provider_id: String,
    key_name: String,
    wrapping_key_base64: String,
    ciphertext: String,
    /// Only of positive vectors.
    plaintext: Option<String>,
    /// Only of negative vectors: the name of the error.
    error: Option<String>,
    reproduced_encryption_context: BTreeMap<String, String>,
}

impl Vector {
    fn check(&self, folder: &Path) {
        let message = fs::read(folder.join(&self.ciphertext)).unwrap();
        let result = self.open(&message);
        match (&self.plaintext, &self.error) {
            (Some(plaintext), None) => {
                let plaintext = fs::read(folder.join(plaintext)).unwrap();
                assert!(result.as_ref() == Ok(&plaintext), "{}: {:?}", self.name, result.err());
            }
            (None, Some(expected)) => {
                let error = format!("{:?}", result.expect_err(&self.name));
                let variant = error.split(|c: char| !c.is_alphanumeric()).next();
                assert_eq!(variant, Some(expected.as_str()), "{}", self.name);
            }
            _ => panic!("{}: neither positive nor negative", self.name),
        }
    }

    fn open(&self, message: &[u8]) -> Result<Vec<u8>, MessageError> {
        let message = SealedMessage::read(message, &MessageLimits::default())?;
        assert_eq!(format!("{:04x}", message.suite().id()), self.suite, "{}", self.name);

        let reproduced: EncryptionContext = self.reproduced_encryption_context.clone().into_iter().collect();
        let mut context = message.encryption_context();
        for (key, value) in reproduced.iter() {
            context.insert(key, value);
        }
        let wrapping_key =
            RawAesKey::new(&self.provider_id, &self.key_name, &base64(&self.wrapping_key_base64)).unwrap();
        let data_key = message
            .encrypted_data_keys()
            .iter()
            .map(|encrypted| wrapping_key.unwrap(encrypted, &context))
            .find(|result| !matches!(result, Err(MessageError::OtherWrappingKey)))
            .expect(&self.name)?;
        let verification_key = VerificationKey::from_encryption_context(message.suite(), &context)?;
        message.open(&data_key, verification_key.as_ref(), &reproduced)
    }
}

/// The file of awslabs' `commitment-test-vectors.json`.
#[derive(Deserialize)]
struct CommitmentVectors {
    tests: Vec<CommitmentVector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CommitmentVector {
    comment: String,
    ciphertext: String,
    decrypted_dek: String,
    plaintext_frames: Option<Vec<String>>,
    status: bool,
}

impl CommitmentVector {
    fn check(&self) {
        let bytes = base64(&self.ciphertext);
        let message = SealedMessage::read(&bytes, &MessageLimits::default()).expect(&self.comment);
        let verification_key =
            VerificationKey::from_encryption_context(message.suite(), &message.encryption_context()).unwrap();
        let data_key = DataKey::new(base64(&self.decrypted_dek));
        let result = message.open(&data_key, verification_key.as_ref(), &EncryptionContext::empty());
        if self.status {
            let plaintext = self.plaintext_frames.as_deref().unwrap_or_default().concat();
            assert_eq!(result, Ok(plaintext.into_bytes()), "{}", self.comment);
        } else {
            assert_eq!(result, Err(MessageError::CommitmentMismatch), "{}", self.comment);
        }
    }
}

#[test]
fn messages_of_the_python_sdk_open_and_damaged_ones_are_refused() {
    let count = check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors"));
    assert!(count > 100, "{count}");
}

#[test]
fn vectors_named_in_environment() {
    #[expect(clippy::disallowed_methods, reason = "not configuration: where more vectors are")]
    let Some(folders) = std::env::var_os(FOLDERS_VARIABLE) else {
        println!("{FOLDERS_VARIABLE} names no folder: no further vectors checked");
        return;
    };
    for folder in std::env::split_paths(&folders) {
        let count = check_folder(&folder);
        assert!(count > 0, "no vectors in {}", folder.display());
        println!("{}: {count} vectors", folder.display());
    }
}

/// Checks every vector in `folder`, and in a commitment file there or beside it; returns their number.
fn check_folder(folder: &Path) -> usize {
    let mut count = 0;
    let manifest = folder.join("manifest.json");
    if manifest.exists() {
        let vectors: Vec<Vector> = parse(&manifest);
        vectors.iter().for_each(|vector| vector.check(folder));
        count += vectors.len();
    }
    let commitment = ["commitment-test-vectors.json", "../commitment-test-vectors.json"].map(|file| folder.join(file));
    if let Some(file) = commitment.iter().find(|file| file.exists()) {
        let vectors: CommitmentVectors = parse(file);
        vectors.tests.iter().for_each(CommitmentVector::check);
        count += vectors.tests.len();
    }
    count
}

fn parse<T: for<'de> Deserialize<'de>>(file: &PathBuf) -> T {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(text).unwrap()
}
