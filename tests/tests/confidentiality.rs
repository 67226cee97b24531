//! Nothing that the built functions write shows a plaintext, a data key, a value of an encryption context or a credential: at no level, in
//! no format, whatever fails.
#![cfg(test)]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::primitives::Blob;
use base64_simd::STANDARD as BASE64;
use local_stack::binaries;
use local_stack::event_source_mapping::kinesis_event;
use local_stack::events::scenarios;
use local_stack::kinesis::{Effect as StreamEffect, EmbeddedKinesis, KinesisSettings};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, Effect, EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, FunctionSettings, OutputLine};
use local_stack::sealing;
use local_stack::stream::InMemoryStream;
use serde_json::{Value, json};
use warmkeys::clock::{Clock as _, SystemClock};
use warmkeys::message::{
    AlgorithmSuite, DEFAULT_FRAME_LEN, DataKey, EncryptedDataKey, EncryptionContext, SealingMaterials, seal,
};

const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const FORMATS: [&str; 2] = ["JSON", "Text"];

const PLAINTEXT: &str = "canary of the plaintext 4711";
const CONTEXT_VALUE: &str = "canary of the context 4712";
const REQUIRED_VALUE: &str = "canary of the required context 4713";
const SECRET_KEY: &str = "canaryOfTheSecretKey4714";
const SESSION_TOKEN: &str = "canaryOfTheSessionToken4715";
const GRANT_TOKEN: &str = "canaryOfTheGrantToken4716";
const DATA_KEY: [u8; 32] = *b"canary of the data key, 4717 !!!";

/// Whatever of the secrets `lines` show, in whichever form a text shows bytes.
fn shown(lines: &[OutputLine]) -> Vec<String> {
    let data_key: &[u8] = &DATA_KEY;
    let texts = [PLAINTEXT, CONTEXT_VALUE, REQUIRED_VALUE, SECRET_KEY, SESSION_TOKEN, GRANT_TOKEN].map(str::as_bytes);
    let needles: Vec<_> = texts.into_iter().chain([data_key]).flat_map(forms).collect();
    let shown = lines.iter().flat_map(|line| {
        let told = without_ciphertext(&line.text);
        needles.iter().filter(move |needle| told.contains(*needle)).map(|needle| format!("{needle} in {}", line.text))
    });
    shown.collect()
}

