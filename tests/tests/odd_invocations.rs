//! The built functions, invoked in ways that no event source mapping does.
#![cfg(test)]

mod support;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Request, StatusCode};
use local_stack::binaries;
use local_stack::event_source_mapping::BatchResult;
use local_stack::kinesis::{EmbeddedKinesis, KinesisSettings};
use local_stack::kms::{DEVELOPMENT_KEY_ARN, EmbeddedKms, KmsSettings, Operation};
use local_stack::lambda_function::{Function, FunctionSettings, Headers, Outcome};
use local_stack::loopback_server::{AnswerRequest, LoopbackServer, Reply};
use local_stack::stream::InMemoryStream;
use serde_json::{Value, json};

use support::{delivered, event, numbers, records, result, settings, stream_of};

/// Nothing of what came may be answered or logged.
const CONTENT: &str = "patient 4711";

#[tokio::test]
async fn an_odd_header_costs_neither_the_invocation_nor_the_warm_keys() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 1).await;
    let records = records(&stream);
    let event = event(&stream, &records);
    let (function, output) = Function::new(settings(&kms));

    let odd = odd_headers();
    let count = odd.len();
    for headers in odd {
        let told = format!("{headers:?}");
        let invocation = function.invoke_with_headers(event.clone(), headers).await;
        let response: Value = serde_json::from_slice(invocation.response().expect(&told)).unwrap();
        assert_eq!(response["batchItemFailures"], json!([]), "{told}");
    }

    assert_eq!(function.sandboxes_started(), 1, "the process lives on");
    function.shut_down().await;
    assert_eq!(delivered(&output.collect().await), vec![numbers(&records); count].concat());
    assert_eq!(kms.calls().of(Operation::Decrypt).calls, 1, "the data key stays warm");
}

