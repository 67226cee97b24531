//! What a caller may rely on when answers are lost or calls are abandoned.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use super::*;
use crate::kinesis::{OnUnknownOutcome, Outcome, PutRecordsError, UnknownCause};

/// How often each number is in the stream.
fn copies(kinesis: &FakeKinesis, number: u32) -> usize {
    kinesis.read(|fake| numbers_by_key(fake).values().flatten().filter(|written| **written == number).count())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_reported_as_unknown_and_a_lost_request_too() {
    for (answer_lost, written) in [(true, 1), (false, 0)] {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| {
            fake.answers_to_lose = usize::from(answer_lost);
            fake.requests_to_lose = usize::from(!answer_lost);
        });
        let results = writer(&kinesis, |_| ()).write(numbered(2, 1), within(60)).await;
        let error = results[0].as_ref().unwrap_err();
        assert!(matches!(error, WriteError::OutcomeUnknown(UnknownCause::TimedOut)));
        assert_eq!(error.outcome(), Outcome::Unknown);
        let behind = results[1].as_ref().unwrap_err();
        assert!(matches!(behind, WriteError::EarlierRecordFailed { index: 0 }));
        assert_eq!(behind.outcome(), Outcome::NotWritten);
        assert_eq!((copies(&kinesis, 0), copies(&kinesis, 1)), (written, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn where_so_set_an_unknown_outcome_is_sent_again_and_the_receipt_says_so() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.answers_to_lose = 1);
    let results = writer(&kinesis, |settings| settings.on_unknown_outcome = OnUnknownOutcome::SendAgain)
        .write(numbered(2, 1), within(60))
        .await;
    let duplicated: Vec<_> = results.iter().flatten().map(|receipt| receipt.possibly_duplicated).collect();
    assert_eq!(duplicated, [true, false]);
    assert_eq!((copies(&kinesis, 0), copies(&kinesis, 1)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_stays_unknown_whatever_fails_after_it() {
    let kinesis = FakeKinesis::with_shards(1);
    let denied = || PutRecordsError::Refused(Arc::new(std::io::Error::other("denied")));
    let broken = || PutRecordsError::OutcomeUnknown(Arc::new(std::io::Error::other("connection reset")));
    kinesis.configure(|fake| fake.request_errors = vec![denied(), broken()]);
    let results = writer(&kinesis, |settings| settings.on_unknown_outcome = OnUnknownOutcome::SendAgain)
        .write(numbered(2, 1), within(60))
        .await;
    assert!(matches!(results[0], Err(WriteError::OutcomeUnknown(UnknownCause::Failed(_)))));
    assert!(matches!(results[1], Err(WriteError::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_at_the_deadline_is_unknown() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |_| ());
    assert!(writer.write(numbered(1, 1), within(60)).await[0].is_ok(), "the shards are known");
    kinesis.configure(|fake| fake.round_trip = Duration::from_secs(4));
    let start = now();
    let results = writer.write(numbered(2, 1), within(2)).await;
    assert_eq!(now() - start, Duration::from_secs(2));
    assert!(matches!(results[0], Err(WriteError::OutcomeUnknown(UnknownCause::ExpiredInFlight))));
    assert!(matches!(results[1], Err(WriteError::Expired)));
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_told_as_not_written() {
    let kinesis = FakeKinesis::with_shards(1);
    let writer = writer(&kinesis, |_| ());
    assert!(writer.write(numbered(1, 1), within(60)).await[0].is_ok(), "the shards are known");
    kinesis.configure(|fake| fake.requests_to_hold_back = 1);
    let half = writer.settings().retry.attempt_timeout / 2;
    let results = writer.write(numbered(2, 1), Deadline::after(now(), half)).await;
    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(error, WriteError::Expired), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotWritten);
    }
}

#[tokio::test(start_paused = true)]
async fn what_found_no_connection_within_an_attempt_is_sent_again_and_is_no_duplicate() {
    let kinesis = FakeKinesis::with_shards(1);
    kinesis.configure(|fake| fake.requests_to_hold_back = 1);
    let writer = writer(&kinesis, |settings| settings.on_unknown_outcome = OnUnknownOutcome::Report);
    let results = writer.write(numbered(2, 1), within(60)).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|receipt| !receipt.possibly_duplicated)));
    assert_eq!((copies(&kinesis, 0), copies(&kinesis, 1)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_response_with_too_few_or_too_many_results_acknowledges_nothing() {
    for found in [2, 4] {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| {
            fake.answers_to_truncate = usize::from(found < 3);
            fake.answers_to_extend = usize::from(found > 3);
        });
        let writer = writer(&kinesis, |settings| settings.rate_limit_percent = None);
        let results = writer.write(numbered(3, 3), within(60)).await;
        for result in results {
            let cause = UnknownCause::WrongResultCount { entries: 3, results: found };
            let Err(WriteError::OutcomeUnknown(told)) = result else { panic!("acknowledged") };
            assert_eq!(told.to_string(), cause.to_string());
        }
    }
}

/// It is not known to be unwritten: sent again as if it were, it would be in the stream twice, and nobody would be told.
#[tokio::test(start_paused = true)]
async fn an_unreadable_result_is_an_unknown_outcome_of_that_record_alone() {
    for on_unknown_outcome in [OnUnknownOutcome::Report, OnUnknownOutcome::SendAgain] {
        let kinesis = FakeKinesis::with_shards(1);
        kinesis.configure(|fake| fake.results_to_garble = 1);
        let writer = writer(&kinesis, |settings| {
            settings.on_unknown_outcome = on_unknown_outcome;
            settings.rate_limit_percent = None;
        });
        let results = writer.write(numbered(3, 3), within(60)).await;
        assert!(results[1..].iter().all(|result| result.as_ref().is_ok_and(|receipt| !receipt.possibly_duplicated)));
        match (on_unknown_outcome, &results[0]) {
            (OnUnknownOutcome::Report, Err(error)) => {
                assert!(matches!(error, WriteError::OutcomeUnknown(UnknownCause::UnreadableResult)), "{error:?}");
                assert_eq!(copies(&kinesis, 0), 1);
            }
            (OnUnknownOutcome::SendAgain, Ok(receipt)) => {
                assert!(receipt.possibly_duplicated);
                assert_eq!(copies(&kinesis, 0), 2);
            }
            (_, result) => panic!("{result:?}"),
        }
    }
}

/// The caller is struck down at every await in turn, comes back, and writes all that it saw no receipt for.
#[tokio::test(start_paused = true)]
async fn abandoned_calls_lose_nothing_and_acknowledged_records_are_written_once_by_their_call() {
    const RECORDS: u32 = 60;
    for polls in 0..40 {
        let kinesis = FakeKinesis::with_shards(3);
        kinesis.configure(|fake| fake.throttled_share = 0.3);
        let writer = writer(&kinesis, |settings| settings.on_unknown_outcome = OnUnknownOutcome::Report);
        {
            let mut crashing = pin!(writer.write(numbered(RECORDS, 10), within(60)));
            for _ in 0..polls {
                let _ = crashing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                tokio::time::advance(Duration::from_millis(3)).await;
            }
        }
        let before: Vec<_> = (0..RECORDS).map(|number| copies(&kinesis, number)).collect();
        assert!(before.iter().all(|copies| *copies <= 1));

        let results = writer.write(numbered(RECORDS, 10), within(60)).await;
        assert!(results.iter().all(Result::is_ok), "the shared state survives an abandoned call");
        for (number, before) in (0..).zip(before) {
            assert_eq!(copies(&kinesis, number), before + 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_repeats_what_is_not_acknowledged_keeps_the_order_of_first_copies() {
    let kinesis = FakeKinesis::with_shards(2);
    kinesis.configure(|fake| {
        fake.throttled_share = 0.2;
        fake.answers_to_lose = 2;
        fake.requests_to_lose = 2;
    });
    let writer = writer(&kinesis, |settings| settings.retry.attempt_timeout = Duration::from_millis(200));
    let mut to_write = numbered(2_000, 50);
    let mut rounds = 0;
    while !to_write.is_empty() {
        let results: Results = writer.write(to_write.clone(), within(60)).await;
        let unacknowledged = to_write.into_iter().zip(&results).filter(|(_, result)| result.is_err());
        to_write = unacknowledged.map(|(record, _)| record).collect();
        rounds += 1;
        assert!(rounds < 10);
    }
    assert!(rounds > 1);
    kinesis.read(|fake| {
        for (key, numbers) in numbers_by_key(fake) {
            let mut firsts = Vec::new();
            numbers.iter().for_each(|number| {
                if !firsts.contains(number) {
                    firsts.push(*number)
                }
            });
            assert!(firsts.is_sorted() && firsts.len() == 40, "{key}: {numbers:?}");
        }
    });
}
