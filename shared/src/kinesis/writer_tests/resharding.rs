//! The stream changes under the writer.

use super::*;
use crate::kinesis::Ordering;
use crate::testing::Resharding;

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_records_survive_throttling_and_resharding_in_order() {
    let kinesis = FakeKinesis::with_shards(8);
    kinesis.configure(|fake| {
        fake.throttled_share = 1.0 / 3.0;
        fake.internal_failure_share = 0.01;
        fake.reshardings = vec![
            (110_000, Resharding::Split(4)),
            (80_000, Resharding::MergeWithNext(2)),
            (60_000, Resharding::Split(7)),
            (40_000, Resharding::MergeWithNext(0)),
            (20_000, Resharding::Split(0)),
        ];
    });
    let results = writer(&kinesis, |_| ()).write(numbered(100_000, 5_000), within(3_600)).await;

    assert!(results.iter().all(Result::is_ok), "{:?}", results.iter().find(|result| result.is_err()));
    assert_all_once_in_order(&kinesis, 100_000);
    kinesis.read(|fake| {
        let places: HashMap<_, _> =
            fake.written.iter().map(|entry| (entry.sequence_number.as_str(), entry.shard_id.as_str())).collect();
        for receipt in results.iter().flatten() {
            assert_eq!(places.get(receipt.sequence_number.as_str()), Some(&&*receipt.shard_id));
            assert!(!receipt.possibly_duplicated);
        }
    });
    assert!(kinesis.list_calls() > 1, "the resharding was noticed");
}

#[tokio::test(start_paused = true)]
async fn after_a_split_the_children_are_paced_apart() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |_| ());
    assert!(writer.write(numbered(1, 1), within(60)).await[0].is_ok());
    kinesis.split(0);
    let results = writer.write(numbered(6_000, 6_000), within(60)).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(kinesis.list_calls(), 2);

    // Two shards at 1,500 records/s take what one would have needed 4 s for.
    let took = kinesis.read(|fake| fake.written.last().unwrap().at - fake.written[1].at);
    assert!(took < Duration::from_millis(3_000), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stable_stream_is_listed_once() {
    let kinesis = FakeKinesis::with_shards(4);
    kinesis.configure(|fake| fake.throttled_share = 0.3);
    let writer = writer(&kinesis, |settings| settings.ordering = Ordering::None);
    for _ in 0..5 {
        assert!(writer.write(numbered(2_000, 100), within(60)).await.iter().all(Result::is_ok));
    }
    assert_eq!(kinesis.list_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_does_not_stop_the_writing() {
    let kinesis = FakeKinesis::with_shards(2);
    let writer = writer(&kinesis, |_| ());
    assert!(writer.write(numbered(1, 1), within(60)).await[0].is_ok());
    kinesis.split(0);
    kinesis.configure(|fake| fake.refuse_listing = true);
    assert!(writer.write(numbered(5_000, 5_000), within(60)).await.iter().all(Result::is_ok));
}