/// As it is, in hexadecimal, in base64 wherever it begins, and as a list of numbers.
fn forms(secret: &[u8]) -> Vec<String> {
    let mut forms = vec![
        String::from_utf8(secret.to_vec()).unwrap(),
        secret.iter().map(|byte| format!("{byte:02x}")).collect(),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
    ];
    for before in 0..3 {
        let shifted = [&vec![0; before][..], secret].concat();
        let encoded = BASE64.encode_to_string(shifted);
        // Without what depends on the bytes before and behind.
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    forms
}

/// A line without the data of a quarantined record, which are the record as it came: its header has the encryption context in clear.
fn without_ciphertext(line: &str) -> String {
    match serde_json::from_str(line) {
        Ok(Value::Object(mut object)) if object.contains_key("failureClass") => {
            object.remove("data");
            Value::Object(object).to_string()
        }
        _ => line.to_owned(),
    }
}

async fn sealed(kms: &EmbeddedKms, context: &EncryptionContext) -> Vec<u8> {
    let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let request = sealing::client(kms).encrypt().key_id(DEVELOPMENT_KEY_ARN).plaintext(Blob::new(DATA_KEY));
    let answer = request.set_encryption_context(Some(pairs)).send().await.unwrap();
    let encrypted = EncryptedDataKey {
        provider_id: "aws-kms".to_owned(),
        provider_info: DEVELOPMENT_KEY_ARN.as_bytes().to_vec(),
        ciphertext: answer.ciphertext_blob.unwrap().into_inner(),
    };
    let (suite, none) = (AlgorithmSuite::Aes256GcmHkdfSha512CommitKey, EncryptionContext::empty());
    let data_key = DataKey::new(DATA_KEY.to_vec());
    let materials = SealingMaterials::new(suite, data_key, &[encrypted], context, &none, None).unwrap();
    seal(PLAINTEXT.as_bytes(), &materials, DEFAULT_FRAME_LEN).unwrap()
}

fn settings(name: &str, binary: std::path::PathBuf, kms: &EmbeddedKms, level: &str, format: &str) -> FunctionSettings {
    let planted = [
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
        ("KMS_GRANT_TOKENS", GRANT_TOKEN),
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("AWS_LAMBDA_LOG_FORMAT", format),
    ];
    FunctionSettings::new(name, binary).with_environment(kms.environment()).with_environment(planted)
}

fn fail_decrypts(kms: &EmbeddedKms, code: &str, times: u32) {
    kms.disturb_decrypts(NonZeroU32::new(times).unwrap(), Effect::Fail { code: code.to_owned() });
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    for form in forms(PLAINTEXT.as_bytes()) {
        let line = OutputLine { sandbox: 1, source: local_stack::lambda_function::Source::Stderr, text: form };
        assert_eq!(shown(&[line]).len(), 1);
    }
}

#[tokio::test]
async fn the_stream_decryptor_shows_no_secret() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let context = |required| EncryptionContext::from_iter([("tenant", CONTEXT_VALUE), ("stage", required)]);
    let stream = InMemoryStream::new("orders", 1);
    let good = sealed(&kms, &context(REQUIRED_VALUE)).await;
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let other_context = sealed(&kms, &context("other")).await;
    for data in [good.clone(), damaged, other_context, PLAINTEXT.as_bytes().to_vec(), good.clone()] {
        stream.put(PLAINTEXT.split_at(6).0, None, data.into(), SystemClock.now().wall);
    }
    let records = stream.read(&stream.shards()[0].id, 0, usize::MAX).unwrap();
    let event = kinesis_event(stream.arn(), &stream.shards()[0].id, &records);
    let foreign = json!({"Records": [{"eventSource": PLAINTEXT, "body": PLAINTEXT}], "detail": CONTEXT_VALUE});
    let broken = String::from_utf8(event.to_vec()).unwrap().replace("shardId-", PLAINTEXT);
    for (level, format) in LEVELS.into_iter().flat_map(|level| FORMATS.map(|format| (level, format))) {
        let sink = Arc::new(InMemoryStream::new("sink", 1));
        let kinesis = EmbeddedKinesis::start(Arc::clone(&sink), KinesisSettings::unlimited()).await.unwrap();
        let own = [
            ("SINK_ARN", sink.arn().to_owned()),
            ("QUARANTINE_ARN", "stderr".to_owned()),
            ("KMS_KEY_ARNS", DEVELOPMENT_KEY_ARN.to_owned()),
            ("REQUIRED_ENCRYPTION_CONTEXT", json!({"stage": REQUIRED_VALUE}).to_string()),
            ("FUNCTION_TIMEOUT_SECONDS", "20".to_owned()),
            kinesis.environment(),
        ];
        let binary = binaries::stream_decryptor().unwrap();
        let (function, output) =
            Function::new(settings("stream-decryptor", binary, &kms, level, format).with_environment(own));
        // KMS refuses, throttles, and then answers.
        fail_decrypts(&kms, "AccessDeniedException", 1);
        function.invoke(event.clone()).await;
        fail_decrypts(&kms, "ThrottlingException", 2);
        function.invoke(event.clone()).await;
        let times = NonZeroU32::new(1).unwrap();
        kinesis.disturb_puts(times, StreamEffect::Fail { code: "AccessDeniedException".to_owned() });
        function.invoke(event.clone()).await;
        function.invoke_within(event.clone(), Duration::from_secs(5)).await;
        function.invoke(foreign.to_string()).await;
        function.invoke(broken.clone()).await;
        function.invoke(PLAINTEXT).await;
        function.shut_down().await;
        let lines = output.collect().await;
        assert_eq!(shown(&lines), Vec::<String>::new(), "{level} {format}");
        let delivered = sink.read(&sink.shards()[0].id, 0, usize::MAX).unwrap();
        assert!(delivered.iter().any(|record| record.data == PLAINTEXT.as_bytes()), "the canary did not pass");
        assert!(lines.iter().any(OutputLine::is_metrics));
        assert!(format == "Text" || level == "FATAL" || lines.iter().any(|line| line.text.contains("\"ERROR\"")));
    }
}

