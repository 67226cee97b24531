use warmkeys::config::{self, ConfigError};

use super::*;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders";
const LEAST: [(&str, &str); 3] = [("AWS_REGION", "eu-west-1"), ("STREAM_ARN", STREAM), ("KMS_GENERATOR_KEY_ARN", KEY)];

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    config::read(LEAST.iter().chain(pairs).copied(), Config::read).map(|configured| configured.settings)
}

fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
    read(pairs).unwrap_err().problems.into_iter().map(|problem| problem.name).collect()
}

fn pairs(config: &Config) -> Vec<(&str, &str)> {
    config.encrypting.encryption_context.iter().collect()
}

#[test]
fn a_stream_and_a_key_are_enough() {
    let config = read(&[]).unwrap();
    let context = [("stream", "orders")].into_iter().collect();
    let expected = EncryptingSettings { encryption_context: context, ..EncryptingSettings::default() };
    assert_eq!(config.encrypting, expected);
    assert_eq!(config.cache, CacheSettings::default());
    assert_eq!(config.usage_limits, UsageLimits::default());
    assert_eq!(problems(&[("STREAM_ARN", ""), ("KMS_GENERATOR_KEY_ARN", "")]), ["STREAM_ARN", "KMS_GENERATOR_KEY_ARN"]);
}

#[test]
fn every_default_is_one_that_the_variable_itself_allows_and_no_variable_is_there_twice() {
    let mut names = std::collections::BTreeSet::new();
    for variable in config::describe(Config::read).into_iter().flat_map(|group| group.variables) {
        assert!(names.insert(variable.name), "{} is there twice", variable.name);
        if let Some(default) = variable.default.clone() {
            let read = read(&[(variable.name, default.as_str())]);
            assert!(read.is_ok(), "{}: {read:?}", variable.name);
        }
    }
}

#[test]
fn without_a_region_the_function_does_not_start() {
    assert_eq!(problems(&[("AWS_REGION", "")]), ["AWS_REGION"]);
}

#[test]
fn a_stream_of_another_region_is_refused_with_both_regions() {
    let error = read(&[("AWS_REGION", "us-east-1")]).unwrap_err();
    assert_eq!(error.problems.len(), 1);
    let told = error.to_string();
    assert!(told.contains("STREAM_ARN is in eu-west-1") && told.contains("is us-east-1"), "{told}");
    assert!(read(&[("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL_KINESIS", "http://127.0.0.1:4598")]).is_ok());
}

#[test]
fn a_name_is_no_arn_and_the_old_variable_is_refused() {
    assert_eq!(problems(&[("STREAM_ARN", "orders")]), ["STREAM_ARN"]);
    let error = read(&[("STREAM_NAME", "orders")]).unwrap_err().to_string();
    assert!(error.contains("STREAM_NAME is no longer a variable; use STREAM_ARN"), "{error}");
}

#[test]
fn the_default_context_names_the_stream() {
    assert_eq!(pairs(&read(&[("ENCRYPTION_CONTEXT", r#"{"tenant":"7"}"#)]).unwrap()), [("tenant", "7")]);
    assert!(pairs(&read(&[("ENCRYPTION_CONTEXT", "{}")]).unwrap()).is_empty());
}

#[test]
fn all_problems_are_told_at_once_and_the_encryption_context_is_not_repeated() {
    let wrong = [
        ("STREAM_ARN", "not a stream"),
        ("KMS_ADDITIONAL_KEY_ARNS", "alias/orders"),
        ("ALGORITHM_SUITE", "AES_128_GCM"),
        ("ENCRYPTION_CONTEXT", "tenant-4711"),
        ("FRAME_LENGTH_BYTES", "0"),
        ("DATA_KEY_MAX_MESSAGES", "4294967297"),
        ("KMS_MAX_ATTEMPTS", "many"),
    ];
    let error = read(&wrong).unwrap_err();
    for (name, _) in wrong {
        assert!(error.problems.iter().any(|problem| problem.name == name), "{name} is not in {error}");
    }
    assert!(error.to_string().contains("\"AES_128_GCM\"") && !error.to_string().contains("4711"), "{error}");
}

#[test]
fn the_configured_context_keeps_clear_of_the_formats_own_pairs() {
    assert_eq!(problems(&[("ENCRYPTION_CONTEXT", r#"{"aws-crypto-x":"v"}"#)]), ["ENCRYPTION_CONTEXT"]);
}

#[test]
fn a_wrapping_key_is_given_once() {
    assert_eq!(problems(&[("KMS_ADDITIONAL_KEY_ARNS", KEY)]), ["KMS_ADDITIONAL_KEY_ARNS"]);
}
