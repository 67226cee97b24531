use std::sync::Mutex;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchInput, SendMessageBatchOutput};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry, SendMessageBatchResultEntry};
use aws_smithy_mocks::{Rule, RuleBuilder, mock};

use super::*;
use crate::aws::caller_fault::tests::CALLER_FAULTS;
use crate::delivery::DeliveryError;
use crate::delivery::testing::{clock, http_answer, mocked_client, opened, quick_retries, within};
use crate::failure::FailureClass;
use crate::sqs::{FifoOrder, MessageLimit, QueueUrl};

const STANDARD: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
const FIFO: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo";

fn settings(url: &str) -> SqsSettings {
    SqsSettings { retry: quick_retries(), ..SqsSettings::new(QueueUrl::parse(url).unwrap()) }
}

fn sink(rules: &[&Rule], settings: SqsSettings) -> SqsSink {
    SqsSink { queue: SqsQueue::with_client(mocked_client!(aws_sdk_sqs, rules), settings, clock()) }
}

/// An answer that takes every message, but for those that `failure` gives a code and whether it is the sender's fault.
fn output(
    request: &SendMessageBatchInput,
    failure: impl Fn(&SendMessageBatchRequestEntry) -> Option<(&'static str, bool)>,
) -> SendMessageBatchOutput {
    let mut output = SendMessageBatchOutput::builder().set_successful(Some(Vec::new())).set_failed(Some(Vec::new()));
    for entry in request.entries() {
        output = match failure(entry) {
            Some((code, sender_fault)) => {
                let failed = BatchResultErrorEntry::builder().id(entry.id()).code(code).sender_fault(sender_fault);
                output.failed(failed.build().unwrap())
            }
            None => {
                let taken = SendMessageBatchResultEntry::builder().id(entry.id()).message_id("m");
                output.successful(taken.md5_of_message_body("d41d8cd98f00b204e9800998ecf8427e").build().unwrap())
            }
        };
    }
    output.build().unwrap()
}

/// Takes everything and keeps the entries it was sent.
fn recording(rule: RuleBuilder<SendMessageBatchInput, SendMessageBatchOutput, SendError>) -> (Rule, Requests) {
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    let rule = rule.then_compute_output(move |request| {
        seen.lock().unwrap().push(request.entries().to_vec());
        output(request, |_| None)
    });
    (rule, requests)
}

type Requests = Arc<Mutex<Vec<Vec<SendMessageBatchRequestEntry>>>>;
type SendError = aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;

fn attribute<'a>(entry: &'a SendMessageBatchRequestEntry, name: &str) -> Option<&'a str> {
    entry.message_attributes()?.get(name)?.string_value()
}

