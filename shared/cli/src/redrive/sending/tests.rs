//! What is done about a destination's answers: attempts, pauses, the state, the pace.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use warmkeys::clock::SystemClock;

use super::*;
use crate::redrive::record::Record;
use crate::redrive::record::testing::record;

/// Answers as its script says, then delivers everything; notes when it was sent what.
#[derive(Default)]
struct Scripted {
    answers: RefCell<VecDeque<Result<Outcome, DestinationError>>>,
    sent: RefCell<Vec<(u64, Vec<String>)>>,
    begun: Option<Instant>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Result<Outcome, DestinationError>>) -> Self {
        let answers = RefCell::new(answers.into_iter().collect());
        Self { answers, sent: RefCell::default(), begun: Some(SystemClock.now().monotonic) }
    }

    fn log(&self) -> Vec<(u64, String)> {
        self.sent.borrow().iter().map(|(second, numbers)| (*second, numbers.join(","))).collect()
    }
}

impl SendBatch for Scripted {
    async fn send(&self, _: Kind, batch: &[Sent]) -> Result<Outcome, DestinationError> {
        let numbers = batch.iter().map(|sent| sent.record.sequence_number.clone()).collect();
        let second = self.begun.map(|begun| begun.elapsed().as_secs()).unwrap_or_default();
        self.sent.borrow_mut().push((second, numbers));
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| Ok(done_up_to(batch.len(), batch.len())))
    }
}

fn done_up_to(done: usize, len: usize) -> Outcome {
    let fates = (0..len).map(|place| if place < done { Fate::Delivered } else { Fate::NotYet });
    Outcome { fates: fates.collect(), why: (done < len).then(|| "throttled".to_owned()), is_final: false }
}

fn pace() -> Pace {
    Pace {
        batch_records: NonZeroUsize::new(10).unwrap(),
        records_per_second: None,
        max_attempts: NonZeroU32::new(3).unwrap(),
        retry_pause: Duration::from_secs(1),
    }
}

fn shard() -> Shard {
    Shard { stream_arn: "arn:stream".to_owned(), id: "shardId-1".to_owned() }
}

fn batch() -> Vec<Sent> {
    ["1", "2", "3"]
        .map(|number| Sent { record: Arc::new(record(number)), key: number.to_owned(), text: "{}".into() })
        .into()
}

struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("warmkeys-sending-{}-{number}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A file that stays behind harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn sent(destination: &Scripted, kind: Kind) -> (BatchEnd, Vec<bool>) {
    let place = Place::new();
    let mut state = State::open(&place.0, "function f").unwrap();
    let mut sender = Sender { destination, state: &mut state, pace: pace(), clock: &SystemClock, not_before: None };
    let end = sender.send(&shard(), kind, batch()).await.unwrap();
    let done = ["1", "2", "3"].map(|key| state.known().has(&shard(), key)).into();
    (end, done)
}

fn log(entries: &[(u64, &str)]) -> Vec<(u64, String)> {
    entries.iter().map(|(second, numbers)| (*second, (*numbers).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_sent_again_from_the_checkpoint_and_progress_renews_the_attempts() {
    let destination =
        Scripted::new([Ok(done_up_to(0, 3)), Ok(done_up_to(0, 3)), Ok(done_up_to(1, 3)), Ok(done_up_to(0, 2))]);
    let (end, done) = sent(&destination, Kind::Quarantined).await;
    assert_eq!((end.stopped, done), (None, vec![true; 3]));
    assert_eq!(destination.log(), log(&[(0, "1,2,3"), (1, "1,2,3"), (3, "1,2,3"), (4, "2,3"), (6, "2,3")]));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_fails_too_often_ends_its_shard_and_what_was_done_stays_done() {
    let destination = Scripted::new([Ok(done_up_to(2, 3)), Ok(done_up_to(0, 1)), Ok(done_up_to(0, 1))]);
    let (end, done) = sent(&destination, Kind::Quarantined).await;
    assert_eq!(end.stopped, Some(Stopped::Shard("throttled".to_owned())));
    assert_eq!(end.fates, [Fate::Delivered, Fate::Delivered, Fate::NotYet]);
    assert_eq!(done, [true, true, false]);
    assert_eq!(destination.log().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_holds_for_every_record_is_not_tried_again() {
    let denied = DestinationError::Unfit("access denied".to_owned());
    let (end, done) = sent(&Scripted::new([Err(denied)]), Kind::Quarantined).await;
    assert_eq!((end.stopped, done), (Some(Stopped::All("access denied".to_owned())), vec![false; 3]));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_quarantined_again_is_not_done_and_a_given_up_one_is() {
    let quarantined = || {
        let fates =
            vec![Fate::Delivered, Fate::Quarantined("wrong key".to_owned()), Fate::Refused("too large".to_owned())];
        Ok(Outcome { fates, why: None, is_final: false })
    };
    let (_, done) = sent(&Scripted::new([quarantined()]), Kind::Quarantined).await;
    assert_eq!(done, [true, false, false]);
    let (_, done) = sent(&Scripted::new([quarantined()]), Kind::GivenUp).await;
    assert_eq!(done, [true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn no_more_records_are_sent_in_a_second_than_asked_for() {
    let destination = Scripted::new([]);
    let place = Place::new();
    let mut state = State::open(&place.0, "function f").unwrap();
    let pace = Pace { records_per_second: NonZeroU32::new(1), ..pace() };
    let clock = &SystemClock;
    let mut sender = Sender { destination: &destination, state: &mut state, pace, clock, not_before: None };
    for _ in 0..2 {
        sender.send(&shard(), Kind::Quarantined, batch()).await.unwrap();
    }
    assert_eq!(destination.log(), log(&[(0, "1,2,3"), (3, "1,2,3")]));
}

#[test]
fn a_batch_is_of_one_kind_and_of_a_requests_size() {
    let item = |number: &str, kind, len| Item {
        record: Arc::new(Record { kind, len, ..record(number) }),
        key: number.to_owned(),
        text: None,
        holders: Vec::new(),
        status: Status::Open,
    };
    let small = |number: &str| item(number, Kind::Quarantined, 100);
    let two_kinds = [small("1"), small("2"), item("3", Kind::GivenUp, 100), small("4")];
    assert_eq!(pace().next_batch(&two_kinds), [0, 1]);
    let large =
        [item("1", Kind::GivenUp, 7_000_000), item("2", Kind::GivenUp, 3_000_000), item("3", Kind::GivenUp, 3_000_000)];
    assert_eq!(pace().next_batch(&large), [0]);
    assert_eq!(pace().next_batch(&large[1..]), [0], "with a comma they are one byte too long");
    let many: Vec<_> = (0..12).map(|number| small(&number.to_string())).collect();
    assert_eq!(pace().next_batch(&many).len(), 10);
    let slow = Pace { records_per_second: NonZeroU32::new(4), ..pace() };
    assert_eq!(slow.next_batch(&many).len(), 4);
    let mut started = many;
    started[0].status = Status::Done;
    assert_eq!(pace().next_batch(&started).first(), Some(&1));
}

#[test]
fn pauses_double_up_to_a_minute() {
    let pauses: Vec<_> = [1, 2, 3, 7, 8, u32::MAX].map(|failures| pace().pause(failures).as_secs()).into();
    assert_eq!(pauses, [1, 2, 4, 60, 60, 60]);
}