#[tokio::test]
async fn the_record_encryptor_shows_no_secret() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let record = |data: &str| {
        json!({"partitionKey": "customer", "data": BASE64.encode_to_string(data),
               "encryptionContext": {"tenant": CONTEXT_VALUE}})
    };
    let wrong = json!({"partitionKey": 7, "data": PLAINTEXT, "more": CONTEXT_VALUE});
    let contradicting = json!({"partitionKey": "customer", "data": BASE64.encode_to_string(PLAINTEXT),
                               "encryptionContext": {"stage": CONTEXT_VALUE}});
    let direct = json!({"records": [record(PLAINTEXT), wrong, contradicting, record(PLAINTEXT)]}).to_string();
    let message = |id: &str, body: &Value| json!({"messageId": id, "eventSource": "aws:sqs", "body": body.to_string()});
    let queue = json!({"Records": [message("1", &record(PLAINTEXT)), message("2", &json!(PLAINTEXT))]}).to_string();
    for (level, format) in LEVELS.into_iter().flat_map(|level| FORMATS.map(|format| (level, format))) {
        let stream = Arc::new(InMemoryStream::new("orders", 1));
        let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), KinesisSettings::unlimited()).await.unwrap();
        let own = [
            ("STREAM_ARN", stream.arn().to_owned()),
            ("KMS_GENERATOR_KEY_ARN", DEVELOPMENT_KEY_ARN.to_owned()),
            ("ENCRYPTION_CONTEXT", json!({"stage": REQUIRED_VALUE}).to_string()),
            kinesis.environment(),
        ];
        let binary = binaries::record_encryptor().unwrap();
        let (function, output) =
            Function::new(settings("record-encryptor", binary, &kms, level, format).with_environment(own));
        let once = NonZeroU32::MIN;
        let denied = Effect::Fail { code: "AccessDeniedException".to_owned() };
        kms.script(local_stack::kms::ScriptedFault { operation: None, times: once, effect: denied });
        function.invoke(direct.clone()).await;
        kinesis.disturb_puts(once, StreamEffect::Fail { code: "AccessDeniedException".to_owned() });
        for event in [&direct, &direct, &queue, &json!({"more": PLAINTEXT}).to_string(), &PLAINTEXT.to_owned()] {
            function.invoke(event.clone()).await;
        }
        function.shut_down().await;
        let lines = output.collect().await;
        assert_eq!(shown(&lines), Vec::<String>::new(), "{level} {format}");
        let written = stream.read(&stream.shards()[0].id, 0, usize::MAX).unwrap();
        assert!(written.len() >= 3, "the canary did not pass");
        assert!(lines.iter().any(OutputLine::is_metrics));
    }
}

#[tokio::test]
async fn the_activity_stream_shows_no_secret() {
    let name = "database-activity-stream";
    let scenario = scenarios().unwrap().into_iter().find(|scenario| scenario.name == name).unwrap();
    let mut environment = scenario.expected.environment.clone();
    environment.remove("RECORD_FORMAT");
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    for (level, format) in LEVELS.into_iter().flat_map(|level| FORMATS.map(|format| (level, format))) {
        let sink = Arc::new(InMemoryStream::new("sink", 1));
        let kinesis = EmbeddedKinesis::start(Arc::clone(&sink), KinesisSettings::unlimited()).await.unwrap();
        let own = [("SINK_ARN", sink.arn().to_owned()), ("QUARANTINE_ARN", "stderr".to_owned()), kinesis.environment()];
        let binary = binaries::activity_stream().unwrap();
        let settings = settings("activity-stream", binary, &kms, level, format).with_environment(own);
        let (function, output) = Function::new(settings.with_environment(&environment));
        fail_decrypts(&kms, "ThrottlingException", 1);
        function.invoke(scenario.event.clone()).await;
        function.invoke(scenario.event.clone()).await;
        function.shut_down().await;
        let lines = output.collect().await;
        assert_eq!(shown(&lines), Vec::<String>::new(), "{level} {format}");
        let delivered = sink.read(&sink.shards()[0].id, 0, usize::MAX).unwrap();
        assert!(!delivered.is_empty(), "nothing was delivered");
        // What the database said: no part of it is in the log.
        for event in delivered {
            let event: Value = serde_json::from_slice(&event.data).unwrap();
            let members = event["event"].as_object().unwrap().iter();
            let told = members.map(|(name, value)| format!("\"{name}\": {value}"));
            let told: Vec<_> = told.filter(|told| lines.iter().any(|line| line.text.contains(told))).collect();
            assert_eq!(told, Vec::<String>::new(), "{level} {format}");
        }
    }
}
