//! Messages for other implementations to open, as the built function `record-encryptor` writes them to a stream.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::lambda_function::{Function, FunctionSettings, Outcome};
use local_stack::stream::{InMemoryStream, ShardId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::request::WriteRequest;
use crate::wrapping_keys::{kms_keys, raw_keys};

/// The function, and the stream that it writes to.
pub(crate) struct RecordEncryptor {
    binary: PathBuf,
    stream: Arc<InMemoryStream>,
    kinesis: EmbeddedKinesis,
}

/// What the function answers, as far as it is of interest here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    failed_record_count: usize,
    records: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    sequence_number: Option<String>,
}

impl RecordEncryptor {
    pub(crate) async fn start(binary: PathBuf) -> Result<Self, Box<dyn Error>> {
        let stream = Arc::new(InMemoryStream::new("interoperability", 1));
        let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), KinesisSettings::unlimited()).await?;
        Ok(Self { binary, stream, kinesis })
    }

    /// Has the function encrypt and write all plaintexts, in a sandbox of its own, and takes the messages from the stream.
    pub(crate) async fn write(&self, request: &WriteRequest) -> Result<Value, Box<dyn Error>> {
        let records =
            request.plaintexts.iter().map(|path| record(path, &request.context)).collect::<Result<Vec<_>, _>>()?;
        let (function, _log) = Function::new(self.settings(request)?);
        let outcome = function.invoke(json!({"records": records}).to_string()).await.outcome;
        function.shut_down().await;
        let Outcome::Responded(body) = outcome else { return Err(format!("record-encryptor: {outcome:?}").into()) };
        let response: Response = serde_json::from_slice(&body)?;
        if response.failed_record_count > 0 {
            return Err(String::from_utf8_lossy(&body).into());
        }
        let stored = self.stream.read(&ShardId::new(0), 0, usize::MAX)?;
        for (written, path) in response.records.iter().zip(&request.messages) {
            let is_it = |number: &str| Some(number) == written.sequence_number.as_deref();
            let found = stored.iter().find(|record| is_it(record.sequence_number.as_str()));
            fs::write(path, &found.ok_or("a record is not in the stream")?.data)?;
        }
        Ok(json!({ "messages": response.records.len() }))
    }

    fn settings(&self, request: &WriteRequest) -> Result<FunctionSettings, Box<dyn Error>> {
        let suite = match request.suite.as_str() {
            "0478" => "AES_256_GCM_HKDF_SHA512_COMMIT_KEY",
            "0578" => "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384",
            _ => return Err("the function writes no suite without key commitment".into()),
        };
        if !raw_keys(&request.keys)?.is_empty() {
            return Err("the function wraps with keys of KMS only".into());
        }
        let keys: Vec<_> = kms_keys(&request.keys)?.iter().map(ToString::to_string).collect();
        let (generator, additional) = keys.split_first().ok_or("no key to generate a data key with")?;
        let own = [
            ("STREAM_ARN", self.stream.arn().to_owned()),
            ("KMS_GENERATOR_KEY_ARN", generator.clone()),
            ("KMS_ADDITIONAL_KEY_ARNS", additional.join(",")),
            ("ALGORITHM_SUITE", suite.to_owned()),
            ("ENCRYPTION_CONTEXT", "{}".to_owned()),
            ("FRAME_LENGTH_BYTES", request.frame_len.to_string()),
        ];
        Ok(FunctionSettings::new("record-encryptor", &self.binary)
            .with_environment(aws_environment())
            .with_environment([self.kinesis.environment()])
            .with_environment(own))
    }
}

/// A record as the function is given it.
fn record(plaintext: &Path, context: &BTreeMap<String, String>) -> Result<Value, Box<dyn Error>> {
    let data = base64_simd::STANDARD.encode_to_string(fs::read(plaintext)?);
    Ok(json!({"partitionKey": "interoperability", "data": data, "encryptionContext": context}))
}

/// What leads this process to KMS leads the function there.
fn aws_environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"AWS_"))
}
