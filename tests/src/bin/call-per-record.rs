//! A consumer as it is often written: one call of KMS for each record. `cargo demo` has it race against `stream-decryptor`.
//!
//! It is a fair opponent. It follows AWS's example: the records in their order, and at the first that fails the answer names that
//! one, so that Lambda sends it and what follows again. KMS is called by the AWS SDK as it comes, which tries a throttled call three
//! times, with growing delays. Messages are read and opened by the same code as in `stream-decryptor`, and a record that can never
//! be read is put away as there, or it would block its shard. What it does not do is keep a data key.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>

use std::io::{self, Write};
use std::process::ExitCode;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::DisplayErrorContext;
use aws_sdk_kms::primitives::Blob;
use base64_simd::STANDARD;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use local_stack::command_line::finish;
use serde::Deserialize;
use serde_json::{Value, json};
use warmkeys::message::{DataKey, EncryptionContext, MessageError, MessageLimits, SealedMessage, VerificationKey};

/// Names the one KMS key whose records are read.
const KEY_VARIABLE: &str = "KMS_KEY_ARNS";

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    kinesis: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    sequence_number: String,
    data: String,
}

/// Why a record is not open.
enum NotOpened {
    /// It may be the next time.
    Now(String),
    /// It never will be.
    Ever(String),
}

impl From<MessageError> for NotOpened {
    fn from(error: MessageError) -> Self {
        Self::Ever(error.to_string())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run().await.map(|()| ExitCode::SUCCESS).map_err(|error| -> Box<dyn std::error::Error> { error }))
}

async fn run() -> Result<(), Error> {
    let key_arn = key_arn().ok_or_else(|| format!("{KEY_VARIABLE} is not set"))?;
    // As it comes: three attempts, and each delay up to twice as long as the one before.
    let kms = Client::new(&aws_config::load_from_env().await);
    lambda_runtime::run(service_fn(|event| handle(event, &kms, &key_arn))).await
}

#[expect(clippy::disallowed_methods, reason = "this function's whole configuration")]
fn key_arn() -> Option<String> {
    std::env::var(KEY_VARIABLE).ok()
}

/// > You can use the StreamsEventResponse object to return the sequence number of the first failed record in the batch.
async fn handle(event: LambdaEvent<Event>, kms: &Client, key_arn: &str) -> Result<Value, Error> {
    for Record { kinesis: Payload { sequence_number, data } } in event.payload.records {
        match open(&STANDARD.decode_to_vec(data)?, kms, key_arn).await {
            Ok(text) => write_line(io::stdout(), &json!({"sequenceNumber": sequence_number, "text": text}))?,
            Err(NotOpened::Ever(reason)) => {
                let line = json!({"sequenceNumber": sequence_number, "failureClass": "permanent", "reason": reason});
                write_line(io::stderr(), &line)?;
            }
            Err(NotOpened::Now(reason)) => {
                write_line(io::stderr(), &json!({"checkpoint": sequence_number, "reason": reason}))?;
                return Ok(json!({"batchItemFailures": [{"itemIdentifier": sequence_number}]}));
            }
        }
    }
    Ok(json!({"batchItemFailures": []}))
}

/// Opens one message, with a data key that is asked for and forgotten.
async fn open(payload: &[u8], kms: &Client, key_arn: &str) -> Result<String, NotOpened> {
    let message = SealedMessage::read(payload, &MessageLimits::default())?;
    let context = message.encryption_context();
    let verification_key = VerificationKey::from_encryption_context(message.suite(), &context)?;
    let mut wrapped = message.encrypted_data_keys().into_iter();
    let wrapped = wrapped.find(|wrapped| wrapped.provider_info == key_arn.as_bytes());
    let wrapped = wrapped.ok_or_else(|| NotOpened::Ever("no data key is wrapped by the key".to_owned()))?;
    let data_key = decrypt(kms, key_arn, wrapped.ciphertext, &context).await?;
    let plaintext = message.open(&data_key, verification_key.as_ref(), &EncryptionContext::empty())?;
    String::from_utf8(plaintext).map_err(|_| NotOpened::Ever("not UTF-8".to_owned()))
}

async fn decrypt(
    kms: &Client,
    key_arn: &str,
    ciphertext: Vec<u8>,
    context: &EncryptionContext,
) -> Result<DataKey, NotOpened> {
    let context = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let call =
        kms.decrypt().key_id(key_arn).ciphertext_blob(Blob::new(ciphertext)).set_encryption_context(Some(context));
    let answer = call.send().await.map_err(|error| {
        let reason = DisplayErrorContext(&error).to_string();
        let never = error.as_service_error().is_some_and(|error| error.is_invalid_ciphertext_exception());
        if never { NotOpened::Ever(reason) } else { NotOpened::Now(reason) }
    })?;
    let data_key = answer.plaintext.ok_or_else(|| NotOpened::Now("KMS gave no data key".to_owned()))?;
    Ok(DataKey::new(data_key.into_inner()))
}

fn write_line(mut output: impl Write, line: &Value) -> io::Result<()> {
    writeln!(output, "{line}")
}
