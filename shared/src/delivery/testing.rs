//! What the tests of sinks and quarantines share.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[cfg(feature = "aws")]
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode};
use bytes::Bytes;

use crate::clock::{Clock, SystemClock};
use crate::message::EncryptionContext;
use crate::records::{OpenedRecord, SequenceNumber, ShardRecord};
use crate::retry::{Deadline, Jitter, RetryPolicy};

/// A record in clear. Its ciphertext, `ciphertext of <sequence number>`, must never reach a sink.
pub(crate) fn opened(sequence_number: &str, partition_key: &str, plaintext: &[u8]) -> OpenedRecord {
    OpenedRecord {
        record: ShardRecord {
            sequence_number: SequenceNumber::parse(sequence_number).unwrap(),
            sub_sequence_number: None,
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            approximate_arrival_timestamp: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_573_691_886_021)),
            data: Bytes::from(format!("ciphertext of {sequence_number}")),
        },
        encryption_context: Arc::new(EncryptionContext::from_iter([("tenant", "a")])),
        plaintext: plaintext.to_vec(),
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// A deadline so many seconds from now.
pub(crate) fn within(seconds: u64) -> Deadline {
    Deadline::after(SystemClock.now().monotonic, Duration::from_secs(seconds))
}

/// Ten attempts of at most a second, without delays that matter.
pub(crate) fn quick_retries() -> RetryPolicy {
    RetryPolicy {
        max_attempts: 10.try_into().unwrap(),
        base_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(1),
        attempt_timeout: Duration::from_secs(1),
        jitter: Jitter::seeded(7),
    }
}

/// Answers the requests of an SDK client: with the one rule each time, or with several in their order, each once.
#[cfg(feature = "aws")]
pub(crate) fn answers(rules: &[&Rule]) -> MockResponseInterceptor {
    let mode = if rules.len() == 1 { RuleMode::MatchAny } else { RuleMode::Sequential };
    rules.iter().fold(MockResponseInterceptor::new().rule_mode(mode), |answers, rule| answers.with_rule(rule))
}

/// Configures an SDK client's builder for [`answers`]; a macro, because each SDK crate has a builder type of its own.
#[cfg(feature = "aws")]
macro_rules! mocked_client {
    ($sdk:ident, $rules:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::new()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-west-1"))
                .credentials_provider(
                    $sdk::config::Credentials::builder()
                        .access_key_id("test")
                        .secret_access_key("test")
                        .provider_name("test")
                        .build(),
                )
                .retry_config(crate::aws::no_retries())
                .http_client(aws_smithy_mocks::create_mock_http_client())
                .interceptor(crate::delivery::testing::answers($rules))
                .build(),
        )
    };
}
#[cfg(feature = "aws")]
pub(crate) use mocked_client;

/// An answer of the service as it comes over the network.
#[cfg(feature = "s3")]
pub(crate) fn http_answer(status: u16, body: &str) -> aws_sdk_s3::config::http::HttpResponse {
    let body = aws_sdk_s3::primitives::SdkBody::from(body);
    aws_sdk_s3::config::http::HttpResponse::new(status.try_into().unwrap(), body)
}
