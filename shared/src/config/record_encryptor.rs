//! The configuration of the function `record-encryptor`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{
    Choice, ConfigError, Describe, Description, Environment, Integer, KmsRequestConfig, RuntimeConfig, Text, TextList,
};
use super::{data_key_cache, kinesis, kms_requests, runtime};
use crate::data_keys::{GenerationKeyringSettings, GenerationRequest, KeyArn, UsageLimits};
use crate::encrypting_writer::EncryptingSettings;
use crate::invocation::TimeReserves;
use crate::kinesis::{StreamIdentifier, WriterSettings};
use crate::materials_cache::CacheSettings;
use crate::message::{AlgorithmSuite, DEFAULT_FRAME_LEN, EncryptionContext};

/// The configuration of the function `record-encryptor`.
#[derive(Clone, Debug)]
pub struct RecordEncryptorConfig {
    /// Where encrypted records go.
    pub stream: StreamIdentifier,
    /// Which keys wrap new data keys.
    pub wrapping_keys: GenerationKeyringSettings,
    /// How KMS is asked.
    pub kms: KmsRequestConfig,
    /// How long data keys are kept.
    pub cache: CacheSettings,
    /// How much is encrypted under one data key.
    pub usage_limits: UsageLimits,
    /// How records are encrypted.
    pub encrypting: EncryptingSettings,
    /// How they are written.
    pub writer: WriterSettings,
    /// Time and logs.
    pub runtime: RuntimeConfig,
}

impl RecordEncryptorConfig {
    /// Reads the configuration from the process's environment.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::read(&super::process_environment)
    }

    /// Reads the configuration from wherever `look_up` finds the value of a name.
    ///
    /// # Errors
    /// All problems at once.
    pub fn read(look_up: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut environment = Environment::new(look_up);
        let config = Self::read_all(&mut environment);
        environment.finish(config)
    }

    /// The variables, in the order of the documentation.
    #[must_use]
    pub fn variables() -> Vec<Description> {
        let groups =
            [VARIABLES, data_key_cache::VARIABLES, kms_requests::VARIABLES, kinesis::VARIABLES, runtime::VARIABLES];
        groups.into_iter().flatten().map(|variable| variable.describe()).collect()
    }

    /// Reads every part before any is missed, so that all problems come together.
    fn read_all(environment: &mut Environment<'_>) -> Option<Self> {
        let stream = environment.require(&STREAM_NAME, "always");
        let wrapping_keys = read_wrapping_keys(environment);
        let encrypting = read_encrypting(environment, stream.as_ref());
        let usage_limits = read_usage_limits(environment);
        let cache = data_key_cache::read(environment);
        let kms = KmsRequestConfig::read(environment);
        let writer = kinesis::read_writer(environment, WriterSettings::default());
        let runtime = RuntimeConfig::read(environment);
        Some(Self {
            stream: stream?,
            wrapping_keys: wrapping_keys?,
            kms: kms?,
            cache: cache?,
            usage_limits: usage_limits?,
            encrypting: encrypting?,
            writer: writer?,
            runtime: runtime?,
        })
    }
}

/// The variables of encrypting itself.
const VARIABLES: &[&dyn Describe] = &[
    &STREAM_NAME,
    &GENERATOR_KEY_ARN,
    &ADDITIONAL_KEY_ARNS,
    &ALGORITHM_SUITE,
    &ENCRYPTION_CONTEXT,
    &FRAME_LENGTH,
    &MAX_MESSAGES,
    &MAX_BYTES,
    &runtime::RESPONSE_RESERVE,
];

fn read_wrapping_keys(environment: &mut Environment<'_>) -> Option<GenerationKeyringSettings> {
    let generator = environment.require(&GENERATOR_KEY_ARN, "always");
    let additional = environment.read(&ADDITIONAL_KEY_ARNS);
    let grant_tokens = environment.read(&kms_requests::GRANT_TOKENS);
    GenerationKeyringSettings::new(generator?, additional?, grant_tokens?)
        .map_err(|error| environment.reject(ADDITIONAL_KEY_ARNS.name, error.to_string()))
        .ok()
}

