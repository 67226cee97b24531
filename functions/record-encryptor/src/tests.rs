//! The function on fake data keys and a fake stream, on tokio's paused time.

mod fakes;

use std::time::Duration;

use serde_json::{Value, json};
use warmkeys::clock::{Clock as _, SystemClock};
use warmkeys::invocation::HandlerPanicked;
use warmkeys::lambda::runtime_api::InvocationError;

use self::fakes::{FUNCTION_TIMEOUT, Fault, Function};
use crate::direct::MAX_RECORDS;
use crate::{EventError, HandlerError};

fn event(name: &str) -> String {
    let path = format!("{}/../../events/record-encryptor/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn record(partition_key: &str, tenant: &str) -> Value {
    json!({"partitionKey": partition_key, "json": "secret", "encryptionContext": {"tenant": tenant}})
}

fn message(id: &str, group: &str, queue: &str, partition_key: &str) -> Value {
    json!({
        "messageId": id,
        "body": record(partition_key, "a").to_string(),
        "attributes": {"MessageGroupId": group},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
    })
}

/// For each record of the response, its error code or "".
fn codes(response: &Value) -> Vec<&str> {
    let records = response["records"].as_array().unwrap();
    records.iter().map(|record| record["errorCode"].as_str().unwrap_or_default()).collect()
}

fn failed_ids(response: &Value) -> Vec<&str> {
    let failures = response["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_direct_invocation_is_answered_with_sequence_number_and_shard_in_order() {
    let function = Function::new();
    let response = function.invoke(&event("direct")).await.unwrap();
    assert_eq!(response["failedRecordCount"], 0);
    for record in response["records"].as_array().unwrap() {
        assert_eq!(record["shardId"], "shardId-000000000000");
        assert!(record["sequenceNumber"].is_string() && record.as_object().unwrap().len() == 2);
    }
    let plaintexts: Vec<_> = function.stream.plaintexts().into_iter().map(|(_, text)| text).collect();
    assert!(plaintexts.contains(&"{\"order\": 2}".to_owned()) && plaintexts.len() == 3);
    let empty = json!({"failedRecordCount": 0, "records": []});
    assert_eq!(function.invoke(&event("empty")).await.unwrap(), empty);
}

#[tokio::test(start_paused = true)]
async fn malformed_records_fail_alone() {
    let function = Function::new();
    let response = function.invoke(&event("malformed-among-good")).await.unwrap();
    let expected = ["", "InvalidRecord", "InvalidRecord", "InvalidRecord", "InvalidEncryptionContext", ""];
    assert_eq!(codes(&response), expected);
    assert_eq!(response["failedRecordCount"], 4);
    assert_eq!(response["records"][1]["retryable"], false);
    assert_eq!(function.stream.plaintexts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_key_fails_its_context_and_holds_back_the_partition_key() {
    let function = Function::new();
    function.data_keys.fault("slow", Fault::Fails);
    // The malformed first one shifts the places that the writer counts.
    let records = json!({"records": [7, record("p", "slow"), record("p", "a"), record("q", "a")]});
    let response = function.invoke(&records.to_string()).await.unwrap();
    assert_eq!(codes(&response), ["InvalidRecord", "KmsThrottled", "EarlierRecordFailed", ""]);
    assert_eq!(response["records"][1]["retryable"], true);
    let message = response["records"][2]["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("record 1,"), "{message}");
    assert_eq!(function.stream.plaintexts(), [("q".to_owned(), "\"secret\"".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_context_that_kms_refuses_is_not_to_be_sent_again_and_holds_nothing_back() {
    let function = Function::new();
    function.data_keys.fault("", Fault::Refuses);
    let records = json!({"records": [record("p", ""), record("p", "a")]});
    let response = function.invoke(&records.to_string()).await.unwrap();
    assert_eq!(codes(&response), ["InvalidEncryptionContext", ""]);
    assert_eq!(response["records"][0]["retryable"], false);
    assert_eq!(response["records"][0]["outcome"], "notWritten");
}

#[tokio::test(start_paused = true)]
async fn the_one_record_that_kinesis_refuses_is_reported_and_the_others_are_written() {
    let function = Function::new();
    function.stream.fault("key-33", Fault::Refuses);
    let records: Vec<_> = (0..100).map(|number| record(&format!("key-{number}"), "a")).collect();
    let response = function.invoke(&json!({"records": records}).to_string()).await.unwrap();
    assert_eq!(response["failedRecordCount"], 1);
    let refused = &response["records"][33];
    assert_eq!((&refused["errorCode"], &refused["retryable"]), (&json!("RecordRefused"), &json!(false)));
    assert_eq!(refused["outcome"], "notWritten");
    assert_eq!(function.stream.plaintexts().len(), 99);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_said_plainly() {
    let function = Function::new();
    function.stream.fault("p", Fault::Hangs);
    let response = function.invoke(&json!({"records": [record("p", "a")]}).to_string()).await.unwrap();
    assert_eq!(codes(&response), ["OutcomeUnknown"]);
    assert_eq!(response["records"][0]["outcome"], "unknown");
    assert_eq!(response["records"][0]["retryable"], true);
}

#[tokio::test(start_paused = true)]
async fn hanging_data_keys_leave_time_to_answer() {
    let function = Function::new();
    function.data_keys.fault("slow", Fault::Hangs);
    let records = json!({"records": [record("p", "slow"), record("q", "a")]});
    let response = function.invoke(&records.to_string()).await.unwrap();
    assert_eq!(codes(&response), ["DeadlineExceeded", ""]);
    assert_eq!(response["records"][0]["outcome"], "notWritten");
}

#[tokio::test(start_paused = true)]
async fn a_standard_queues_malformed_message_fails_alone() {
    let function = Function::new();
    let response = function.invoke(&event("sqs-standard")).await.unwrap();
    assert_eq!(failed_ids(&response), ["00000000-0000-4000-8000-000000000002"]);
    assert_eq!(function.stream.plaintexts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn odd_metadata_of_one_message_fails_nothing() {
    let function = Function::new();
    let mut odd = message("1", "g", "q", "p");
    odd["messageAttributes"] = json!({"a": {"binaryValue": 7, "stringListValues": null, "dataType": null}, "b": null});
    odd["attributes"] = json!({"ApproximateReceiveCount": 1, "SentTimestamp": null});
    odd["receiptHandle"] = json!(null);
    odd["md5OfBody"] = json!([7]);
    let messages = [odd, message("2", "g", "q", "q")];
    let response = function.invoke(&json!({"Records": messages, "more": null}).to_string()).await.unwrap();
    assert_eq!(failed_ids(&response), Vec::<&str>::new());
    assert_eq!(function.stream.plaintexts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fifo_group_goes_on_behind_a_message_that_can_never_be_encrypted() {
    let function = Function::new();
    let response = function.invoke(&event("sqs-fifo")).await.unwrap();
    assert_eq!(failed_ids(&response), ["00000000-0000-4000-8000-000000000002"], "the bad one alone is received again");
    let mut written: Vec<_> = function.stream.plaintexts().into_iter().map(|(key, _)| key).collect();
    written.sort();
    assert_eq!(written, ["customer-1", "customer-2", "customer-2", "customer-3"]);
}

/// A queue with a dead-letter queue after five receives: what the group's messages come to, bad and good.
#[tokio::test(start_paused = true)]
async fn a_bad_message_goes_to_the_dead_letter_queue_without_its_group() {
    const MAX_RECEIVE_COUNT: u32 = 5;
    let function = Function::new();
    function.data_keys.fault("", Fault::Refuses);
    let with = |id: &str, body: &str| {
        let mut message = message(id, "g", "q.fifo", "k");
        message["body"] = json!(body);
        message
    };
    let good = record("k", "a").to_string();
    let bad = [with("bad-1", "not a record"), with("bad-2", &record("k", "").to_string())];
    let [bad_1, bad_2] = bad;
    let mut queue: Vec<(u32, Value)> =
        [with("0", &good), bad_1, with("1", &good), bad_2, with("2", &good), with("3", &good)]
            .map(|message| (0, message))
            .into();
    let mut dead_letters = Vec::new();
    while !queue.is_empty() {
        queue.iter_mut().for_each(|(receives, _)| *receives += 1);
        dead_letters.extend(queue.extract_if(.., |(receives, _)| *receives > MAX_RECEIVE_COUNT));
        let messages: Vec<_> = queue.iter().map(|(_, message)| message).collect();
        let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
        let failed = failed_ids(&response);
        queue.retain(|(_, message)| failed.contains(&message["messageId"].as_str().unwrap()));
    }
    let dead: Vec<_> = dead_letters.iter().map(|(_, message)| message["messageId"].as_str().unwrap()).collect();
    assert_eq!(dead, ["bad-1", "bad-2"]);
    assert_eq!(function.stream.plaintexts().len(), 4, "each of the others once");
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_fifo_group_is_written_after_its_first_failure_whatever_the_partition_keys() {
    let function = Function::new();
    function.stream.fault("bad", Fault::Fails);
    let messages = ["good", "bad", "other"].iter().enumerate();
    let messages: Vec<_> = messages.map(|(id, key)| message(&id.to_string(), "g", "q.fifo", key)).collect();
    let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
    assert_eq!(failed_ids(&response), ["1", "2"]);
    assert_eq!(function.stream.plaintexts(), [("good".to_owned(), "\"secret\"".to_owned())]);
}

/// Lets the first message of a FIFO group be answered this long before the deadline, and the second one hang.
async fn failed_when_answered_before_the_deadline(ahead: Duration) -> Vec<String> {
    let function = Function::with_attempt_timeout(Duration::from_secs(60));
    function.stream.fault("x", Fault::AnswersAfter(FUNCTION_TIMEOUT - ahead));
    function.stream.fault("y", Fault::Hangs);
    let messages = json!([message("1", "g", "q.fifo", "x"), message("2", "g", "q.fifo", "y")]);
    let started = SystemClock.now().monotonic;
    let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
    let took = SystemClock.now().monotonic - started;
    assert!(took <= FUNCTION_TIMEOUT - Duration::from_millis(500), "answered after {took:?}");
    failed_ids(&response).into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn the_rounds_of_fifo_groups_leave_the_response_reserve_untouched() {
    assert_eq!(failed_when_answered_before_the_deadline(Duration::from_millis(600)).await, ["2"]);
    assert_eq!(failed_when_answered_before_the_deadline(Duration::from_millis(400)).await, ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_group_of_a_standard_queue_is_no_order() {
    let function = Function::new();
    function.stream.fault("bad", Fault::Fails);
    let messages = [message("1", "g", "q", "bad"), message("2", "g", "q", "good")];
    let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
    assert_eq!(failed_ids(&response), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_request_met_a_dead_connection_is_sent_again_within_the_invocation() {
    for queue in ["q", "q.fifo"] {
        let function = Function::new();
        function.stream.fault("p", Fault::HangsOnce);
        let messages = [message("1", "g", queue, "p"), message("2", "g", queue, "q")];
        let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
        assert_eq!(failed_ids(&response), Vec::<&str>::new(), "{queue}");
        assert_eq!(function.stream.plaintexts().len(), 2, "{queue}");
    }
    // Who invokes the function directly decides for himself.
    let function = Function::new();
    function.stream.fault("p", Fault::HangsOnce);
    let response = function.invoke(&json!({"records": [record("p", "a")]}).to_string()).await.unwrap();
    assert_eq!(codes(&response), ["OutcomeUnknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_there_twice_is_written_once_and_named_once() {
    let function = Function::new();
    function.stream.fault("bad", Fault::Fails);
    let twice = |id, key| [message(id, "g", "q", key), message(id, "g", "q", key)];
    let messages = [twice("1", "good"), twice("2", "bad")].concat();
    let response = function.invoke(&json!({"Records": messages}).to_string()).await.unwrap();
    assert_eq!(failed_ids(&response), ["2"]);
    assert_eq!(function.stream.plaintexts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_other_event_is_an_error_that_repeats_nothing() {
    let function = Function::new();
    let kinesis = r#"{"Records":[{"messageId":"1","eventSource":"aws:kinesis"}]}"#;
    let both = r#"{"records":[],"Records":[]}"#;
    for unknown in ["7", "{}", "null", r#"{"records":"secret"}"#, r#"{"Records":["secret"]}"#, both, kinesis] {
        let error = function.invoke(unknown).await.unwrap_err();
        assert_eq!(error, HandlerError::Event(EventError::Unknown), "{unknown}");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
    let array = r#"["secret"]"#;
    for unknown in [array, "secret", "{\"Records\":\"secret\"}", "{\"Records\":[{\"messageId\":\"secret\"", ""] {
        assert_eq!(function.invoke(unknown).await, Err(HandlerError::Event(EventError::Unknown)), "{unknown}");
    }
    let nameless = r#"{"Records":[{"body":"","eventSource":"aws:sqs"}]}"#;
    let error = function.invoke(nameless).await.unwrap_err();
    assert_eq!(error, HandlerError::Event(EventError::MissingMessageId { index: 0 }));
}

#[tokio::test(start_paused = true)]
async fn a_request_has_ten_thousand_records_at_most() {
    let function = Function::new();
    let of = |number: usize| json!({"records": vec![7; number]}).to_string();
    assert_eq!(codes(&function.invoke(&of(MAX_RECORDS)).await.unwrap()).len(), MAX_RECORDS);
    let error = function.invoke(&of(MAX_RECORDS + 1)).await.unwrap_err();
    assert_eq!(error, HandlerError::Event(EventError::TooManyRecords { number: MAX_RECORDS + 1 }));
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_the_invocation_without_its_words_and_not_the_next_one() {
    let function = Function::new();
    function.data_keys.fault("bad", Fault::Panics);
    let error = function.invoke(&json!({"records": [record("p", "bad")]}).to_string()).await.unwrap_err();
    assert_eq!(error, HandlerError::Panicked(HandlerPanicked));
    let told = format!("{error} {error:?} {:?}", InvocationError::from(error));
    assert!(told.contains("HandlerPanicked") && !told.contains("secret"), "{told}");
    let response = function.invoke(&json!({"records": [record("p", "a")]}).to_string()).await.unwrap();
    assert_eq!(codes(&response), [""]);
}

#[tokio::test(start_paused = true)]
async fn responses_hold_no_plaintext() {
    let function = Function::new();
    function.data_keys.fault("slow", Fault::Fails);
    function.stream.fault("bad", Fault::Fails);
    let broken = json!({"partitionKey": "p", "data": "secret%"});
    let records = json!({"records": [broken, record("p", "slow"), record("bad", "a"), record("p", "a")]});
    let response = function.invoke(&records.to_string()).await.unwrap();
    assert_eq!(response["failedRecordCount"], 4);
    assert!(!response.to_string().contains("secret"));
}