#[tokio::test]
async fn the_body_is_the_plaintext_where_sqs_allows_it_and_base64_elsewhere() {
    let (rule, requests) = recording(mock!(Client::send_message_batch));
    let plaintexts: [&[u8]; 4] = [b"{\"a\":1}\n", &[0xFF, 0x00], b"bell \x07", b""];
    let records = plaintexts.map(|plaintext| opened("495", "k", plaintext));
    let delivery = sink(&[&rule], settings(STANDARD)).deliver(&records, within(60)).await;
    assert!(delivery.failure.is_none(), "{delivery:?}");
    let sent = requests.lock().unwrap().concat();
    let bodies: Vec<_> = sent.iter().map(|entry| (entry.message_body(), attribute(entry, "contentEncoding"))).collect();
    let expected =
        [("{\"a\":1}\n", Some("text")), ("/wA=", Some("base64")), ("YmVsbCAH", Some("base64")), ("-", Some("empty"))];
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn attributes_tell_the_records_place() {
    let (rule, requests) = recording(mock!(Client::send_message_batch));
    let mut records = [opened("495", "order-1", b"a"), opened("496", "bell \x07", b"b")];
    records[1].record.sub_sequence_number = Some(7);
    assert_eq!(sink(&[&rule], settings(STANDARD)).deliver(&records, within(60)).await.delivered, 2);
    let sent = requests.lock().unwrap().concat();
    assert_eq!(attribute(&sent[0], "sequenceNumber"), Some("495"));
    assert_eq!(attribute(&sent[0], "subSequenceNumber"), None);
    assert_eq!(attribute(&sent[0], "partitionKey"), Some("order-1"));
    assert_eq!(attribute(&sent[0], "approximateArrivalTimestamp"), Some("2019-11-14T00:38:06.021Z"));
    assert_eq!(attribute(&sent[1], "subSequenceNumber"), Some("7"));
    let key = &sent[1].message_attributes().unwrap()["partitionKey"];
    assert_eq!((key.data_type(), key.binary_value().unwrap().as_ref()), ("Binary", &b"bell \x07"[..]));
    assert!(sent.iter().all(|entry| entry.message_group_id().is_none() && entry.message_deduplication_id().is_none()));
}

#[tokio::test]
async fn only_messages_that_failed_are_sent_again() {
    let first = mock!(Client::send_message_batch)
        .match_requests(|request| request.entries().len() == 3)
        .then_compute_output(|request| {
            output(request, |entry| match entry.message_body() {
                "b" => Some(("InternalError", false)),
                "c" => Some(("RequestThrottled", true)),
                _ => None,
            })
        });
    let (second, requests) = recording(mock!(Client::send_message_batch));
    let records = [opened("1", "k", b"a"), opened("2", "k", b"b"), opened("3", "k", b"c")];
    let delivery = sink(&[&first, &second], settings(STANDARD)).deliver(&records, within(60)).await;
    assert_eq!(delivery.delivered, 3);
    let sent_again: Vec<_> =
        requests.lock().unwrap().concat().iter().map(|entry| entry.message_body().to_owned()).collect();
    assert_eq!(sent_again, ["b", "c"]);
}

#[tokio::test]
async fn a_message_that_the_answer_does_not_mention_is_sent_again() {
    for missing in ["a", "b", "c"] {
        let first = mock!(Client::send_message_batch)
            .match_requests(|request| request.entries().len() == 3)
            .then_compute_output(move |request| {
                let mut answer = output(request, |_| None);
                let unmentioned = request.entries().iter().find(|entry| entry.message_body() == missing).unwrap().id();
                answer.successful.retain(|taken| taken.id() != unmentioned);
                answer
            });
        let (second, requests) = recording(mock!(Client::send_message_batch));
        let records = [opened("1", "k", b"a"), opened("2", "k", b"b"), opened("3", "k", b"c")];
        let delivery = sink(&[&first, &second], settings(STANDARD)).deliver(&records, within(60)).await;
        assert_eq!((delivery.delivered, delivery.failure.is_none()), (3, true));
        let sent_again: Vec<_> =
            requests.lock().unwrap().concat().iter().map(|entry| entry.message_body().to_owned()).collect();
        assert_eq!(sent_again, [missing]);
    }
}

#[tokio::test]
async fn a_message_that_no_answer_mentions_does_not_count_as_sent() {
    let rule = mock!(Client::send_message_batch).then_compute_output(|request| {
        let mut answer = output(request, |_| None);
        answer.successful.clear();
        answer
    });
    let delivery = sink(&[&rule], settings(STANDARD)).deliver(&[opened("1", "k", b"a")], within(60)).await;
    assert_eq!((delivery.delivered, rule.num_calls()), (0, 10));
    assert!(matches!(delivery.failure, Some(DeliveryError::Transient(_))), "{delivery:?}");
}

#[tokio::test]
async fn a_message_refused_as_the_senders_fault_ends_the_prefix_at_once() {
    let rule = mock!(Client::send_message_batch).then_compute_output(|request| {
        output(request, |entry| (entry.message_body() == "b").then_some(("InvalidMessageContents", true)))
    });
    let records = [opened("1", "k", b"a"), opened("2", "k", b"b"), opened("3", "k", b"c")];
    let delivery = sink(&[&rule], settings(STANDARD)).deliver(&records, within(60)).await;
    assert_eq!((delivery.delivered, rule.num_calls()), (1, 1));
    assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
}

#[tokio::test]
async fn a_strict_fifo_queue_has_one_message_of_a_group_under_way() {
    let (first, first_requests) =
        recording(mock!(Client::send_message_batch).match_requests(|request| request.entries().len() == 2));
    let (second, second_requests) = recording(mock!(Client::send_message_batch));
    let records = [opened("1", "k", b"a"), opened("2", "k", b"b"), opened("3", "clé", b"c")];
    let delivery = sink(&[&first, &second], settings(FIFO)).deliver(&records, within(60)).await;
    assert_eq!(delivery.delivered, 3);
    let sent = [first_requests.lock().unwrap().concat(), second_requests.lock().unwrap().concat()].concat();
    let bodies: Vec<_> = sent.iter().map(|entry| entry.message_body()).collect();
    assert_eq!(bodies, ["a", "c", "b"]);
    assert_eq!(sent[0].message_group_id(), Some("k"));
    assert_eq!(sent[0].message_deduplication_id(), Some(records[0].record.id().as_str()));
    assert!(sent[1].message_group_id().unwrap().starts_with("sha256:"));
}

#[tokio::test]
async fn within_requests_a_fifo_group_shares_requests() {
    let (rule, requests) = recording(mock!(Client::send_message_batch));
    let settings = SqsSettings { fifo_order: FifoOrder::WithinRequests, ..settings(FIFO) };
    let records: Vec<_> = (0..10).map(|number| opened(&number.to_string(), "k", b"a")).collect();
    assert_eq!(sink(&[&rule], settings).deliver(&records, within(60)).await.delivered, 10);
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_above_the_queues_limit_ends_the_prefix() {
    let attributes_len = {
        let record = opened("2", "k", b"");
        crate::delivery::RequestEntry::len(&body::message(&record, false)) - "-".len() - "empty".len() + "text".len()
    };
    for (len, delivered) in [(1_023, 2), (1_024, 2), (1_025, 1)] {
        let (rule, _) = recording(mock!(Client::send_message_batch));
        let settings = SqsSettings { message_limit: MessageLimit::from_bytes(1_024).unwrap(), ..settings(STANDARD) };
        let records = [opened("1", "k", b"a"), opened("2", "k", &vec![b'x'; len - attributes_len])];
        let sink = sink(&[&rule], settings);
        let refused =
            |record| matches!(sink.refusal(record), Some(DeliveryError::TooLarge { len: 1_025, limit: 1_024 }));
        assert_eq!((refused(&records[0]), refused(&records[1])), (false, delivered == 1));
        let delivery = sink.deliver(&records, within(60)).await;
        assert_eq!(delivery.delivered, delivered);
        assert_eq!(
            matches!(delivery.failure, Some(DeliveryError::TooLarge { len: 1_025, limit: 1_024 })),
            delivered == 1
        );
    }
}

#[test]
fn no_message_is_longer_than_was_reckoned_before_its_text_was_read() {
    for plaintext in [&b""[..], b"text", &[0xFF; 100]] {
        let mut record = opened(&"9".repeat(128), "bell \x07", plaintext);
        record.record.sub_sequence_number = Some(u32::MAX);
        assert!(crate::delivery::RequestEntry::len(&body::message(&record, true)) <= body::max_len(&record));
    }
}

#[tokio::test]
async fn a_request_never_exceeds_1_mib() {
    let plan = request_plan(&settings(STANDARD));
    assert_eq!((plan.limits.entries, plan.limits.bytes, plan.limits.entry_bytes), (10, 1_048_576, 1_048_576));
    let small = SqsSettings { message_limit: MessageLimit::from_bytes(1_024).unwrap(), ..settings(STANDARD) };
    assert_eq!((request_plan(&small).limits.bytes, request_plan(&small).limits.entry_bytes), (262_144, 1_024));
}

#[tokio::test]
async fn failures_of_the_request_are_told_apart() {
    let outcome = async |status: u16, code: &str| {
        let body = format!(r#"{{"__type":"com.amazonaws.sqs#{code}","message":"why"}}"#);
        let rule = mock!(Client::send_message_batch)
            .sequence()
            .http_response(move || http_answer(status, &body))
            .repeatedly()
            .build();
        let delivery = sink(&[&rule], settings(STANDARD)).deliver(&[opened("1", "k", b"a")], within(60)).await;
        (delivery.failure.unwrap(), rule.num_calls())
    };
    for code in ["RequestThrottled", "ThrottlingException", "KmsThrottled", "KMS.ThrottlingException"] {
        assert!(matches!(outcome(400, code).await, (DeliveryError::Throttled(_), 10)), "{code}");
    }
    for (code, status) in CALLER_FAULTS {
        let (failure, calls) = outcome(status, code).await;
        assert!(matches!(failure, DeliveryError::Caller(_)), "{code} {status}: {failure:?}");
        assert_eq!((failure.class(), calls), (FailureClass::Caller, 10), "{code} {status}");
    }
    assert!(matches!(outcome(429, "SomethingNew").await, (DeliveryError::Throttled(_), 10)));
    assert!(matches!(outcome(500, "InternalFailure").await, (DeliveryError::Transient(_), 10)));
    for code in ["QueueDoesNotExist", "AccessDeniedException", "KmsDisabled", "BatchRequestTooLong", "SomethingNew"] {
        assert!(matches!(outcome(400, code).await, (DeliveryError::Refused(_), 1)), "{code}");
    }
}
