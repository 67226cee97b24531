//! What the built `stream-decryptor` logs, at the levels that Lambda sets.
#![cfg(test)]

mod support;

use std::num::NonZeroU32;
use std::time::Duration;

use local_stack::kms::{Effect, EmbeddedKms, KmsSettings};
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
async fn every_line_of_an_invocation_tells_which_and_one_of_them_what_became_of_its_records() {
    let log = objects(&log_with([("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).await);
    let of_invocations: Vec<_> = log.iter().filter(|line| line["message"] != "started").collect();
    for line in &of_invocations {
        let number = if line["coldStart"] == true { 1 } else { 2 };
        assert_eq!(line["requestId"], format!("00000000-0000-4000-8000-{number:012}"), "{line}");
        assert_eq!((&line["version"], &line["streamName"]), (&env!("CARGO_PKG_VERSION").into(), &"orders".into()));
        assert!(line["shardId"].as_str().unwrap().starts_with("shardId-"), "{line}");
    }
    let sentences: Vec<_> = of_invocations.iter().filter(|line| line["level"] == "INFO").collect();
    let told = sentences.iter().map(|line| (&line["message"], &line["coldStart"], &line["delivered"]));
    let message = Value::from("all 3 records were delivered");
    assert_eq!(told.collect::<Vec<_>>(), [(&message, &true.into(), &3.into()), (&message, &false.into(), &3.into())]);
}

#[tokio::test]
async fn debug_tells_each_decision_and_within_which_step_it_was_made() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = support::stream_of(&kms, RECORDS).await;
    let records = support::records(&stream);
    let debug = [("AWS_LAMBDA_LOG_LEVEL", "DEBUG"), ("KMS_MAX_CONCURRENCY", "1")];
    let (function, output) = Function::new(support::settings(&kms).with_environment(debug));
    let code = "ThrottlingException".to_owned();
    kms.disturb_decrypts(NonZeroU32::MIN, Effect::Fail { code: code.clone() });
    function.invoke(support::event(&stream, &records[..1])).await;
    kms.disturb_decrypts(NonZeroU32::MAX, Effect::Fail { code });
    function.invoke_within(support::event(&stream, &records), Duration::from_secs(3)).await;
    function.shut_down().await;
    let lines = output.collect().await;
    let log: Vec<_> = lines.into_iter().filter(|line| line.source == Source::Stderr).collect();
    let log = objects(&log);
    let find = |message: &str| {
        let found = log.iter().find(|line| line["message"].as_str().unwrap().starts_with(message));
        found.unwrap_or_else(|| panic!("no {message:?} in {log:?}"))
    };
    for (decision, step) in [
        ("an attempt failed", "invocation:data_keys"),
        ("requests are paced", "invocation:data_keys"),
        ("data keys", "invocation"),
        ("chose the checkpoint", "invocation"),
    ] {
        assert_eq!(find(decision)["span"], step, "{decision}");
    }
    let batch =
        find("of 3 records 1 was delivered; 2 come again, from index 1 on, for a failure of the class throttled");
    assert_eq!((&batch["level"], &batch["checkpoint_class"]), (&"WARN".into(), &"throttled".into()));
    assert!(batch["message"].as_str().unwrap().ends_with("if it goes on, ask for a higher quota"), "{batch}");
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
