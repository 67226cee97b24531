use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{SendMessageBatchRequestEntry, SendMessageBatchResultEntry};
use aws_smithy_mocks::{Rule, mock};

use super::*;
use crate::delivery::testing::{clock, http_answer, mocked_client, quick_retries, within};
use crate::delivery::{DeliveryError, RequestConcurrency};
use crate::quarantine::EnvelopePayload;
use crate::quarantine::s3::tests::{bucket, hanging_store, settings, store, store_with};
use crate::quarantine::testing::{origin, rejected};
use crate::retry::RetryPolicy;
use crate::sqs::{MessageLimit, QueueUrl};

type Sent = Arc<Mutex<Vec<SendMessageBatchRequestEntry>>>;

fn taking_all() -> (Rule, Sent) {
    let sent = Sent::default();
    let seen = Arc::clone(&sent);
    let rule = mock!(Client::send_message_batch).then_compute_output(move |request| {
        seen.lock().unwrap().extend_from_slice(request.entries());
        let taken = request.entries().iter().map(|entry| {
            let taken = SendMessageBatchResultEntry::builder().id(entry.id()).message_id("m");
            taken.md5_of_message_body("d41d8cd98f00b204e9800998ecf8427e").build().unwrap()
        });
        let output = SendMessageBatchOutput::builder().set_successful(Some(taken.collect()));
        output.set_failed(Some(Vec::new())).build().unwrap()
    });
    (rule, sent)
}

fn quarantine(queue: &Rule, name: &str, oversized: Option<&Rule>) -> SqsQuarantine {
    let url = QueueUrl::parse(&format!("https://host/1/{name}")).unwrap();
    let settings = SqsSettings {
        message_limit: MessageLimit::from_bytes(2_048).unwrap(),
        retry: quick_retries(),
        ..SqsSettings::new(url)
    };
    let queue = SqsQueue::with_client(mocked_client!(aws_sdk_sqs, &[queue]), sharing_requests(settings), clock());
    SqsQuarantine { queue, oversized: oversized.map(|rule| store(&[rule], "q")), clock: clock() }
}

fn envelopes(sent: &Sent) -> Vec<QuarantineEnvelope> {
    let sent = sent.lock().unwrap();
    sent.iter().map(|entry| QuarantineEnvelope::parse(entry.message_body().as_bytes()).unwrap()).collect()
}

#[tokio::test]
async fn a_message_holds_the_original_ciphertext() {
    let (rule, sent) = taking_all();
    let records = [rejected("1", b"\x02ciphertext")];
    let delivery = quarantine(&rule, "rejected", None).quarantine(&origin(), &records, within(60)).await;
    assert!(delivery.failure.is_none(), "{delivery:?}");
    let (_, record) = envelopes(&sent).remove(0).into_record().unwrap();
    assert_eq!(&record.record.data[..], b"\x02ciphertext");
}

#[tokio::test]
async fn without_a_bucket_a_record_too_large_for_a_message_ends_the_prefix() {
    let (rule, sent) = taking_all();
    let records = [rejected("1", b"x"), rejected("2", &[0; 2_048]), rejected("3", b"x")];
    let delivery = quarantine(&rule, "rejected", None).quarantine(&origin(), &records, within(60)).await;
    assert_eq!(delivery.delivered, 1);
    assert!(matches!(delivery.failure, Some(DeliveryError::TooLarge { limit: 2_048, .. })));
    assert_eq!(envelopes(&sent).len(), 1);
}

#[tokio::test]
async fn with_a_bucket_a_record_too_large_for_a_message_is_stored_and_the_message_tells_where() {
    let ((queue, sent), (s3, objects)) = (taking_all(), bucket());
    let records = [rejected("1", b"x"), rejected("2", &[7; 2_048]), rejected("3", b"x")];
    let delivery = quarantine(&queue, "rejected", Some(&s3)).quarantine(&origin(), &records, within(60)).await;
    assert!(delivery.failure.is_none() && delivery.delivered == 3, "{delivery:?}");
    let envelopes = envelopes(&sent);
    let EnvelopePayload::S3Object(place) = &envelopes[1].payload else { panic!("{envelopes:?}") };
    let stored = QuarantineEnvelope::parse(&objects.lock().unwrap()[&place.key]).unwrap();
    assert_eq!(&stored.into_record().unwrap().1.record.data[..], [7; 2_048]);
}

