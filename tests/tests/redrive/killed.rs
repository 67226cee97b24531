//! Killed at any point and started again: nothing is lost, and what is done is not sent again.

use std::num::NonZeroU32;
use std::time::Duration;

use local_stack::kms::{Effect, Operation};

use super::stage::{QUEUE, Stage, firsts, with};

const RECORDS: usize = 16;
const BATCH: usize = 4;

/// How long to wait for the moment of the kill, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the program is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// While the function waits for the data key of the record with this number: in the middle of a batch.
    Asking(usize),
    /// As soon as so many messages are deleted: between two batches.
    Deleted(usize),
}

#[tokio::test]
async fn a_redrive_killed_at_any_point_and_started_again_loses_nothing() {
    use Moment::{Asking, Deleted};
    for moment in [Asking(0), Asking(1), Asking(4), Asking(10), Asking(15), Deleted(4), Deleted(8), Deleted(12)] {
        killed_at(moment).await;
    }
}

async fn killed_at(moment: Moment) {
    let stage = Stage::new(1, RECORDS, Duration::from_millis(10)).await;
    stage.quarantine_all(QUEUE).await;
    let one_by_one = [("KMS_MAX_CONCURRENCY", "1")];
    let served = stage.serve(stage.settings(QUEUE).with_environment(one_by_one)).await;
    let batch = BATCH.to_string();
    let arguments = with(&stage.through(&stage.sqs.url(QUEUE)), &["--delete", "--batch-records", &batch]);

    if let Moment::Asking(record) = moment {
        if let Some(before) = u32::try_from(record).ok().and_then(NonZeroU32::new) {
            stage.kms.disturb_decrypts(before, Effect::Delay { milliseconds: 0 });
        }
        stage.kms.disturb_decrypts(NonZeroU32::MAX, Effect::Hang);
    }
    let asked = || stage.kms.calls().of(Operation::Decrypt).calls;
    let deleted = || RECORDS - stage.sqs.bodies(QUEUE).len();
    let mut child = stage.start(Some(&served), &arguments);
    let has_come = async {
        while !match moment {
            Moment::Asking(record) => asked() > record as u64,
            Moment::Deleted(messages) => deleted() >= messages,
        } {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, has_come).await.unwrap();
    // It fails if it has ended already.
    let _ = child.start_kill();
    child.wait().await.unwrap();
    stage.kms.clear_script();
    let left = stage.sqs.bodies(QUEUE).len();
    if let Moment::Asking(record) = moment {
        assert_eq!(left, RECORDS - record / BATCH * BATCH, "what is done is deleted, and no more: {moment:?}");
    }
    stage.sqs.end_visibility_timeouts(QUEUE);

    let ran = stage.redrive(Some(&served), &arguments).await;
    assert!(left == 0 || ran.code == Some(0), "{moment:?}, {left} left: {ran:?}");
    assert!(stage.sqs.bodies(QUEUE).is_empty(), "{moment:?}: {ran:?}");
    assert!(ran.count("delivered") <= left, "{moment:?}, {left} left: {ran:?}");
    let delivered = served.delivered().await;
    assert_eq!(firsts(&delivered), stage.numbers(), "nothing is lost, and order is kept: {moment:?}: {ran:?}");
    assert!(delivered.len() <= RECORDS + BATCH, "no more than the batch in flight comes twice: {moment:?}: {ran:?}");
    let is_told = ran.err.contains("comes a second time");
    assert!(is_told || delivered.len() == RECORDS, "the batch in flight is told: {moment:?}: {ran:?}");
    assert!(is_told || !matches!(moment, Moment::Asking(_)), "{moment:?}: {ran:?}");
}
