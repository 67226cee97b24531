//! Requests that Kinesis refuses whole for what one of their records is.

use super::*;
use crate::failure::FailureClass;
use crate::kinesis::{Aggregation, MaxRecordBytes, Ordering, Outcome};

const REFUSED: &[u8] = b"refused";
const AGGREGATIONS: [Aggregation; 3] = [Aggregation::Off, Aggregation::SamePartitionKey, Aggregation::SameShard];

fn refusing() -> Arc<FakeKinesis> {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| fake.refused_content = Some(REFUSED));
    kinesis
}

fn with_refused_at(mut records: Vec<UserRecord>, index: usize) -> Vec<UserRecord> {
    records[index].data = Bytes::from_static(REFUSED);
    records
}

fn requests(kinesis: &FakeKinesis) -> usize {
    kinesis.read(|fake| fake.request_sizes.len())
}

#[tokio::test(start_paused = true)]
async fn one_refused_record_among_a_hundred_fails_alone_wherever_it_is() {
    for aggregation in AGGREGATIONS {
        for index in [0, 1, 50, 99] {
            for keys in [1, 10, 100] {
                let kinesis = refusing();
                let writer = writer(&kinesis, |settings| settings.aggregation = aggregation);
                assert!(
                    writer.write(vec![record("warm", 1_000_u32.to_be_bytes().to_vec())], within(60)).await[0].is_ok()
                );
                let results = writer.write(with_refused_at(numbered(100, keys), index), within(60)).await;
                let failed: Vec<_> = (0..100).filter(|number| results[*number].is_err()).collect();
                assert_eq!(failed, [index], "{aggregation:?}, {keys} keys: {results:?}");
                let error = results[index].as_ref().unwrap_err();
                assert!(matches!(error, WriteError::Rejected(_)), "{error:?}");
                assert_eq!((error.class(), error.outcome()), (FailureClass::Permanent, Outcome::NotWritten));
                kinesis.read(|fake| {
                    let mut written = numbers_by_key(fake).into_values().flatten().collect::<Vec<_>>();
                    written.sort_unstable();
                    let expected = (0..100).filter(|number| *number as usize != index).chain([1_000]);
                    assert!(written.into_iter().eq(expected));
                });
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_found_in_few_requests() {
    let kinesis = refusing();
    let writer = writer(&kinesis, |settings| {
        settings.ordering = Ordering::None;
        settings.rate_limit_percent = None;
    });
    let results = writer.write(with_refused_at(numbered(500, 500), 333), within(60)).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    assert!(requests(&kinesis) <= 1 + 9 * 3, "{} requests: 2 or 3 for each of 9 halvings", requests(&kinesis));
}

#[tokio::test(start_paused = true)]
async fn a_limit_set_above_the_streams_own_fails_only_what_is_too_large() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.max_record_bytes = 1 << 20);
    let writer = writer(&kinesis, |settings| settings.max_record_bytes = MaxRecordBytes::new(10 << 20).unwrap());
    let records = vec![
        record("a", "first"),
        record("b", vec![0; 2_000_000]),
        record("b", "behind it"),
        record("c", vec![0; 900_000]),
    ];
    let results = writer.write(records, within(60)).await;
    let written: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(written, [true, false, true, true]);
    assert!(matches!(results[1], Err(WriteError::Rejected(_))));
}

#[tokio::test(start_paused = true)]
async fn the_largest_record_is_found_without_waiting_for_the_shards_tokens_again_and_again() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.max_record_bytes = 1 << 20);
    let writer = writer(&kinesis, |settings| settings.max_record_bytes = MaxRecordBytes::new(10 << 20).unwrap());
    let mut records = numbered(100, 100);
    records[50].data = vec![0; 9_000_000].into();
    let start = now();
    let results = writer.write(records, within(60)).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    // 9 MB at 1.5 MiB/s take 5.7 s, once.
    assert!(now() - start < Duration::from_secs(7), "{:?}", now() - start);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_no_request_blames_no_record() {
    for keys in [1, 100] {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.max_record_bytes = 0);
        let writer = writer(&kinesis, |settings| settings.rate_limit_percent = None);
        let results = writer.write(numbered(100, keys), within(60)).await;
        assert!(matches!(results[0], Err(WriteError::Refused(_))), "{:?}", results[0]);
        assert!(
            results.iter().all(|result| result.as_ref().is_err_and(|error| error.class() != FailureClass::Permanent))
        );
        assert!(requests(&kinesis) <= 64, "{} requests: at most 8 at once, through 7 halvings", requests(&kinesis));
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_refused_with_nothing_to_compare_it_with_is_blamed_by_the_past_and_only_once() {
    let kinesis = refusing();
    let writer = writer(&kinesis, |_| ());
    let write = |record: UserRecord| async { writer.write(vec![record], within(60)).await.remove(0) };
    let refused = || record("a", REFUSED);
    assert!(matches!(write(refused()).await, Err(WriteError::Refused(_))), "nobody knows the stream yet");
    assert!(write(record("a", "good")).await.is_ok());
    assert!(matches!(write(refused()).await, Err(WriteError::Rejected(_))));
    assert!(matches!(write(refused()).await, Err(WriteError::Refused(_))), "perhaps the stream takes nothing any more");
    assert!(write(record("a", "good")).await.is_ok());
    assert!(matches!(write(refused()).await, Err(WriteError::Rejected(_))));
}