fn read_encrypting(environment: &mut Environment<'_>, stream: Option<&StreamIdentifier>) -> Option<EncryptingSettings> {
    let suite = environment.read(&ALGORITHM_SUITE);
    let frame_len = environment.read(&FRAME_LENGTH).and_then(|bytes| u32::try_from(bytes).ok());
    let context = environment.read(&ENCRYPTION_CONTEXT);
    let response = environment.read(&runtime::RESPONSE_RESERVE).map(Duration::from_millis);
    let suite = suite?;
    let encryption_context = match context {
        Some(pairs) => pairs,
        None => [(STREAM_PAIR, stream?.name())].into_iter().collect(),
    };
    if let Err(error) = GenerationRequest::new(suite, encryption_context.clone()) {
        environment.reject(ENCRYPTION_CONTEXT.name, error.to_string());
        return None;
    }
    Some(EncryptingSettings {
        suite,
        frame_len: NonZeroU32::new(frame_len?)?,
        encryption_context,
        reserves: TimeReserves { response: response?, ..TimeReserves::default() },
        ..EncryptingSettings::default()
    })
}

fn read_usage_limits(environment: &mut Environment<'_>) -> Option<UsageLimits> {
    let max_messages = environment.read(&MAX_MESSAGES);
    let max_bytes = environment.read(&MAX_BYTES);
    UsageLimits::new(max_messages?, max_bytes?)
        .map_err(|error| environment.reject(MAX_MESSAGES.name, error.to_string()))
        .ok()
}

/// The key of the pair that every record has unless `ENCRYPTION_CONTEXT` says otherwise.
const STREAM_PAIR: &str = "stream";

const STREAM_NAME: Text<StreamIdentifier> = Text {
    name: "STREAM_NAME",
    allowed: "a Kinesis stream's name or ARN",
    default: None,
    parse: StreamIdentifier::parse,
    meaning: "The stream that encrypted records are written to.",
};

const GENERATOR_KEY_ARN: Text<KeyArn> = Text {
    name: "KMS_GENERATOR_KEY_ARN",
    allowed: "the ARN of a KMS key (not of an alias)",
    default: None,
    parse: |text| text.parse().ok(),
    meaning: "The key that data keys are generated under. Readers try it first.",
};

const ADDITIONAL_KEY_ARNS: TextList<KeyArn> = TextList {
    name: "KMS_ADDITIONAL_KEY_ARNS",
    allowed: "ARNs of KMS keys (not of aliases), at most 9",
    parse: |text| text.parse().ok(),
    meaning: "Further keys that each data key is wrapped by, so that any one of all can open the records: replicas in other \
              Regions, another account's key. Each costs a request for each data key.",
};

const ALGORITHM_SUITE: Choice<AlgorithmSuite> = Choice {
    name: "ALGORITHM_SUITE",
    choices: &[
        ("AES_256_GCM_HKDF_SHA512_COMMIT_KEY", EncryptingSettings::DEFAULT_SUITE),
        ("AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384", AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384),
    ],
    meaning: "The algorithm suite of the messages (0478, 0578). Signatures are for readers who must not be able to write; they \
              cost most of the CPU time.",
};

const ENCRYPTION_CONTEXT: Text<EncryptionContext> = Text {
    name: "ENCRYPTION_CONTEXT",
    allowed: "a JSON object whose values are strings",
    default: None,
    parse: |text| {
        let pairs: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        Some(pairs.into_iter().collect())
    },
    meaning: "Pairs that every record is encrypted with, besides its own; they are not secret. Absent: \
              {\"stream\": <the stream's name>}. {} for none.",
};

const FRAME_LENGTH: Integer = Integer {
    name: "FRAME_LENGTH_BYTES",
    allowed: 1..=u32::MAX as u64,
    default: Some(DEFAULT_FRAME_LEN.get() as u64),
    unit: "bytes",
    meaning: "The plaintext of a message's frame. Each frame adds 32 bytes.",
};

