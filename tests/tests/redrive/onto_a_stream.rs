//! Quarantined records go back onto their stream, behind what is there.

use std::time::Duration;

use super::stage::{QUEUE, Stage, with};

#[tokio::test]
async fn quarantined_records_are_put_onto_the_stream_in_order_with_their_partition_keys_and_once() {
    let stage = Stage::new(1, 8, Duration::ZERO).await;
    stage.quarantine_all(QUEUE).await;
    let before = stage.records().remove(0);
    let arguments = stage.onto(&stage.sqs.url(QUEUE));
    let ran = stage.redrive(None, &arguments).await;
    assert_eq!((ran.code, ran.count("delivered")), (Some(0), 8), "{ran:?}");
    assert_eq!((stage.sqs.bodies(QUEUE).len(), stage.sqs.hidden(QUEUE)), (8, 0), "nobody asked for a deletion");

    let again = stage.redrive(None, &with(&arguments, &["--delete"])).await;
    assert_eq!(
        (again.code, again.count("delivered"), again.count("done by an earlier run")),
        (Some(0), 0, 8),
        "{again:?}"
    );
    assert!(stage.sqs.bodies(QUEUE).is_empty());

    let after = stage.records().remove(0);
    assert_eq!(after.len(), 16);
    for (first, second) in before.iter().zip(&after[8..]) {
        assert_eq!((&first.partition_key, &first.data), (&second.partition_key, &second.data));
    }
}
