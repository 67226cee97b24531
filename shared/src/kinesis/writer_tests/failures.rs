//! What is certainly not written, and who pays for it.

use super::*;
use crate::failure::FailureClass;
use crate::kinesis::{Ordering, Outcome, PutRecordsError, RecordError};

fn source() -> Arc<dyn std::error::Error + Send + Sync> {
    Arc::new(std::io::Error::other("scripted"))
}

#[tokio::test(start_paused = true)]
async fn an_unwritable_record_fails_alone() {
    let kinesis = FakeKinesis::with_shards(1);
    let limit = 1 << 20;
    let records = vec![
        record("a", "first"),
        record("", "no key"),
        record(&"k".repeat(256), "longest key"),
        record(&"k".repeat(257), "key too long"),
        record("b", vec![0; limit - 1]),
        record("b", vec![0; limit]),
        record("a", "last"),
    ];
    let results = writer(&kinesis, |_| ()).write(records, within(60)).await;
    let written: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(written, [true, false, true, false, true, false, true]);
    let error = |index: usize| results[index].as_ref().unwrap_err();
    assert!(matches!(error(1), WriteError::Unwritable(RecordError::EmptyPartitionKey)));
    assert!(matches!(error(3), WriteError::Unwritable(RecordError::PartitionKeyTooLong { chars: 257 })));
    assert!(matches!(error(5), WriteError::Unwritable(RecordError::TooLarge { len, .. }) if *len == limit + 1));
    assert_eq!(error(5).class(), FailureClass::Permanent);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_shard_does_not_hold_back_the_others() {
    let kinesis = FakeKinesis::with_shards(4);
    kinesis.configure(|fake| fake.blocked_shard = Some("shardId-000000000002".into()));
    let start = now();
    let results = writer(&kinesis, |_| ()).write(numbered(3_000, 3_000), within(20)).await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert_eq!(failed, 724, "about a quarter");
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(error, WriteError::Throttled), "{error:?}");
        assert_eq!((error.outcome(), error.class()), (Outcome::NotWritten, FailureClass::Throttled));
    }
    let last = kinesis.read(|fake| fake.written.last().unwrap().at) - start;
    assert!(last < Duration::from_millis(1_000), "{last:?}");
    assert_eq!(kinesis.read(|fake| fake.written.len()) + failed, 3_000);
}

#[tokio::test(start_paused = true)]
async fn only_failed_entries_are_sent_again() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| {
        fake.throttled_share = 0.2;
        fake.internal_failure_share = 0.2;
    });
    let results =
        writer(&kinesis, |settings| settings.ordering = Ordering::None).write(numbered(2_000, 10), within(60)).await;
    assert!(results.iter().all(Result::is_ok));
    let attempts: u32 = results.iter().flatten().map(|receipt| receipt.attempts).sum();
    kinesis.read(|fake| {
        assert_eq!(fake.written.len(), 2_000);
        assert_eq!(fake.received.len(), attempts as usize);
    });
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_pauses_and_is_sent_again() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| {
        fake.request_errors = (0..3).map(|_| PutRecordsError::Throttled(source())).collect();
    });
    let results = writer(&kinesis, |_| ()).write(numbered(10, 10), within(60)).await;
    assert!(results.iter().flatten().all(|receipt| receipt.attempts >= 2 && !receipt.possibly_duplicated));
    assert_all_once_in_order(&kinesis, 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_sent_is_sent_again_and_duplicates_nothing() {
    let not_sent: fn() -> PutRecordsError = || PutRecordsError::NotSent(source());
    let caller: fn() -> PutRecordsError = || PutRecordsError::Caller(source());
    for (failures, error) in [(2, not_sent), (100, not_sent), (2, caller), (100, caller)] {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.request_errors = (0..failures).map(|_| error()).collect());
        let settings = |settings: &mut WriterSettings| settings.retry.max_attempts = 3.try_into().unwrap();
        let results = writer(&kinesis, settings).write(numbered(10, 10), within(60)).await;
        for result in &results {
            match result {
                Ok(receipt) => assert_eq!((receipt.attempts, receipt.possibly_duplicated), (3, false)),
                Err(error) => {
                    assert_eq!((error.outcome(), error.class()), (Outcome::NotWritten, FailureClass::Transient))
                }
            }
        }
        assert_eq!(results.iter().all(Result::is_ok), failures == 2);
        assert_eq!(kinesis.read(|fake| fake.written.len()), if failures == 2 { 10 } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_call_without_a_further_request() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.request_errors = vec![PutRecordsError::Refused(source())]);
    let writer = writer(&kinesis, |_| ());
    let results = writer.write(numbered(5_000, 10), within(60)).await;
    assert!(results.iter().all(|result| matches!(result, Err(WriteError::Refused(_)))));
    assert_eq!(kinesis.read(|fake| fake.received.len()), 0);
    // An operator has fixed it.
    assert!(writer.write(numbered(10, 10), within(60)).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn without_a_shard_map_nothing_is_sent() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.refuse_listing = true);
    let results = writer(&kinesis, |_| ()).write(vec![record("a", "1"), record("", "2")], within(60)).await;
    assert!(matches!(results[0], Err(WriteError::ShardMapUnavailable(_))));
    assert!(matches!(results[1], Err(WriteError::Unwritable(_))));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_turn_within_its_time_to_live_has_expired_unwritten() {
    let kinesis = FakeKinesis::with_shards(1);
    let start = now();
    let writer = writer(&kinesis, |settings| settings.record_time_to_live = Duration::from_secs(2));
    let results = writer.write(numbered(10_000, 10_000), within(60)).await;
    assert_eq!(now() - start, Duration::from_secs(2));
    let written = results.iter().filter(|result| result.is_ok()).count();
    let expired = results.iter().filter(|result| matches!(result, Err(WriteError::Expired))).count();
    assert!((2_700..=3_000).contains(&written), "{written} at 1,500/s");
    assert!(expired >= 6_900, "{expired}");
}

#[tokio::test(start_paused = true)]
async fn attempts_end_at_the_policys_maximum() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.internal_failure_share = 1.0);
    let results = writer(&kinesis, |settings| settings.retry.max_attempts = 3.try_into().unwrap())
        .write(numbered(2, 1), within(60))
        .await;
    assert!(matches!(results[0], Err(WriteError::Failed)));
    assert!(matches!(results[1], Err(WriteError::EarlierRecordFailed { index: 0 })));
    assert_eq!(kinesis.read(|fake| fake.received.len()), 3);
}
