//! Quarantined records come back, from a queue and from a bucket.

use std::time::Duration;

use super::stage::{BUCKET, FIFO_QUEUE, QUEUE, Stage, with};

#[tokio::test]
async fn all_of_a_quarantine_queue_come_back_in_shard_order_and_a_second_run_changes_nothing() {
    let stage = Stage::new(2, 12, Duration::ZERO).await;
    stage.quarantine_all(QUEUE).await;
    assert_eq!(stage.sqs.bodies(QUEUE).len(), 24);
    let served = stage.serve(stage.settings(QUEUE)).await;
    let arguments = with(&stage.through(&stage.sqs.url(QUEUE)), &["--batch-records", "5"]);

    let dry = stage.redrive(Some(&served), &with(&arguments, &["--dry-run"])).await;
    assert_eq!((dry.code, dry.count("records would be sent")), (Some(0), 24), "{dry:?}");
    assert!(dry.out.contains("12  shardId-000000000001"), "{dry:?}");
    assert!(dry.out.contains("24  quarantined: "), "by reason: {dry:?}");
    assert_eq!((stage.sqs.bodies(QUEUE).len(), stage.sqs.hidden(QUEUE)), (24, 0), "it is as it was");

    let ran = stage.redrive(Some(&served), &with(&arguments, &["--delete"])).await;
    assert_eq!((ran.code, ran.count("delivered"), ran.count("not done")), (Some(0), 24, 0), "{ran:?}");
    assert_eq!(ran.count("objects and messages deleted"), 24);
    assert!(stage.sqs.bodies(QUEUE).is_empty());

    let again = stage.redrive(Some(&served), &with(&arguments, &["--delete"])).await;
    assert_eq!(again.code, Some(1), "nothing is no success: {again:?}");
    assert!(again.err.contains("no record was found"), "{again:?}");
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn all_of_a_quarantine_bucket_come_back_and_what_was_done_is_not_sent_again_although_it_is_still_there() {
    let stage = Stage::new(1, 12, Duration::ZERO).await;
    stage.quarantine_all(BUCKET).await;
    let served = stage.serve(stage.settings(BUCKET)).await;
    let arguments = stage.through(&format!("s3://{BUCKET}/quarantine/"));

    let ran = stage.redrive(Some(&served), &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 12), "{ran:?}");
    assert_eq!(stage.s3.keys(BUCKET).len(), 12, "nobody asked for a deletion");

    let again = stage.redrive(Some(&served), &arguments).await;
    assert_eq!(
        (again.code, again.count("delivered"), again.count("done by an earlier run")),
        (Some(0), 0, 12),
        "{again:?}"
    );
    let deleting = stage.redrive(Some(&served), &with(&arguments, &["--delete"])).await;
    assert_eq!((deleting.code, deleting.count("delivered")), (Some(0), 0), "{deleting:?}");
    assert!(stage.s3.keys(BUCKET).is_empty(), "what is done is deleted once that is asked for");
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn a_record_too_large_for_a_message_comes_back_from_its_object_and_takes_it_along() {
    let stage = Stage::new(1, 4, Duration::ZERO).await;
    let small =
        [("QUARANTINE_QUEUE_MESSAGE_LIMIT_BYTES", "1024"), ("QUARANTINE_OVERSIZED_ARN", "arn:aws:s3:::failed-records")];
    stage.quarantine_all_with(QUEUE, 3, &small).await;
    assert_eq!((stage.sqs.bodies(QUEUE).len(), stage.s3.keys(BUCKET).len()), (4, 4));
    let served = stage.serve(stage.settings(QUEUE)).await;
    let ran = stage.redrive(Some(&served), &with(&stage.through(&stage.sqs.arn(QUEUE)), &["--delete"])).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 4), "{ran:?}");
    assert!(stage.sqs.bodies(QUEUE).is_empty() && stage.s3.keys(BUCKET).is_empty());
    assert_eq!(served.delivered().await, stage.numbers());
}

#[tokio::test]
async fn filters_leave_the_others_where_they_are() {
    let stage = Stage::new(2, 6, Duration::ZERO).await;
    stage.quarantine_all(QUEUE).await;
    let served = stage.serve(stage.settings(QUEUE)).await;
    let arguments = with(&stage.through(&stage.sqs.url(QUEUE)), &["--delete"]);
    for none in [["--reason", "damaged"], ["--until", "2001-01-01T00:00:00Z"], ["--shard", "shardId-000000000009"]] {
        let ran = stage.redrive(Some(&served), &with(&arguments, &none)).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("none of them passes"), "{ran:?}");
    }
    let one = ["--shard", "shardId-000000000001", "--since", "2001-01-01T00:00:00Z"];
    let ran = stage.redrive(Some(&served), &with(&arguments, &one)).await;
    assert_eq!((ran.code, ran.count("delivered"), ran.count("left out by the filters")), (Some(0), 6, 6), "{ran:?}");
    assert_eq!((stage.sqs.bodies(QUEUE).len(), stage.sqs.hidden(QUEUE)), (6, 0), "visible to others again");
    assert_eq!(served.delivered().await, stage.numbers()[6..]);
}

#[tokio::test]
async fn a_fifo_queue_gives_its_groups_bit_by_bit_as_what_is_done_is_deleted() {
    let stage = Stage::new(2, 24, Duration::ZERO).await;
    stage.quarantine_all_with(FIFO_QUEUE, 24, &[]).await;
    let served = stage.serve(stage.settings(FIFO_QUEUE)).await;
    let arguments = stage.through(&stage.sqs.url(FIFO_QUEUE));
    let keeping = stage.redrive(Some(&served), &arguments).await;
    assert!(keeping.code == Some(1) && keeping.err.contains("give --delete"), "{keeping:?}");
    let ran = stage.redrive(Some(&served), &with(&arguments, &["--delete"])).await;
    assert_eq!((ran.code, ran.count("records found"), ran.count("delivered")), (Some(0), 48, 48), "{ran:?}");
    assert!(stage.sqs.bodies(FIFO_QUEUE).is_empty());
    let delivered = served.delivered().await;
    for records in stage.records() {
        let numbers: Vec<_> = records.iter().map(|record| record.sequence_number.to_string()).collect();
        let of_shard: Vec<_> = delivered.iter().filter(|number| numbers.contains(number)).cloned().collect();
        assert_eq!(of_shard, numbers);
    }
}