#[tokio::test]
async fn no_message_names_an_object_that_was_not_stored() {
    let (queue, sent) = taking_all();
    let s3 = mock!(aws_sdk_s3::Client::put_object)
        .then_http_response(|| http_answer(403, "<Error><Code>AccessDenied</Code></Error>"));
    let records = [rejected("1", b"x"), rejected("2", &[7; 2_048]), rejected("3", b"x")];
    let delivery = quarantine(&queue, "rejected", Some(&s3)).quarantine(&origin(), &records, within(60)).await;
    assert_eq!(delivery.delivered, 1);
    assert!(matches!(delivery.failure, Some(DeliveryError::Refused(_))));
    assert_eq!(envelopes(&sent).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_hangs_does_not_hold_back_the_messages_before_the_first_that_needs_it() {
    let (queue, sent) = taking_all();
    let quarantine = SqsQuarantine { oversized: Some(hanging_store()), ..quarantine(&queue, "rejected", None) };
    let records = [rejected("1", b"x"), rejected("2", b"x"), rejected("3", &[7; 2_048]), rejected("4", b"x")];
    let delivery = quarantine.quarantine(&origin(), &records, within(5)).await;
    assert_eq!((delivery.delivered, delivery.failure.is_some()), (2, true));
    assert_eq!(envelopes(&sent).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_bucket_has_stored_is_told_of_before_the_deadline() {
    let (queue, sent) = taking_all();
    let s3 = mock!(aws_sdk_s3::Client::put_object)
        .sequence()
        .output(|| PutObjectOutput::builder().build())
        .http_response(|| http_answer(503, "<Error><Code>SlowDown</Code></Error>"))
        .repeatedly()
        .build();
    let mut quarantine = quarantine(&queue, "rejected", Some(&s3));
    let patient = RetryPolicy { max_attempts: 1_000.try_into().unwrap(), ..quick_retries() };
    quarantine.oversized = Some(store_with(
        &[&s3],
        S3Settings { retry: patient, concurrency: RequestConcurrency::SEQUENTIAL, ..settings("q") },
    ));
    let large = |number: &str| rejected(number, &[7; 2_048]);
    let records = [rejected("1", b"x"), large("2"), rejected("3", b"x"), large("4"), rejected("5", b"x")];
    let deadline = within(1);
    let delivery = quarantine.quarantine(&origin(), &records, deadline).await;
    assert_eq!(delivery.delivered, 3);
    let left = deadline.remaining(clock().now().monotonic);
    assert!(left > Duration::from_millis(400), "{left:?} to send the messages in");
    assert!(
        matches!(delivery.failure, Some(DeliveryError::Throttled(_) | DeliveryError::DeadlinePassed)),
        "{delivery:?}"
    );
    assert_eq!(envelopes(&sent).len(), 3);
}

#[tokio::test]
async fn in_a_fifo_queue_messages_of_a_shard_share_requests() {
    let (rule, sent) = taking_all();
    let records: Vec<_> = (0..20_u8).map(|number| rejected("1", &[number])).collect();
    let delivery = quarantine(&rule, "rejected.fifo", None).quarantine(&origin(), &records, within(60)).await;
    assert_eq!((delivery.delivered, rule.num_calls()), (20, 2));
    let ids: HashSet<_> =
        sent.lock().unwrap().iter().map(|message| message.message_deduplication_id().map(str::to_owned)).collect();
    assert_eq!(ids.len(), 20, "of one aggregate that Lambda took apart, and none a duplicate");
}

#[tokio::test]
async fn in_a_fifo_queue_the_shard_is_the_group() {
    let (rule, sent) = taking_all();
    let delivery =
        quarantine(&rule, "rejected.fifo", None).quarantine(&origin(), &[rejected("1", b"x")], within(60)).await;
    assert_eq!(delivery.delivered, 1);
    let sent = sent.lock().unwrap();
    assert_eq!(sent[0].message_group_id(), Some("shardId-000000000001"));
    assert!(sent[0].message_deduplication_id().unwrap().starts_with("1-"));
}
