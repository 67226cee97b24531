//! The schedule's decisions, without a service.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock as _, SystemClock};
use crate::kinesis::error::PutRecordsError;
use crate::kinesis::service::{EntryFailure, EntryResult, ListedShard, RecordDistribution};
use crate::kinesis::settings::MaxRecordBytes;
use crate::records::SequenceNumber;

const MIB: usize = 1 << 20;

fn start() -> Instant {
    SystemClock.now().monotonic
}

/// A map of one shard, and settings without a rate limit.
fn one_shard(now: Instant, rate_limit_percent: Option<NonZeroU32>) -> (Arc<ShardMap>, WriterSettings) {
    let shard = ListedShard { shard_id: "shardId-000000000000".into(), hash_keys: 0..=u128::MAX, open: true };
    let map = ShardMap::new(vec![shard], RecordDistribution::ByPartitionKey, None, rate_limit_percent, now).unwrap();
    let settings = WriterSettings {
        rate_limit_percent,
        max_record_bytes: MaxRecordBytes::new(10 * MIB).unwrap(),
        ..WriterSettings::default()
    };
    (Arc::new(map), settings)
}

/// A call that sends whatever it has.
fn within(now: Instant, seconds: u64) -> Call {
    let expires = Deadline::after(now, Duration::from_secs(seconds));
    Call { expires, reach: None, map_is_fresh: true, stream_accepts: false, keys_do_not_decide: false }
}

/// A record of `size` bytes with its partition key.
fn record(key: usize, size: usize) -> UserRecord {
    let partition_key: Arc<str> = format!("{key:04}").into();
    UserRecord { data: vec![0; size - partition_key.len()].into(), partition_key, explicit_hash_key: None }
}

/// The numbers of entries of the requests that can be sent at once.
fn request_sizes(sizes: &[usize]) -> Vec<usize> {
    let now = start();
    let (map, settings) = one_shard(now, None);
    let records = sizes.iter().enumerate().map(|(key, size)| record(key, *size)).collect();
    let mut schedule = Schedule::new(records, map, &settings, within(now, 60));
    let mut requests = Vec::new();
    while let Step::Send(entries, _) = schedule.next(now) {
        requests.push(entries.len());
    }
    requests
}

fn written(number: usize) -> EntryResult {
    EntryResult::Written {
        shard_id: "shardId-000000000000".into(),
        sequence_number: SequenceNumber::parse(&(1_000 + number).to_string()).unwrap(),
    }
}

const THROTTLED: EntryResult = EntryResult::Failed { failure: EntryFailure::Throttled, shard_id: None };

#[test]
fn a_request_holds_up_to_500_records() {
    assert_eq!(request_sizes(&[10; 499]), [499]);
    assert_eq!(request_sizes(&[10; 500]), [500]);
    assert_eq!(request_sizes(&[10; 501]), [500, 1]);
}

#[test]
fn a_request_holds_up_to_10_mib_partition_keys_included() {
    assert_eq!(request_sizes(&[4 * MIB, 6 * MIB - 1]), [2]);
    assert_eq!(request_sizes(&[4 * MIB, 6 * MIB]), [2]);
    assert_eq!(request_sizes(&[4 * MIB, 6 * MIB + 1]), [1, 1]);
    assert_eq!(request_sizes(&[10 * MIB, 10]), [1, 1]);
}

#[test]
fn of_a_partition_key_only_the_first_unfinished_record_is_sent() {
    let now = start();
    let (map, settings) = one_shard(now, None);
    let records = vec![record(1, 10), record(1, 11), record(2, 12), record(1, 13)];
    let mut schedule = Schedule::new(records, map, &settings, within(now, 60));

    let Step::Send(entries, sent) = schedule.next(now) else { panic!("something can be sent") };
    assert_eq!(entries.iter().map(|entry| entry.data.len() + 4).collect::<Vec<_>>(), [10, 12]);
    assert!(matches!(schedule.next(now), Step::WaitForAnswer));

    schedule.on_results(&sent, vec![written(0), THROTTLED], now, 0.0);
    let Step::Send(entries, sent) = schedule.next(now) else { panic!("something can be sent") };
    assert_eq!(entries.iter().map(|entry| entry.data.len() + 4).collect::<Vec<_>>(), [12, 11]);
    schedule.on_results(&sent, vec![written(1), written(2)], now, 0.0);
    let Step::Send(_, sent) = schedule.next(now) else { panic!("something can be sent") };
    schedule.on_results(&sent, vec![written(3)], now, 0.0);
    assert!(matches!(schedule.next(now), Step::Finished));
    assert!(schedule.into_results().iter().all(Result::is_ok));
}

