//! What producers seal with: data keys that KMS has wrapped.

use std::collections::HashMap;
use std::io::Write as _;

use base64_simd::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::{Method, Request};
use serde_json::{Value, json};
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, PUBLIC_KEY_CONTEXT_KEY, RawAesKey,
    SealingMaterials, SigningKey, seal,
};

use crate::kms::KmsService;
use crate::loopback_server::{AnswerRequest, Reply};

/// What messages are sealed with.
pub(super) struct Materials {
    wrapping: Wrapping,
    /// What they claim.
    context: EncryptionContext,
    pub(super) data_key: String,
}

/// What the records of an activity stream are sealed with.
pub(super) struct OuterKey {
    plaintext: Vec<u8>,
    pub(super) data_key: String,
}

/// A data key that `kms` has wrapped.
pub(super) struct Wrapping {
    suite: AlgorithmSuite,
    data_key: DataKey,
    signing_key: Option<SigningKey>,
    /// The last one is the good one.
    pub(super) encrypted_data_keys: Vec<EncryptedDataKey>,
}

impl Wrapping {
    pub(super) async fn new(
        kms: &KmsService,
        key_arn: &str,
        suite: AlgorithmSuite,
        context: &EncryptionContext,
    ) -> Self {
        let signing_key = SigningKey::generate(suite).expect("a signing key");
        let context = with_public_key(context, signing_key.as_ref());
        let (plaintext, ciphertext) = generated(kms, key_arn, suite.data_key_len(), &context).await;
        let encrypted = EncryptedDataKey {
            provider_id: "aws-kms".to_owned(),
            provider_info: key_arn.as_bytes().to_vec(),
            ciphertext,
        };
        Self { suite, data_key: DataKey::new(plaintext), signing_key, encrypted_data_keys: vec![encrypted] }
    }

    /// As if this key had wrapped it.
    pub(super) fn named_by(mut self, key_arn: &str) -> Self {
        for encrypted in &mut self.encrypted_data_keys {
            encrypted.provider_info = key_arn.as_bytes().to_vec();
        }
        self
    }

    /// For messages that claim `context`.
    pub(super) fn materials(self, context: &EncryptionContext) -> Materials {
        let context = with_public_key(context, self.signing_key.as_ref());
        let good = self.encrypted_data_keys.last().expect("there is one");
        Materials { data_key: STANDARD.encode_to_string(&good.ciphertext), wrapping: self, context }
    }
}

impl Materials {
    /// A message whose length does not depend on chance, as a signature's otherwise does: a seed always takes the same course.
    pub(super) fn seal(&self, plaintext: &str) -> Vec<u8> {
        let usual_len = match self.wrapping.suite {
            AlgorithmSuite::Aes128GcmIv12Tag16HkdfSha256EcdsaP256 => 71_u16,
            AlgorithmSuite::Aes192GcmIv12Tag16HkdfSha384EcdsaP384
            | AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha384EcdsaP384
            | AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384 => 103,
            _ => return self.seal_once(plaintext),
        };
        loop {
            let message = self.seal_once(plaintext);
            let footer = &message[message.len() - usize::from(usual_len) - 2..];
            if footer.starts_with(&usual_len.to_be_bytes()) {
                return message;
            }
        }
    }

    fn seal_once(&self, plaintext: &str) -> Vec<u8> {
        let Wrapping { suite, data_key, signing_key, encrypted_data_keys } = &self.wrapping;
        let none = EncryptionContext::empty();
        // Anew for each message, since those of some suites are for one message only, which no producer of ours keeps to.
        let materials = SealingMaterials::new(
            *suite,
            data_key.clone(),
            encrypted_data_keys,
            &self.context,
            &none,
            signing_key.clone(),
        );
        seal(plaintext.as_bytes(), &materials.expect("materials"), DEFAULT_FRAME_LEN).expect("it can be sealed")
    }

    /// > If the algorithm suite uses the identity KDF, the caching CMM […] MUST NOT store them in the cache.
    pub(super) fn is_cached(&self) -> bool {
        !matches!(
            self.wrapping.suite,
            AlgorithmSuite::Aes128GcmIv12Tag16NoKdf
                | AlgorithmSuite::Aes192GcmIv12Tag16NoKdf
                | AlgorithmSuite::Aes256GcmIv12Tag16NoKdf
        )
    }
}

fn with_public_key(context: &EncryptionContext, signing_key: Option<&SigningKey>) -> EncryptionContext {
    let mut context = context.clone();
    if let Some(signing_key) = signing_key {
        context.insert(PUBLIC_KEY_CONTEXT_KEY, signing_key.public_key());
    }
    context
}

impl OuterKey {
    pub(super) async fn new(kms: &KmsService, key_arn: &str, context: &EncryptionContext) -> Self {
        let (plaintext, ciphertext) = generated(kms, key_arn, 32, context).await;
        Self { plaintext, data_key: STANDARD.encode_to_string(&ciphertext) }
    }

    /// The message that a database writes, and the outer key's ciphertext.
    pub(super) fn seal(&self, document: &str) -> (Vec<u8>, &String) {
        let mut compressing = GzEncoder::new(Vec::new(), Compression::fast());
        compressing.write_all(document.as_bytes()).expect("it is written to memory");
        let compressed = compressing.finish().expect("it is written to memory");
        let (data_key, none) = (DataKey::new(vec![9; 32]), EncryptionContext::empty());
        let wrapped = RawAesKey::new("BC", "DataKey", &self.plaintext).and_then(|key| key.wrap(&data_key, &none));
        let suite = AlgorithmSuite::Aes256GcmIv12Tag16HkdfSha256;
        let materials =
            SealingMaterials::new(suite, data_key, &[wrapped.expect("it can be wrapped")], &none, &none, None);
        let message = seal(&compressed, &materials.expect("materials"), DEFAULT_FRAME_LEN).expect("it can be sealed");
        (message, &self.data_key)
    }
}

/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.Monitoring.html>
pub(super) fn activity_record(message: &[u8], data_key: &str) -> Vec<u8> {
    let message = STANDARD.encode_to_string(message);
    let record = json!({
        "type": "DatabaseActivityMonitoringRecords",
        "version": "1.1",
        "databaseActivityEvents": message,
        "key": data_key,
    });
    record.to_string().into_bytes()
}

/// A data key of `len` bytes from `kms`: its plaintext and its ciphertext.
async fn generated(kms: &KmsService, key_arn: &str, len: usize, context: &EncryptionContext) -> (Vec<u8>, Vec<u8>) {
    let context: HashMap<_, _> = context.iter().collect();
    let body = json!({"KeyId": key_arn, "NumberOfBytes": len, "EncryptionContext": context});
    let request =
        Request::builder().method(Method::POST).uri("/").header("x-amz-target", "TrentService.GenerateDataKey");
    let request = request.body(Bytes::from(body.to_string())).expect("a request");
    let Reply::Response(response) = kms.answer(request).await else { panic!("KMS does not answer") };
    let answer: Value = serde_json::from_slice(response.body()).expect("JSON");
    let bytes = |name: &str| {
        let base64 = answer[name].as_str().unwrap_or_else(|| panic!("KMS answered {answer}"));
        STANDARD.decode_to_vec(base64).expect("base64")
    };
    (bytes("Plaintext"), bytes("CiphertextBlob"))
}
