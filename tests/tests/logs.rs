//! What the built `stream-decryptor` logs, at the levels that Lambda sets.
#![cfg(test)]

mod support;

use local_stack::kms::{EmbeddedKms, KmsSettings};
use local_stack::lambda_function::{Function, OutputLine, Source};
use serde_json::Value;

const RECORDS: usize = 3;

/// The log of two invocations with the same records.
async fn log_with<const N: usize>(variables: [(&str, &str); N]) -> Vec<OutputLine> {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = support::stream_of(&kms, RECORDS).await;
    let records = support::records(&stream);
    let (function, output) = Function::new(support::settings(&kms).with_environment(variables));
    for _ in 0..2 {
        let invocation = function.invoke(support::event(&stream, &records)).await;
        support::result(&invocation, &records);
    }
    function.shut_down().await;
    let lines = output.collect().await;
    let twice = [support::numbers(&records), support::numbers(&records)].concat();
    assert_eq!(support::delivered(&lines), twice, "{lines:?}");
    lines.into_iter().filter(|line| line.source == Source::Stderr).collect()
}

fn objects(log: &[OutputLine]) -> Vec<Value> {
    log.iter().map(|line| serde_json::from_str(&line.text).unwrap()).collect()
}

#[tokio::test]
async fn the_start_tells_the_version_and_what_differs_from_the_defaults_and_no_secret() {
    let settings = r#"{"KMS_MAX_ATTEMPTS": 7, "DATA_KEY_MAX_AGE_SECONDS": 300, "KMS_GRANT_TOKENS": "hunter2"}"#;
    let log = objects(&log_with([("WARMKEYS_SETTINGS", settings)]).await);
    let starts: Vec<_> = log.iter().filter(|line| line["message"] == "started").collect();
    let [start] = starts.as_slice() else { panic!("{log:?}") };
    assert_eq!((&start["level"], &start["function"]), (&Value::from("INFO"), &Value::from("stream-decryptor")));
    assert_eq!(start["version"], env!("CARGO_PKG_VERSION"));
    let told = start["settings"].as_str().unwrap();
    for changed in
        ["KMS_MAX_ATTEMPTS=\"7\"", "KMS_GRANT_TOKENS (not shown)", "KMS_KEY_ARNS=\"arn:aws:kms:", "AWS_REGION="]
    {
        assert!(told.contains(changed), "{changed} is not in {told}");
    }
    for unchanged in ["SINK_ARN", "DATA_KEY_MAX_AGE_SECONDS", "hunter2"] {
        assert!(!told.contains(unchanged), "{unchanged} is in {told}");
    }
    assert!(log.iter().all(|line| line["level"] != "DEBUG"), "{log:?}");
}

#[tokio::test]
async fn debug_tells_what_the_cache_answered() {
    let log = objects(&log_with([("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).await);
    let counts: Vec<_> = log.iter().filter(|line| line["message"] == "data keys").collect();
    let counted = |of: &str| counts.iter().map(|line| line[of].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((counted("misses"), counted("hits")), (vec![3, 0], vec![0, 3]));
    assert!(counts.iter().all(|line| line["level"] == "DEBUG"));
    let of_others = log.iter().filter(|line| !line["target"].as_str().unwrap().starts_with("warmkeys"));
    assert_eq!(of_others.count(), 0, "the debug events of the HTTP stack hold data keys");
}

#[tokio::test]
async fn text_is_for_people() {
    let log = log_with([("AWS_LAMBDA_LOG_FORMAT", "Text")]).await;
    assert!(log.iter().any(|line| line.text.contains("INFO") && line.text.contains("started")), "{log:?}");
    assert!(log.iter().all(|line| !line.text.starts_with('{')), "{log:?}");
}

#[tokio::test]
async fn at_error_a_healthy_function_is_silent() {
    let log = log_with([("AWS_LAMBDA_LOG_LEVEL", "ERROR")]).await;
    assert!(log.is_empty(), "{log:?}");
}