/// No answer depends on any of these.
fn odd_headers() -> Vec<Headers> {
    let client_context = |json: &str| vec![("lambda-runtime-client-context", json.as_bytes().to_vec())];
    let deadline = |value: &str| vec![("lambda-runtime-deadline-ms", value.as_bytes().to_vec())];
    vec![
        client_context(r#"{"custom":{"retry":1}}"#),
        client_context(r#"{"custom":{"nested":{"a":[]}}}"#),
        client_context(r#"{"client":{}}"#),
        client_context("später"),
        client_context("{"),
        vec![("lambda-runtime-cognito-identity", b"{}".to_vec())],
        deadline("soon"),
        deadline(""),
        deadline("-1"),
        deadline("99999999999999999999999"),
    ]
}

#[tokio::test]
async fn an_odd_header_or_message_costs_record_encryptor_neither_the_invocation_nor_the_warm_keys() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = Arc::new(InMemoryStream::new("orders", 1));
    let kinesis = EmbeddedKinesis::start(Arc::clone(&stream), KinesisSettings::unlimited()).await.unwrap();
    let own = [("STREAM_ARN", stream.arn()), ("KMS_GENERATOR_KEY_ARN", DEVELOPMENT_KEY_ARN)];
    let settings = FunctionSettings::new("record-encryptor", binaries::record_encryptor().unwrap())
        .with_environment(kms.environment())
        .with_environment([kinesis.environment()])
        .with_environment(own);
    let (function, output) = Function::new(settings);

    let message = |id: &str| {
        json!({
            "messageId": id, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
            "body": json!({"partitionKey": "customer", "json": CONTENT}).to_string(),
        })
    };
    let mut odd = message("1");
    odd["messageAttributes"] = json!({"a": {"binaryValue": 7, "stringListValues": null}, "b": null});
    odd["attributes"] = json!({"SentTimestamp": 7});
    let event = json!({"Records": [odd, message("2")]}).to_string();
    let count = odd_headers().len();
    for headers in odd_headers() {
        let told = format!("{headers:?}");
        let invocation = function.invoke_with_headers(event.clone(), headers).await;
        let response: Value = serde_json::from_slice(invocation.response().expect(&told)).unwrap();
        assert_eq!(response, json!({"batchItemFailures": []}), "{told}");
    }
    let long = CONTENT.repeat(100_000);
    for event in
        [format!(r#"{{"Records":[{{"body":"{long}"#), json!({"records": long}).to_string(), json!([long]).to_string()]
    {
        assert_refused(function.invoke(event).await.outcome, "Event.Unknown", "is neither");
    }

    assert_eq!(function.sandboxes_started(), 1, "the process lives on");
    function.shut_down().await;
    assert_eq!(stream.read(&stream.shards()[0].id, 0, usize::MAX).unwrap().len(), 2 * count);
    assert_eq!(kms.calls().of(Operation::GenerateDataKey).calls, 1, "the data key stays warm");
    for line in output.collect().await {
        assert!(!line.text.contains(CONTENT) && (line.is_metrics() || line.text.len() < 1_000), "{}", line.text);
    }
}

#[tokio::test]
async fn what_is_no_kinesis_event_fails_loudly_and_is_not_repeated() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let (function, output) = Function::new(settings(&kms));
    let long = CONTENT.repeat(100_000);
    for (event, error_type, words) in [
        (json!({}), "Event.Foreign", "an empty object"),
        (json!([]), "Event.Foreign", "an array"),
        (json!({ "Records": [long] }), "Event.NotARecord", "at index 0 is not an object"),
        (json!(json!({ "Records": [{ "kinesis": long }] }).to_string()), "Event.Foreign", "a JSON string"),
        (json!({ "Records": [{ "messageId": "1", "body": long, "eventSource": "aws:sqs" }] }), "Event.Foreign", "SQS"),
        (json!({ "records": [long] }), "Event.Foreign", "records in lower case"),
        (json!({ "awslogs": { "data": long } }), "Event.Foreign", "CloudWatch Logs"),
        (
            json!({ "KinesisBatchInfo": {}, "requestContext": { "requestId": long } }),
            "Event.Foreign",
            "read them from the stream",
        ),
    ] {
        assert_refused(function.invoke(event.to_string()).await.outcome, error_type, words);
    }
    let damaged = format!(r#"{{"Records":[{{"kinesis":{{"partitionKey":"{long}"#);
    assert_refused(function.invoke(damaged).await.outcome, "Event.NotJson", "not valid JSON at byte");

    assert_eq!(function.sandboxes_started(), 1);
    function.shut_down().await;
    let lines = output.collect().await;
    assert!(lines.iter().any(|line| line.text.contains("Event.NotARecord")), "the log says why: {lines:?}");
    for line in lines {
        assert!(!line.text.contains(CONTENT) && (line.is_metrics() || line.text.len() < 1_000), "{}", line.text);
    }
}

fn assert_refused(outcome: Outcome, error_type: &str, words: &str) {
    let Outcome::Failed(report) = outcome else { panic!("{error_type}: {outcome:?}") };
    let text = std::str::from_utf8(&report).unwrap();
    assert!(!text.contains(CONTENT) && text.len() < 500, "{text}");
    let report: Value = serde_json::from_str(text).unwrap();
    assert_eq!(report["errorType"], error_type, "{text}");
    assert!(report["errorMessage"].as_str().unwrap().contains(words), "{text}");
}

#[tokio::test]
async fn an_on_failure_object_and_a_quarantine_message_are_delivered() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 2).await;
    let records = records(&stream);
    let event = event(&stream, &records);
    let payload = std::str::from_utf8(&event).unwrap();
    let on_failure = json!({
        "requestContext": { "requestId": "c9b8fa9f", "condition": "RetryAttemptsExhausted" },
        "responseContext": { "statusCode": 200, "functionError": null },
        "version": "1.0",
        "KinesisBatchInfo": { "shardId": "shardId-000000000000", "batchSize": 2 },
        "payload": payload,
    });
    let quarantined = json!({
        "version": "1.0",
        "streamArn": stream.arn(),
        "shardId": "shardId-000000000000",
        "sequenceNumber": records[1].sequence_number.to_string(),
        "partitionKey": "customer",
        "failureClass": "unavailable",
        "reason": "the key is disabled",
        "data": base64_simd::STANDARD.encode_to_string(&records[1].data),
    });

    let (function, output) = Function::new(settings(&kms));
    for event in [on_failure, quarantined] {
        let invocation = function.invoke(Bytes::from(event.to_string())).await;
        let response: Value = serde_json::from_slice(invocation.response().expect("an answer")).unwrap();
        assert_eq!(response["batchItemFailures"], json!([]));
    }
    function.shut_down().await;
    let expected = [numbers(&records), numbers(&records[1..])].concat();
    assert_eq!(delivered(&output.collect().await), expected);
}

#[tokio::test]
async fn records_without_partition_key_and_arrival_time_are_delivered() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 2).await;
    let records = records(&stream);
    let mut event: Value = serde_json::from_slice(&event(&stream, &records)).unwrap();
    event["Records"][0]["kinesis"]["partitionKey"] = Value::Null;
    event["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = json!("soon");
    let second = event["Records"][1]["kinesis"].as_object_mut().unwrap();
    second.remove("partitionKey");
    second.remove("approximateArrivalTimestamp");

    let (function, output) = Function::new(settings(&kms));
    let invocation = function.invoke(event.to_string()).await;
    assert_eq!(result(&invocation, &records), BatchResult::Succeeded);
    function.shut_down().await;
    assert_eq!(delivered(&output.collect().await), numbers(&records));
}

/// Denies access to everything, and keeps the trace ids that it was told.
#[derive(Default)]
struct DenyingKms(Mutex<Vec<Option<String>>>);

impl AnswerRequest for DenyingKms {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        let trace_id = request.headers().get("x-amzn-trace-id").map(|id| id.to_str().unwrap().to_owned());
        self.0.lock().unwrap().push(trace_id);
        Reply::json(StatusCode::BAD_REQUEST, r#"{"__type":"AccessDeniedException","message":"no"}"#)
    }
}

#[tokio::test]
async fn requests_to_aws_carry_the_trace_id_of_their_invocation() {
    let kms = EmbeddedKms::start(KmsSettings::unlimited()).await.unwrap();
    let stream = stream_of(&kms, 1).await;
    let event = event(&stream, &records(&stream));
    let denying = Arc::new(DenyingKms::default());
    let server = LoopbackServer::start("127.0.0.1:0".parse().unwrap(), Arc::clone(&denying)).await.unwrap();
    let endpoint = [("AWS_ENDPOINT_URL_KMS", format!("http://{}", server.address()))];
    let (function, _output) = Function::new(settings(&kms).with_environment(endpoint));
    for trace_id in ["Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage=25:a1b2:1", "Root=1-0-1"] {
        let headers = vec![("lambda-runtime-trace-id", trace_id.as_bytes().to_vec())];
        assert!(function.invoke_with_headers(event.clone(), headers).await.response().is_some());
        assert_eq!(denying.0.lock().unwrap().last().unwrap().as_deref(), Some(trace_id));
    }
    function.shut_down().await;
}
