//! Writing for a caller to whom only the records before the first unwritten one count.

use std::num::NonZeroUsize;

use super::*;
use crate::kinesis::Aggregation;

const REACH: NonZeroUsize = NonZeroUsize::new(50).unwrap();

/// One record for the shard `shardId-000000000000`, and `others` for the other one, each with its number.
fn one_and_others(others: u32) -> Vec<UserRecord> {
    let hash_key = |number| if number == 0 { "0".to_owned() } else { u128::MAX.to_string() };
    let record = |number: u32| UserRecord {
        explicit_hash_key: Some(hash_key(number).into()),
        ..record(&format!("key-{number}"), Bytes::copy_from_slice(&number.to_be_bytes()))
    };
    (0..=others).map(record).collect()
}

#[tokio::test(start_paused = true)]
async fn less_than_the_reach_is_written_beyond_a_record_that_is_not() {
    for aggregation in [Aggregation::Off, Aggregation::SamePartitionKey, Aggregation::SameShard] {
        let kinesis = FakeKinesis::with_shards(2);
        kinesis.configure(|fake| fake.blocked_shard = Some("shardId-000000000000".into()));
        let writer = writer(&kinesis, |settings| settings.aggregation = aggregation);
        let prefix = writer.write_prefix(one_and_others(4_000), REACH, within(20)).await;
        assert_eq!(prefix.written, 0);
        assert!(matches!(prefix.failure, Some(WriteError::Throttled)), "{:?}", prefix.failure);
        let beyond: usize = kinesis.read(|fake| numbers_by_key(fake).values().map(Vec::len).sum());
        assert_eq!(beyond, REACH.get() - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_behind_a_record_that_has_failed_for_good() {
    let kinesis = FakeKinesis::with_shards(2);
    let mut records = numbered(1_000, 1_000);
    records[100].partition_key = "".into();
    let prefix = writer(&kinesis, |_| ()).write_prefix(records, REACH, within(60)).await;
    assert_eq!(prefix.written, 100);
    assert!(matches!(prefix.failure, Some(WriteError::Unwritable(_))));
    assert_all_once_in_order(&kinesis, 100);
}

#[tokio::test(start_paused = true)]
async fn all_is_written_in_order_through_throttling_and_a_small_reach() {
    for aggregation in [Aggregation::Off, Aggregation::SamePartitionKey, Aggregation::SameShard] {
        let kinesis = FakeKinesis::with_shards(4);
        kinesis.configure(|fake| {
            fake.throttled_share = 0.2;
            fake.internal_failure_share = 0.02;
        });
        let writer = writer(&kinesis, |settings| settings.aggregation = aggregation);
        let prefix = writer.write_prefix(numbered(5_000, 70), REACH, within(600)).await;
        assert!((prefix.written, prefix.failure.is_none()) == (5_000, true), "{:?}", prefix.failure);
        assert_all_once_in_order(&kinesis, 5_000);
    }
}
