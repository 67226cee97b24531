//! What is held stays hidden for as long as it takes, and is let go at the end.

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::operation::change_message_visibility_batch::{
    ChangeMessageVisibilityBatchInput, ChangeMessageVisibilityBatchOutput,
};
use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchOutput;
use aws_sdk_sqs::operation::receive_message::{ReceiveMessageError, ReceiveMessageOutput};
use aws_sdk_sqs::types::error::OverLimit;
use aws_sdk_sqs::types::{BatchResultErrorEntry, DeleteMessageBatchResultEntry, Message};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};

use super::*;

/// What was asked for about visibility: how many messages at a time, and for how long.
type Changes = Arc<Mutex<Vec<(usize, i32)>>>;

fn queue(rules: &[&Rule], changes: &Changes) -> Queue {
    let noted = Arc::clone(changes);
    let note = move |input: &ChangeMessageVisibilityBatchInput| {
        let entries = input.entries();
        noted.lock().unwrap().push((entries.len(), entries[0].visibility_timeout().unwrap()));
        true
    };
    let change = mock!(Client::change_message_visibility_batch).match_requests(note).then_output(|| {
        let none: Vec<BatchResultErrorEntry> = Vec::new();
        ChangeMessageVisibilityBatchOutput::builder()
            .set_successful(Some(Vec::new()))
            .set_failed(Some(none))
            .build()
            .unwrap()
    });
    let answers = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    let answers = rules.iter().copied().chain([&change]).fold(answers, |answers, rule| answers.with_rule(rule));
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    let client = Client::from_conf(config);
    let held = Arc::default();
    let renewing = tokio::spawn(renew(client.clone(), "http://q".to_owned(), 60, Arc::clone(&held)));
    Queue { client, url: "http://q".to_owned(), visibility_seconds: 60, held, renewing }
}

/// Gives so many messages, ten at a time, then nothing.
fn giving(messages: usize) -> Rule {
    let left = Mutex::new(messages);
    mock!(Client::receive_message).then_output(move || {
        let mut left = left.lock().unwrap();
        let given: Vec<Message> = (0..(*left).min(10))
            .map(|number| {
                let id = format!("message-{}", *left - number);
                Message::builder().message_id(&id).receipt_handle(format!("receipt of {id}")).body("{}").build()
            })
            .collect();
        *left -= given.len();
        ReceiveMessageOutput::builder().set_messages(Some(given)).build()
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_renewed_long_before_its_time_is_up_and_let_go_at_the_end() {
    let changes = Changes::default();
    let queue = queue(&[&giving(12)], &changes);
    assert_eq!(queue.receive().await.unwrap().messages.len(), 12);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(*changes.lock().unwrap(), [(10, 60), (2, 60), (10, 60), (2, 60)], "after 20 and after 40 seconds");
    changes.lock().unwrap().clear();
    assert_eq!(queue.release().await.unwrap(), 12);
    assert_eq!(*changes.lock().unwrap(), [(10, 0), (2, 0)]);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(changes.lock().unwrap().len(), 2, "and never again");
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_held_no_more_and_what_could_not_be_deleted_is() {
    let delete = mock!(Client::delete_message_batch).then_output(|| {
        let done = DeleteMessageBatchResultEntry::builder().id("0").build().unwrap();
        let failed =
            BatchResultErrorEntry::builder().id("1").code("InternalError").sender_fault(false).build().unwrap();
        DeleteMessageBatchOutput::builder().successful(done).failed(failed).build().unwrap()
    });
    let queue = queue(&[&giving(2), &delete], &Changes::default());
    let messages = queue.receive().await.unwrap().messages;
    let ids: Vec<String> = messages.into_iter().map(|message| message.id).collect();
    assert_eq!(queue.delete(&ids).await.unwrap(), 1);
    assert_eq!(queue.release().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_lets_no_more_be_held_has_given_a_part() {
    let full =
        mock!(Client::receive_message).then_error(|| ReceiveMessageError::OverLimit(OverLimit::builder().build()));
    let received = queue(&[&full], &Changes::default()).receive().await.unwrap();
    assert!(received.is_part && received.messages.is_empty());
}
