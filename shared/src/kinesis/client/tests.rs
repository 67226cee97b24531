//! The client through the SDK's real pipeline, with answers in place of the network.

mod sending;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_kinesis::operation::list_shards::ListShardsOutput;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::types::{HashKeyRange, SequenceNumberRange};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use bytes::Bytes;

use super::*;
use crate::aws::caller_fault::tests::CALLER_FAULTS;
use crate::failure::{FailureClass, describe};

const ARN: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/orders";

fn client(rule: &Rule) -> KinesisClient {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
        // What `new` has to switch off: with it, a retryable answer would be asked for three times.
        .retry_config(RetryConfig::standard())
        .http_client(create_mock_http_client())
        .build();
    let interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny).with_rule(rule);
    let config = without_retries(&config).interceptor(interceptor);
    KinesisClient { client: Client::from_conf(config.build()), stream: StreamIdentifier::parse(ARN).unwrap() }
}

fn entry(partition_key: &str, explicit_hash_key: Option<&str>) -> UserRecord {
    UserRecord {
        partition_key: partition_key.into(),
        explicit_hash_key: explicit_hash_key.map(Into::into),
        data: Bytes::from_static(b"data"),
    }
}

fn result() -> aws_sdk_kinesis::types::builders::PutRecordsResultEntryBuilder {
    PutRecordsResultEntry::builder()
}