#[test]
fn without_tokens_the_schedule_sleeps_until_all_that_waits_can_go_or_for_a_bunch() {
    let now = start();
    for (records, wait_ms) in [(3, 2), (30, 20), (500, 20)] {
        let (map, settings) = one_shard(now, NonZeroU32::new(150));
        let records = (0..records).map(|key| record(key, 10)).collect();
        let mut schedule = Schedule::new(records, map, &settings, within(now, 60));
        let Step::WaitUntil(at) = schedule.next(now) else { panic!("there are no tokens yet") };
        assert_eq!(at - now, Duration::from_millis(wait_ms));
    }
}

#[test]
fn a_throttled_shard_rests_longer_with_every_throttle_in_a_row() {
    let mut now = start();
    let (map, settings) = one_shard(now, None);
    let mut schedule = Schedule::new(vec![record(1, 10)], map, &settings, within(now, 60));
    let mut rests = Vec::new();
    for _ in 0..4 {
        let Step::Send(_, sent) = schedule.next(now) else { panic!("the rest is over") };
        schedule.on_results(&sent, vec![THROTTLED], now, 0.5);
        let Step::WaitUntil(at) = schedule.next(now) else { panic!("the shard rests") };
        rests.push((at - now).as_millis());
        now = at;
    }
    assert_eq!(rests, [50, 100, 200, 400]);
}

proptest! {
    /// Whatever the answers, every record ends with exactly one result, and none is under way twice.
    #[test]
    fn every_record_is_finished_once_whatever_the_answers(
        keys in prop::collection::vec(0_usize..8, 1..120),
        answers in prop::collection::vec(0_u8..12, 1..50),
        ordered: bool,
        aggregated: bool,
        reach in prop::option::of(1_usize..40),
        stream_accepts: bool,
    ) {
        let mut now = start();
        let (map, mut settings) = one_shard(now, NonZeroU32::new(150));
        settings.ordering = if ordered { Ordering::PerPartitionKey } else { Ordering::None };
        if aggregated {
            settings.aggregation = crate::kinesis::Aggregation::SameShard;
        }
        let records = keys.iter().map(|key| record(*key, 30)).collect();
        let call = Call { reach, stream_accepts, ..within(now, 600) };
        let mut schedule = Schedule::new(records, map, &settings, call);
        let mut answers = answers.iter().cycle();
        let mut steps = 0;
        loop {
            steps += 1;
            prop_assert!(steps < 20_000, "the schedule makes no progress");
            match schedule.next(now) {
                Step::Finished => break,
                Step::WaitForAnswer => prop_assert!(false, "nothing is under way, and nothing can be sent"),
                Step::WaitUntil(at) => { prop_assert!(at > now); now = at; }
                Step::Send(_, sent) if answers.next() == Some(&5) => {
                    let refusal = Arc::new(std::io::Error::other("ValidationException"));
                    schedule.on_error(&sent, PutRecordsError::Invalid(refusal), now, 0.5);
                }
                Step::Send(entries, sent) => {
                    let results = entries.iter().enumerate().map(|(number, _)| match answers.next() {
                        Some(0..=2) => THROTTLED,
                        Some(3) => EntryResult::Failed { failure: EntryFailure::Internal, shard_id: None },
                        Some(4) => EntryResult::Unreadable,
                        _ => written(number),
                    }).collect();
                    schedule.on_results(&sent, results, now, 0.5);
                }
            }
        }
        prop_assert_eq!(schedule.into_results().len(), keys.len());
    }
}

#[test]
fn an_empty_record_is_a_record() {
    let now = start();
    let (map, settings) = one_shard(now, None);
    let record = UserRecord { partition_key: "k".into(), explicit_hash_key: Some("5".into()), data: Bytes::new() };
    let mut schedule = Schedule::new(vec![record], map, &settings, within(now, 1));
    let Step::Send(entries, _) = schedule.next(now) else { panic!("it can be sent") };
    assert_eq!((entries[0].data.len(), entries[0].explicit_hash_key.as_deref()), (0, Some("5")));
}
