use super::*;
use crate::clock::SystemClock;
use crate::config::{self, ConfigError};
use crate::retry::RetryPolicy;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn read(pairs: &[(&str, &str)]) -> Result<StreamDecryptorConfig, ConfigError> {
    let least = [("AWS_REGION", "eu-west-1"), ("KMS_KEY_ARNS", KEY)];
    let variables = least.iter().chain(pairs).copied();
    config::read(variables, StreamDecryptorConfig::read).map(|configured| configured.settings)
}

fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    read(pairs).unwrap_err().problems.into_iter().map(|problem| problem.name).collect()
}

#[test]
fn a_key_and_a_region_are_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(config.time.reserves, crate::invocation::TimeReserves::default());
    assert_eq!(config.cache, CacheSettings::default());
    assert_eq!(config.kms.retry.max_attempts, RetryPolicy::DEFAULT_MAX_ATTEMPTS);
    assert_eq!(config.unavailable_keys, UnavailableKeys::Checkpoint);
    assert!(matches!(config.quarantine, QuarantineSettings::Stderr));
}

#[test]
fn every_default_is_one_that_the_variable_itself_allows_and_no_variable_is_there_twice() {
    let mut names = std::collections::BTreeSet::new();
    let groups = config::describe(|environment| {
        let own = StreamDecryptorConfig::read(environment);
        environment.group(&crate::sinks::VARIABLES);
        own
    });
    for variable in groups.into_iter().flat_map(|group| group.variables) {
        assert!(names.insert(variable.name), "{} is there twice", variable.name);
        let is_ours = !["SINK_", "KINESIS_"].iter().any(|prefix| variable.name.starts_with(prefix));
        if let Some(default) = variable.default.clone().filter(|_| is_ours) {
            let read = read(&[(variable.name, default.as_str())]);
            assert!(read.is_ok(), "{}: {read:?}", variable.name);
        }
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let wrong = [
        ("RECORD_FORMAT", "csv"),
        ("KMS_KEY_ARNS", "alias/mine"),
        ("DATA_KEY_MAX_AGE_SECONDS", "0"),
        ("KMS_MAX_ATTEMPTS", "many"),
        ("QUARANTINE_ARN", "s3"),
        ("AWS_LAMBDA_LOG_LEVEL", "verbose"),
    ];
    let expected = [
        "RECORD_FORMAT",
        "KMS_KEY_ARNS",
        "DATA_KEY_MAX_AGE_SECONDS",
        "KMS_MAX_ATTEMPTS",
        "QUARANTINE_ARN",
        "AWS_LAMBDA_LOG_LEVEL",
    ];
    let problems = problems(&wrong);
    for name in expected {
        assert!(problems.contains(&name.to_owned()), "{name} is not among {problems:?}");
    }
}

#[test]
fn a_batch_asks_for_as_many_data_keys_at_once_as_kms_may_be_asked() {
    let config = read(&[("KMS_MAX_CONCURRENCY", "64")]).unwrap();
    let sdk = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
    let processor =
        config.into_processor(crate::sinks::StdoutSink::new(Arc::new(SystemClock)), &sdk, Arc::new(SystemClock));
    assert_eq!(processor.decryptor.settings.max_concurrent_requests.get(), 64);
}

#[test]
fn a_required_context_is_not_ignored_where_records_carry_none() {
    let required = ("REQUIRED_ENCRYPTION_CONTEXT", r#"{"tenant":"acme"}"#);
    let format = ("RECORD_FORMAT", "kms-ciphertext");
    let given = |context| read(&[required, format, ("KMS_CIPHERTEXT_ENCRYPTION_CONTEXT", context)]);
    assert!(given(r#"{"tenant":"acme","stage":"live"}"#).is_ok());
    for missing in ["", r#"{"tenant":"other"}"#] {
        let problems = given(missing).unwrap_err().problems;
        assert_eq!(problems[0].name, "REQUIRED_ENCRYPTION_CONTEXT");
    }
}

#[test]
fn a_refresh_comes_before_the_maximum_age() {
    assert!(read(&[("DATA_KEY_MAX_AGE_SECONDS", "60"), ("DATA_KEY_REFRESH_AFTER_SECONDS", "59")]).is_ok());
    let late = [("DATA_KEY_MAX_AGE_SECONDS", "60"), ("DATA_KEY_REFRESH_AFTER_SECONDS", "60")];
    assert_eq!(problems(&late), ["DATA_KEY_REFRESH_AFTER_SECONDS"]);
}

#[test]
fn keys_are_named_or_discovered_and_not_both() {
    let both = [("KMS_DISCOVERY_ACCOUNT_IDS", "111122223333")];
    assert_eq!(problems(&both), ["KMS_KEY_ARNS"]);
    assert_eq!(problems(&[("KMS_KEY_ARNS", "")]), ["KMS_KEY_ARNS"]);
    assert_eq!(problems(&[("KMS_KEY_ARNS", "alias/mine")]), ["KMS_KEY_ARNS"]);
    let discovery = [("KMS_KEY_ARNS", ""), ("KMS_DISCOVERY_ACCOUNT_IDS", "111122223333")];
    assert!(read(&discovery).is_ok());
}

#[test]
fn grant_tokens_and_encryption_contexts_are_not_repeated() {
    let tokens = ("KMS_GRANT_TOKENS", "sk-secret,,");
    let error = read(&[tokens, ("REQUIRED_ENCRYPTION_CONTEXT", "sk-secret")]).unwrap_err();
    assert!(!error.to_string().contains("sk-secret"));
    assert_eq!(error.problems.len(), 2, "{error}");
}