const MAX_MESSAGES: Integer = Integer {
    name: "DATA_KEY_MAX_MESSAGES",
    allowed: 1..=UsageLimits::DEFAULT_MAX_MESSAGES.get(),
    default: Some(UsageLimits::DEFAULT_MAX_MESSAGES.get()),
    unit: "messages",
    meaning: "The most records encrypted under one data key.",
};

const MAX_BYTES: Integer = Integer {
    name: "DATA_KEY_MAX_BYTES",
    allowed: 1..=UsageLimits::DEFAULT_MAX_BYTES,
    default: Some(UsageLimits::DEFAULT_MAX_BYTES),
    unit: "bytes",
    meaning: "The most plaintext encrypted under one data key. A record that is larger gets a data key of its own.",
};

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn read(pairs: &[(&str, &str)]) -> Result<RecordEncryptorConfig, ConfigError> {
        let least = [("STREAM_NAME", "orders"), ("KMS_GENERATOR_KEY_ARN", KEY)];
        RecordEncryptorConfig::read(&|name| {
            let found = pairs.iter().chain(&least).find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn problems(pairs: &[(&str, &str)]) -> Vec<&'static str> {
        read(pairs).unwrap_err().problems.into_iter().map(|problem| problem.name).collect()
    }

    fn pairs(config: &RecordEncryptorConfig) -> Vec<(&str, &str)> {
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
        assert_eq!(config.writer, WriterSettings::default());
        assert_eq!(
            problems(&[("STREAM_NAME", ""), ("KMS_GENERATOR_KEY_ARN", "")]),
            ["STREAM_NAME", "KMS_GENERATOR_KEY_ARN"]
        );
    }

    #[test]
    fn every_default_is_one_that_the_variable_itself_allows() {
        let mut names = std::collections::BTreeSet::new();
        for variable in RecordEncryptorConfig::variables() {
            assert!(names.insert(variable.name), "{} is there twice", variable.name);
            if let Some(default) = variable.default.clone() {
                let read = read(&[(variable.name, default.as_str())]);
                assert!(read.is_ok(), "{}: {read:?}", variable.name);
            }
        }
    }

    #[test]
    fn the_default_context_names_the_stream_however_it_is_given() {
        let arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders";
        assert_eq!(pairs(&read(&[("STREAM_NAME", arn)]).unwrap()), [("stream", "orders")]);
        assert_eq!(pairs(&read(&[("ENCRYPTION_CONTEXT", r#"{"tenant":"7"}"#)]).unwrap()), [("tenant", "7")]);
        assert!(pairs(&read(&[("ENCRYPTION_CONTEXT", "{}")]).unwrap()).is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once_and_no_value_is_repeated() {
        let error = read(&[
            ("STREAM_NAME", "not a stream"),
            ("KMS_ADDITIONAL_KEY_ARNS", "sk-secret"),
            ("ALGORITHM_SUITE", "AES_128_GCM"),
            ("ENCRYPTION_CONTEXT", "sk-secret"),
            ("FRAME_LENGTH_BYTES", "0"),
            ("DATA_KEY_MAX_MESSAGES", "4294967297"),
            ("KMS_MAX_ATTEMPTS", "many"),
        ])
        .unwrap_err();
        for name in [
            "STREAM_NAME",
            "KMS_ADDITIONAL_KEY_ARNS",
            "ALGORITHM_SUITE",
            "ENCRYPTION_CONTEXT",
            "FRAME_LENGTH_BYTES",
            "DATA_KEY_MAX_MESSAGES",
            "KMS_MAX_ATTEMPTS",
        ] {
            assert!(error.problems.iter().any(|problem| problem.name == name), "{name} is not in {error}");
        }
        assert!(!error.to_string().contains("sk-secret"));
    }

    #[test]
    fn the_configured_context_keeps_clear_of_the_formats_own_pairs() {
        assert_eq!(problems(&[("ENCRYPTION_CONTEXT", r#"{"aws-crypto-x":"v"}"#)]), ["ENCRYPTION_CONTEXT"]);
    }

    #[test]
    fn a_wrapping_key_is_given_once() {
        assert_eq!(problems(&[("KMS_ADDITIONAL_KEY_ARNS", KEY)]), ["KMS_ADDITIONAL_KEY_ARNS"]);
    }
}
