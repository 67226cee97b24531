//! What does not come back is told, stays where it is, and is no success.

use std::time::Duration;

use local_stack::kms::DEVELOPMENT_KEY_ARN;
use local_stack::sealing;

use super::stage::{BUCKET, QUEUE, Stage, with};

#[tokio::test]
async fn while_the_cause_is_not_fixed_nothing_is_deleted_and_nothing_is_called_done() {
    let stage = Stage::new(1, 5, Duration::ZERO).await;
    stage.quarantine_all(BUCKET).await;
    let still_wrong = stage.serve_wrong(BUCKET).await;
    let arguments = with(&stage.through(&format!("s3://{BUCKET}/quarantine/")), &["--delete"]);
    let ran = stage.redrive(Some(&still_wrong), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered"), ran.count("quarantined again")), (Some(1), 0, 5), "{ran:?}");
    assert!(ran.out.contains("KMS_KEY_ARNS"), "it says why: {ran:?}");
    // The function has written the very objects that hold the records: deleting them would lose them.
    assert_eq!(stage.s3.keys(BUCKET).len(), 5);
    drop(still_wrong);

    let served = stage.serve(stage.settings(BUCKET)).await;
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 5), "{ran:?}");
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn a_record_that_waits_stops_its_shard_after_some_attempts_and_what_comes_before_it_is_done() {
    let stage = Stage::new(1, 6, Duration::ZERO).await;
    stage.quarantine_all(QUEUE).await;
    let kms = sealing::client(&stage.kms);
    let served = stage.serve(stage.settings(QUEUE)).await;
    let arguments = with(&stage.through(&stage.sqs.url(QUEUE)), &["--delete", "--max-attempts", "2"]);
    kms.disable_key().key_id(DEVELOPMENT_KEY_ARN).send().await.unwrap();
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered"), ran.count("not done")), (Some(1), 0, 6), "{ran:?}");
    assert!(ran.out.contains("is not finished: unavailable"), "{ran:?}");
    assert_eq!((stage.sqs.bodies(QUEUE).len(), stage.sqs.hidden(QUEUE)), (6, 0), "visible to others again");

    kms.enable_key().key_id(DEVELOPMENT_KEY_ARN).send().await.unwrap();
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 6), "{ran:?}");
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn a_throttled_function_is_asked_again_from_its_checkpoint_until_all_is_done() {
    let stage = Stage::new(1, 12, Duration::ZERO).await;
    stage.quarantine_all(QUEUE).await;
    stage.kms.set_requests_per_second(std::num::NonZeroU32::new(2));
    let hurried = [("FUNCTION_TIMEOUT_SECONDS", "4")];
    let settings = stage.settings(QUEUE).with_environment(hurried).with_timeout(Duration::from_secs(4));
    let served = stage.serve(settings).await;
    let arguments = with(&stage.through(&stage.sqs.url(QUEUE)), &["--delete", "--max-attempts", "20"]);
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 12), "{ran:?}");
    assert!(ran.err.contains("are to be sent again"), "{ran:?}");
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn faults_of_the_caller_are_told_as_such() {
    let stage = Stage::new(1, 1, Duration::ZERO).await;
    stage.quarantine_all(BUCKET).await;
    let served = stage.serve(stage.settings(BUCKET)).await;
    let missing = stage.redrive(Some(&served), &stage.through("s3://no-such-bucket")).await;
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.err.contains("cannot list s3://no-such-bucket/") && missing.err.contains("does not exist"),
        "{missing:?}"
    );
    let empty = stage.redrive(Some(&served), &stage.through(&format!("s3://{BUCKET}/elsewhere/"))).await;
    assert!(empty.code == Some(1) && empty.err.contains("no record was found"), "{empty:?}");
    let no_queue = stage.redrive(Some(&served), &stage.through("arn:aws:sqs:us-east-1:000000000000:none")).await;
    assert!(no_queue.code == Some(1) && no_queue.err.contains("cannot find the queue none"), "{no_queue:?}");

    let mut arguments = stage.through(&format!("s3://{BUCKET}/"));
    let function = arguments.iter().position(|argument| argument == "stream-decryptor").unwrap();
    arguments[function] = "no-such-function".to_owned();
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("not done")), (Some(1), 1), "{ran:?}");
    assert!(ran.out.contains("cannot invoke no-such-function") && ran.out.contains("does not exist"), "{ran:?}");

    stage.s3.deny();
    let denied = stage.redrive(Some(&served), &with(&stage.through(&format!("s3://{BUCKET}/")), &["--dry-run"])).await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.err.contains("your credentials do not allow it"), "{denied:?}");
}

#[tokio::test]
async fn what_is_no_record_is_told_and_left_alone() {
    let stage = Stage::new(1, 3, Duration::ZERO).await;
    stage.quarantine_all(BUCKET).await;
    stage.s3.put(BUCKET, "quarantine/notes.txt", "patient 4711");
    let served = stage.serve(stage.settings(BUCKET)).await;
    let arguments = with(&stage.through(&format!("s3://{BUCKET}/quarantine/")), &["--delete"]);
    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(1), 3), "{ran:?}");
    assert!(ran.out.contains("cannot come back: s3://failed-records/quarantine/notes.txt"), "{ran:?}");
    assert!(!ran.out.contains("4711") && !ran.err.contains("4711"));
    assert_eq!(stage.s3.keys(BUCKET), ["quarantine/notes.txt"]);
}
