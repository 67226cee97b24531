use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use warmkeys::records::SequenceNumber;

use super::*;

/// 2026-01-01 and so many seconds.
pub(in super::super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

/// Records that arrived at second 0.
pub(in super::super) fn records(numbers: &[u32]) -> Vec<StreamRecord> {
    let record = |number: &u32| StreamRecord {
        sequence_number: SequenceNumber::parse(&number.to_string()).unwrap(),
        partition_key: "key".into(),
        data: Bytes::from_static(b"data"),
        approximate_arrival: at(0),
    };
    numbers.iter().map(record).collect()
}

fn settings() -> MappingSettings {
    let second = Duration::from_secs(1);
    MappingSettings { initial_backoff: second, maximum_backoff: 4 * second, ..MappingSettings::default() }
}

fn lane(settings: MappingSettings, numbers: &[u32]) -> Lane {
    let mut lane = Lane::new(settings);
    records(numbers).into_iter().for_each(|record| lane.push(record));
    lane
}

fn numbers(records: &[StreamRecord]) -> Vec<u32> {
    records.iter().map(|record| record.sequence_number.as_str().parse().unwrap()).collect()
}

#[track_caller]
fn invoked(lane: &mut Lane, second: u64) -> Batch {
    match lane.next(at(second)) {
        (Step::Invoke(batch), discards) if discards.is_empty() => batch,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn waits_until(lane: &mut Lane, second: u64) -> u64 {
    match lane.next(at(second)) {
        (Step::WaitUntil(moment), _) => moment.duration_since(at(0)).unwrap().as_secs(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_idle(lane: &mut Lane, second: u64) {
    assert!(matches!(lane.next(at(second)), (Step::Idle, discards) if discards.is_empty()));
}

#[test]
fn a_batch_has_at_most_the_batch_size() {
    let batch_size = NonZeroUsize::new(2).unwrap();
    let mut lane = lane(MappingSettings { batch_size, ..settings() }, &[1, 2, 3]);
    assert_eq!(numbers(&invoked(&mut lane, 0).records), [1, 2]);
    assert_eq!(numbers(&invoked(&mut lane, 0).records), [3]);
    is_idle(&mut lane, 0);
}

#[test]
fn a_batch_fits_into_an_invocation() {
    let mut lane = lane(settings(), &[1, 2, 3]);
    // In base64, one such record takes up 40 % of an event.
    let data = Bytes::from(vec![0; Batch::MAX_EVENT_LEN / 10 * 3]);
    lane.waiting.iter_mut().for_each(|record| record.data = data.clone());
    assert_eq!(numbers(&invoked(&mut lane, 0).records), [1, 2]);
    assert_eq!(numbers(&invoked(&mut lane, 0).records), [3]);
}

#[test]
fn a_record_that_fits_into_no_invocation_is_given_up() {
    let mut lane = lane(settings(), &[1, 2]);
    lane.waiting[0].data = Bytes::from(vec![0; Batch::MAX_EVENT_LEN / 4 * 3]);
    let (step, discards) = lane.next(at(0));
    assert!(matches!(step, Step::Invoke(batch) if numbers(&batch.records) == [2]));
    assert_eq!((discards.len(), discards[0].condition), (1, Condition::RecordTooLarge));
}

#[test]
fn a_batch_that_is_not_full_waits_for_its_window() {
    let batch_size = NonZeroUsize::new(2).unwrap();
    let maximum_batching_window = Duration::from_secs(5);
    let settings = MappingSettings { batch_size, maximum_batching_window, ..settings() };
    let mut one = lane(settings.clone(), &[1]);
    assert_eq!(waits_until(&mut one, 4), 5);
    assert_eq!(numbers(&invoked(&mut one, 5).records), [1]);
    let mut full = lane(settings, &[1, 2]);
    assert_eq!(numbers(&invoked(&mut full, 0).records), [1, 2]);
}

#[test]
fn a_finished_batch_does_not_come_again() {
    let mut lane = lane(settings(), &[1, 2]);
    let batch = invoked(&mut lane, 0);
    assert!(lane.settle(batch, BatchResult::Succeeded, at(0)).is_none());
    is_idle(&mut lane, 100);
}

#[test]
fn what_lies_behind_the_checkpoint_comes_again_before_anything_new() {
    let mut lane = lane(settings(), &[1, 2, 3]);
    let batch = invoked(&mut lane, 0);
    lane.push(records(&[4]).remove(0));
    assert!(lane.settle(batch, BatchResult::FailedFrom(1), at(0)).is_none());
    assert_eq!(waits_until(&mut lane, 0), 1);
    assert_eq!(numbers(&invoked(&mut lane, 1).records), [2, 3]);
    assert_eq!(numbers(&invoked(&mut lane, 1).records), [4]);
}

#[test]
fn delays_double_up_to_the_maximum() {
    let mut lane = lane(settings(), &[1]);
    let mut second = 0;
    let mut delays = Vec::new();
    for _ in 0..4 {
        let batch = invoked(&mut lane, second);
        lane.settle(batch, BatchResult::Failed, at(second));
        let next = waits_until(&mut lane, second);
        delays.push(next - second);
        second = next;
    }
    assert_eq!(delays, [1, 2, 4, 4]);
}

#[test]
fn a_batch_without_progress_is_given_up_after_the_retries() {
    for result in [BatchResult::Failed, BatchResult::FailedFrom(0)] {
        let mut lane = lane(MappingSettings { maximum_retry_attempts: Some(2), ..settings() }, &[1, 2]);
        for second in [0, 10] {
            let batch = invoked(&mut lane, second);
            assert!(lane.settle(batch, result, at(second)).is_none());
        }
        let batch = invoked(&mut lane, 20);
        let discard = lane.settle(batch, result, at(20)).unwrap();
        let function_error = result == BatchResult::Failed;
        assert_eq!(discard.condition, Condition::RetryAttemptsExhausted { function_error });
        assert_eq!((numbers(&discard.records), discard.invocations), (vec![1, 2], 3));
        is_idle(&mut lane, 100);
    }
}

#[test]
fn no_retries_means_one_attempt() {
    let mut lane = lane(MappingSettings { maximum_retry_attempts: Some(0), ..settings() }, &[1]);
    let batch = invoked(&mut lane, 0);
    assert_eq!(lane.settle(batch, BatchResult::Failed, at(0)).unwrap().invocations, 1);
}

#[test]
fn an_advancing_checkpoint_begins_the_retries_anew() {
    let mut lane = lane(MappingSettings { maximum_retry_attempts: Some(1), ..settings() }, &[1, 2, 3]);
    for (second, result) in [(0, 0), (10, 1), (20, 0), (30, 1)] {
        let batch = invoked(&mut lane, second);
        assert!(lane.settle(batch, BatchResult::FailedFrom(result), at(second)).is_none());
    }
    assert_eq!(numbers(&invoked(&mut lane, 40).records), [3]);
}

#[test]
fn a_failed_batch_is_halved_in_order_until_the_poison_stands_alone() {
    let settings =
        MappingSettings { bisect_batch_on_function_error: true, maximum_retry_attempts: Some(0), ..settings() };
    let mut lane = lane(settings, &[1, 2, 3, 4]);
    let mut seen = Vec::new();
    let mut given_up = Vec::new();
    for second in (0..100).step_by(10) {
        let (Step::Invoke(batch), _) = lane.next(at(second)) else { break };
        let batch_numbers = numbers(&batch.records);
        let result = if batch_numbers.contains(&2) { BatchResult::Failed } else { BatchResult::Succeeded };
        seen.push(batch_numbers);
        given_up.extend(lane.settle(batch, result, at(second)).map(|discard| numbers(&discard.records)));
    }
    assert_eq!(seen, [vec![1, 2, 3, 4], vec![1, 2], vec![1], vec![2], vec![3, 4]]);
    assert_eq!(given_up, [[2]]);
}

#[test]
fn halving_does_not_use_up_retries() {
    let settings =
        MappingSettings { bisect_batch_on_function_error: true, maximum_retry_attempts: Some(1), ..settings() };
    let mut lane = lane(settings, &[1, 2]);
    let batch = invoked(&mut lane, 0);
    assert!(lane.settle(batch, BatchResult::Failed, at(0)).is_none());
    let first = invoked(&mut lane, 10);
    assert_eq!((numbers(&first.records), first.failures), (vec![1], 0));
    assert!(lane.settle(first, BatchResult::Failed, at(10)).is_none());
    let again = invoked(&mut lane, 20);
    assert_eq!((numbers(&again.records), again.failures), (vec![1], 1));
}

#[test]
fn a_record_is_given_up_once_it_is_older_than_allowed() {
    let maximum_record_age = Some(Duration::from_secs(60));
    for (second, expected) in [(59, 0), (60, 0), (61, 1)] {
        let mut lane = lane(MappingSettings { maximum_record_age, ..settings() }, &[1]);
        let (_, discards) = lane.next(at(second));
        assert_eq!(discards.len(), expected, "{second}");
    }
}

#[test]
fn a_failing_batch_is_given_up_when_it_grows_too_old() {
    let maximum_record_age = Some(Duration::from_secs(60));
    let mut lane = lane(MappingSettings { maximum_record_age, ..settings() }, &[1, 2]);
    lane.waiting[1].approximate_arrival = at(30);
    let batch = invoked(&mut lane, 58);
    lane.settle(batch, BatchResult::Failed, at(60));
    let (step, discards) = lane.next(at(61));
    assert_eq!((discards[0].condition, discards[0].invocations), (Condition::RecordAgeExceeded, 1));
    assert_eq!(numbers(&discards[0].records), [1]);
    assert!(matches!(step, Step::Invoke(batch) if numbers(&batch.records) == [2]));
}