/// What a `PutRecords` request answered with this status and code fails with.
async fn put_failure(status: u16, code: &str) -> PutRecordsError {
    let body = format!(r#"{{"__type":"{code}","message":"the reason"}}"#);
    let rule = mock!(Client::put_records).sequence().http_status(status, Some(body)).repeatedly().build();
    let error = client(&rule).put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err();
    assert_eq!(rule.num_calls(), 1, "{code} was asked for again below the writer's retries");
    error
}

#[tokio::test]
async fn request_failures_are_told_apart() {
    for code in ["ProvisionedThroughputExceededException", "KMSThrottlingException", "ThrottlingException"] {
        assert!(matches!(put_failure(400, code).await, PutRecordsError::Throttled(_)), "{code}");
    }
    for code in [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
    ] {
        assert!(matches!(put_failure(400, code).await, PutRecordsError::Refused(_)), "{code}");
    }
    for code in ["InvalidArgumentException", "ValidationException"] {
        assert!(matches!(put_failure(400, code).await, PutRecordsError::Invalid(_)), "{code}");
    }
    for (status, code) in [(500, "InternalFailure"), (500, "InternalFailureException"), (503, "ServiceUnavailable")] {
        assert!(matches!(put_failure(status, code).await, PutRecordsError::OutcomeUnknown(_)), "{code}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_caller_is_its_own_failure_of_both_operations() {
    for (code, status) in CALLER_FAULTS {
        let error = put_failure(status, code).await;
        assert!(matches!(error, PutRecordsError::Caller(_)), "{code} {status}: {error:?}");
        assert!(describe(&error).contains(code), "{}", describe(&error));
        let body = format!(r#"{{"__type":"{code}","message":"the reason"}}"#);
        let rule = mock!(Client::list_shards).sequence().http_status(status, Some(body)).repeatedly().build();
        let error = client(&rule).list_shards(None).await.unwrap_err();
        assert!(matches!(error, ListShardsError::Caller(_)), "{code} {status}: {error:?}");
        assert_eq!((error.class(), rule.num_calls()), (FailureClass::Caller, 1), "{code}");
    }
}

#[tokio::test]
async fn what_is_told_of_a_failure_quotes_no_content_and_is_bounded() {
    let told = async |code: &str, message: &str| {
        let body = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
        let rule = mock!(Client::put_records).sequence().http_status(400, Some(body)).repeatedly().build();
        describe(&client(&rule).put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err())
    };
    let quoting = format!("Value 'patient 4711' {}", "x".repeat(1 << 20));
    for code in ["ValidationException", "InvalidArgumentException", "ThrottlingException", "SomethingNew"] {
        let text = told(code, &quoting).await;
        assert!(text.contains(code) && !text.contains("4711") && text.len() < 1_000, "{text}");
    }
    let text = told("AccessDeniedException", &"not authorized ".repeat(10_000)).await;
    assert!(text.contains("not authorized") && text.len() < 1_000, "{text}");
}

#[tokio::test]
async fn entries_and_results_keep_their_order_and_every_result_is_read_for_itself() {
    let rule = mock!(Client::put_records)
        .match_requests(|request| {
            let [first, second, ..] = request.records() else { return false };
            request.stream_arn() == Some(ARN)
                && (first.partition_key(), first.explicit_hash_key()) == (Some("a"), None)
                && (second.partition_key(), second.explicit_hash_key()) == (Some("b"), Some("7"))
                && second.data().as_ref() == b"data"
        })
        .then_output(|| {
            let throttle = "Rate exceeded for shard shardId-000000000003 in stream orders under account 111122223333.";
            PutRecordsOutput::builder()
                // Not to be trusted.
                .failed_record_count(0)
                .records(result().shard_id("shardId-000000000001").sequence_number("17").build())
                .records(result().error_code("ProvisionedThroughputExceededException").error_message(throttle).build())
                .records(result().error_code("InternalFailure").error_message("Internal Service Failure").build())
                .records(result().shard_id("shardId-000000000001").build())
                .records(result().shard_id("shardId-000000000001").sequence_number("x").build())
                .build()
                .unwrap()
        });
    let entries = vec![entry("a", None), entry("b", Some("7")), entry("c", None), entry("d", None), entry("e", None)];
    let results = client(&rule).put_records(entries, &Departure::default()).await.unwrap();
    let sequence_number = SequenceNumber::parse("17").unwrap();
    assert_eq!(
        results,
        [
            EntryResult::Written { shard_id: "shardId-000000000001".into(), sequence_number },
            EntryResult::Failed { failure: EntryFailure::Throttled, shard_id: Some("shardId-000000000003".into()) },
            EntryResult::Failed { failure: EntryFailure::Internal, shard_id: None },
            EntryResult::Unreadable,
            EntryResult::Unreadable,
        ]
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_unknown() {
    for body in ["", "{", r#"{"FailedRecordCount":0,"Records":[{"ShardId":7}]}"#] {
        let rule = mock!(Client::put_records).sequence().http_status(200, Some(body.to_owned())).repeatedly().build();
        match client(&rule).put_records(vec![entry("k", None)], &Departure::default()).await {
            Err(error) => assert!(matches!(error, PutRecordsError::OutcomeUnknown(_)), "{body}: {error:?}"),
            // Nor does an answer without results say that anything failed.
            Ok(results) => assert!(results.is_empty(), "{body}: {results:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_says_how_it_distributes_records() {
    for (strategy, expected) in [
        (Some("AUTO"), RecordDistribution::ByService),
        (Some("USER_PARTITION_KEY"), RecordDistribution::ByPartitionKey),
        (Some("SOMETHING_NEW"), RecordDistribution::Unknown),
        (None, RecordDistribution::Unknown),
    ] {
        let strategy = strategy.map(|word| format!(r#","RecordDistributionStrategy":"{word}""#)).unwrap_or_default();
        let body = format!(
            r#"{{"StreamDescriptionSummary":{{"StreamName":"orders","StreamARN":"{ARN}","StreamStatus":"ACTIVE",
            "RetentionPeriodHours":24,"StreamCreationTimestamp":1700000000,"EnhancedMonitoring":[],
            "OpenShardCount":1{strategy}}}}}"#
        );
        let rule = mock!(Client::describe_stream_summary).sequence().http_status(200, Some(body)).repeatedly().build();
        assert_eq!(client(&rule).record_distribution().await.unwrap(), expected);
    }
    let denied = r#"{"__type":"AccessDeniedException","message":"not authorized"}"#.to_owned();
    let rule = mock!(Client::describe_stream_summary).sequence().http_status(400, Some(denied)).repeatedly().build();
    assert!(matches!(client(&rule).record_distribution().await, Err(ListShardsError::Refused(_))));
}

fn shard(id: &str, start: &str, end: &str, ended: Option<&str>) -> Shard {
    let hash_keys = HashKeyRange::builder().starting_hash_key(start).ending_hash_key(end).build().unwrap();
    let range = SequenceNumberRange::builder().starting_sequence_number("1");
    let range = range.set_ending_sequence_number(ended.map(str::to_owned)).build().unwrap();
    Shard::builder().shard_id(id).hash_key_range(hash_keys).sequence_number_range(range).build().unwrap()
}

#[tokio::test]
async fn a_page_of_shards_is_read_with_ranges_and_states() {
    let rule = mock!(Client::list_shards)
        .match_requests(|request| request.stream_arn() == Some(ARN) && request.shard_filter().is_some())
        .then_output(|| {
            ListShardsOutput::builder()
                .shards(shard("closed", "0", "340282366920938463463374607431768211455", Some("9")))
                .shards(shard("open", "5", "9", None))
                .next_token("more")
                .build()
        });
    let page = client(&rule).list_shards(None).await.unwrap();
    assert_eq!(page.next_token.as_deref(), Some("more"));
    assert_eq!(
        page.shards,
        [
            ListedShard { shard_id: "closed".into(), hash_keys: 0..=u128::MAX, open: false },
            ListedShard { shard_id: "open".into(), hash_keys: 5..=9, open: true },
        ]
    );
}

#[tokio::test]
async fn the_next_page_is_asked_for_by_its_token_alone() {
    let rule = mock!(Client::list_shards)
        .match_requests(|request| {
            request.next_token() == Some("more") && request.stream_arn().is_none() && request.shard_filter().is_none()
        })
        .then_output(|| ListShardsOutput::builder().build());
    let page = client(&rule).list_shards(Some("more".into())).await.unwrap();
    assert_eq!(page, ShardPage { shards: vec![], next_token: None });
}

#[tokio::test]
async fn a_shard_whose_range_cannot_be_read_spoils_the_listing() {
    for (start, end) in [("9", "5"), ("x", "5"), ("0", "340282366920938463463374607431768211456")] {
        let rule = mock!(Client::list_shards)
            .then_output(move || ListShardsOutput::builder().shards(shard("odd", start, end, None)).build());
        assert!(matches!(client(&rule).list_shards(None).await, Err(ListShardsError::Malformed)));
    }
}

#[test]
fn streams_are_named_by_arn_or_name() {
    assert_eq!(StreamIdentifier::parse(ARN), Some(StreamIdentifier::Arn(ARN.into())));
    assert_eq!(StreamIdentifier::parse("orders"), Some(StreamIdentifier::Name("orders".into())));
    assert!(StreamIdentifier::parse(&"s".repeat(128)).is_some());
    for wrong in [
        "",
        &"s".repeat(129),
        "orders/1",
        "arn:aws:kinesis:eu-west-1:111122223333:stream/",
        "arn:aws:sqs:eu-west-1:111122223333:stream/orders",
        "arn:aws:kinesis:eu-west-1:111122223333:stream/orders/consumer/c:1",
        "arn:aws:kinesis",
    ] {
        assert_eq!(StreamIdentifier::parse(wrong), None, "{wrong}");
    }
}
