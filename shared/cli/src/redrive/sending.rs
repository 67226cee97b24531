//! Sending one batch until all of it is done, or it is clear that it will not be.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use warmkeys::clock::Clock;

use super::destination::{DestinationError, Fate, Outcome, SendBatch, Sent};
use super::inventory::{Item, Status};
use super::record::{Kind, Shard};
use super::screen;
use super::state::{Batch, State, StateError};

/// How batches are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) batch_records: NonZeroUsize,
    pub(crate) records_per_second: Option<NonZeroU32>,
    pub(crate) max_attempts: NonZeroU32,
    pub(crate) retry_pause: Duration,
}

impl Pace {
    /// "6 MB each for request and response", less what surrounds the records.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    const MAX_BATCH_BYTES: usize = 6_000_000;
    /// The longest pause between two attempts.
    const MAX_PAUSE: Duration = Duration::from_secs(60);

    /// The places of the records of the next batch: the first open ones, of one kind, as many as one request takes.
    pub(crate) fn next_batch(&self, items: &[Item]) -> Vec<usize> {
        let in_a_second = self.records_per_second.map_or(usize::MAX, |records| records.get() as usize);
        let most = self.batch_records.get().min(in_a_second);
        let mut places = Vec::new();
        let (mut kind, mut bytes): (Option<Kind>, usize) = (None, 0);
        for (place, item) in items.iter().enumerate().filter(|(_, item)| item.status == Status::Open) {
            bytes += item.record.len + 1;
            let fits = places.is_empty() || bytes <= Self::MAX_BATCH_BYTES;
            if places.len() == most || !fits || kind.is_some_and(|kind| kind != item.record.kind) {
                break;
            }
            kind = Some(item.record.kind);
            places.push(place);
        }
        places
    }

    /// The pause after so many failures in a row (at least one).
    fn pause(&self, failures: u32) -> Duration {
        self.retry_pause.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(Self::MAX_PAUSE)
    }
}

/// Sends batches, one at a time.
#[derive(Debug)]
pub(crate) struct Sender<'a, D> {
    pub(crate) destination: &'a D,
    pub(crate) state: &'a mut State,
    pub(crate) pace: Pace,
    pub(crate) clock: &'a dyn Clock,
    /// When the next records may be sent.
    pub(crate) not_before: Option<Instant>,
}

/// How the sending of a batch ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BatchEnd {
    /// What became of each record.
    pub(crate) fates: Vec<Fate>,
    /// Why those left are not done; `None` if none is left.
    pub(crate) stopped: Option<Stopped>,
}

/// Why a batch was not sent to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The same record failed too often. Another shard's may go better.
    Shard(String),
    /// It would be the same for every record.
    All(String),
}

impl<D: SendBatch> Sender<'_, D> {
    /// Sends `batch`, which is of one kind, until all of it is done or the attempts are over, and notes in the state what is done.
    ///
    /// # Errors
    /// The state cannot be written: then nothing more may be sent.
    pub(crate) async fn send(&mut self, shard: &Shard, kind: Kind, batch: Vec<Sent>) -> Result<BatchEnd, StateError> {
        let mut fates = vec![Fate::NotYet; batch.len()];
        let mut failures = 0;
        loop {
            let left: Vec<usize> = places_of(&fates, &Fate::NotYet);
            let part: Vec<Sent> = left.iter().filter_map(|place| batch.get(*place).cloned()).collect();
            let Some(told) = told(shard, &part) else { return Ok(BatchEnd { fates, stopped: None }) };
            self.keep_pace(part.len()).await;
            self.state.sending(told)?;
            let sent = self.destination.send(kind, &part).await;
            let outcome = match sent {
                Ok(outcome) => outcome,
                Err(error) => Outcome { is_final: true, ..Outcome::nothing(part.len(), words(&error)) },
            };
            for (place, fate) in left.iter().zip(outcome.fates) {
                if let Some(known) = fates.get_mut(*place) {
                    *known = fate;
                }
            }
            let done: Vec<&Sent> = left
                .iter()
                .filter(|place| fates.get(**place).is_some_and(|fate| is_done(fate, kind)))
                .filter_map(|place| batch.get(*place))
                .collect();
            self.state.done(shard, done.iter().map(|sent| sent.key.clone()).collect())?;

            let still_left = places_of(&fates, &Fate::NotYet).len();
            let why = outcome.why.unwrap_or_else(|| "it was not finished".to_owned());
            match () {
                () if still_left == 0 => return Ok(BatchEnd { fates, stopped: None }),
                () if outcome.is_final => return Ok(BatchEnd { fates, stopped: Some(Stopped::All(why)) }),
                () if still_left < left.len() => failures = 1,
                () => failures += 1,
            }
            if failures >= self.pace.max_attempts.get() {
                return Ok(BatchEnd { fates, stopped: Some(Stopped::Shard(why)) });
            }
            screen::progress(&format!("{}: {still_left} records are to be sent again: {why}", shard.id));
            sleep(self.pace.pause(failures)).await;
        }
    }

    /// Waits until so many records may be sent.
    async fn keep_pace(&mut self, records: usize) {
        let Some(in_a_second) = self.pace.records_per_second else { return };
        if let Some(not_before) = self.not_before {
            sleep_until(not_before).await;
        }
        let takes = Duration::from_secs_f64(records as f64 / f64::from(in_a_second.get()));
        self.not_before = Some(self.clock.now().monotonic + takes);
    }
}

/// Whether this is the end of a record. A given-up record was never judged: where the function puts it, it belongs. A quarantined one
/// that is quarantined again has not come back.
pub(crate) fn is_done(fate: &Fate, kind: Kind) -> bool {
    match fate {
        Fate::Delivered => true,
        Fate::Quarantined(_) => kind == Kind::GivenUp,
        Fate::Refused(_) | Fate::NotYet => false,
    }
}

fn places_of(fates: &[Fate], wanted: &Fate) -> Vec<usize> {
    fates.iter().enumerate().filter(|(_, fate)| *fate == wanted).map(|(place, _)| place).collect()
}

/// What is noted of a batch that is being sent; `None` if it is empty.
fn told(shard: &Shard, batch: &[Sent]) -> Option<Batch> {
    Some(Batch {
        shard_id: shard.id.clone(),
        first_sequence_number: batch.first()?.record.sequence_number.clone(),
        last_sequence_number: batch.last()?.record.sequence_number.clone(),
        records: batch.len(),
    })
}

fn words(error: &DestinationError) -> String {
    warmkeys::failure::describe(error)
}

#[cfg(test)]
mod tests;
