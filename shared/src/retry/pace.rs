//! How fast requests may follow each other: pure decisions, learnt from what the service grants and what it throttles.

use std::time::Duration;

use tokio::time::Instant;

use self::grants::Grants;
use self::rate::Rate;
use super::RetryPolicy;

mod grants;
mod rate;

/// How many requests may be under way, and from the first throttling on also how fast they may follow each other.
///
/// A quota is counted by the second and shared with others that are not seen: other sandboxes, the account's other users. So nothing
/// is known of it but what it grants and what it throttles.
#[derive(Debug)]
pub(super) struct Pace {
    most_under_way: usize,
    /// Requests that were granted since the last one that was throttled.
    granted_in_a_row: u32,
    /// Rounds are parted by the throttlings that were heeded. A request belongs to the round in which it was sent.
    round: u64,
    grants: Grants,
    stage: Stage,
}

/// What is known of the quota.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing is throttled, so that only the number of requests under way is limited. It grows by half with each round trip: a
    /// large quota is used after a few of them, and a small one throttles few requests.
    Open,
    /// So many times in a row everything was throttled, and nothing was granted by which to judge. One request at a time finds out
    /// when the service grants some again.
    Probing { throttled: u32, next: Instant },
    /// Some is granted and some is throttled.
    Paced(Rate),
}

/// What is to be done about a request that wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may be sent.
    Now,
    /// Its turn comes after this time, if nothing changes until then.
    After(Duration),
    /// Its turn comes when one that is under way has ended.
    WhenOneEnds,
}

impl Pace {
    /// The most requests under way at the beginning: more than one, so that one slow answer does not hold up the rest.
    const FIRST_WINDOW: usize = 2;

    /// So many grants allow one more request under way. Two make it grow by half with each round trip; one would double it, and
    /// cost a cold sandbox half as many throttled requests again.
    const GRANTS_PER_GROWTH: usize = 2;

    /// Nothing is known yet. At most `most_under_way` requests are under way at once.
    pub(super) fn new(most_under_way: usize) -> Self {
        Self { most_under_way, granted_in_a_row: 0, round: 0, grants: Grants::default(), stage: Stage::Open }
    }

    /// The most requests that may be under way now.
    pub(super) fn window(&self) -> usize {
        match self.stage {
            Stage::Open => {
                let growth = usize::try_from(self.granted_in_a_row).unwrap_or(usize::MAX) / Self::GRANTS_PER_GROWTH;
                Self::FIRST_WINDOW.saturating_add(growth).min(self.most_under_way)
            }
            Stage::Probing { .. } => 1,
            // The rate holds back; the number under way need not.
            Stage::Paced(_) => self.most_under_way,
        }
    }

    /// The round to which a request belongs that is sent now.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// The rate at which requests may follow each other, if it is limited.
    pub(super) fn requests_per_second(&self) -> Option<f64> {
        match self.stage {
            Stage::Open | Stage::Probing { .. } => None,
            Stage::Paced(rate) => Some(rate.per_second()),
        }
    }

    /// Whether nothing is throttled, as far as is known.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Open => true,
            Stage::Probing { .. } => false,
            Stage::Paced(rate) => rate.is_outdated(now),
        }
    }

    /// Whether one more request may be sent at `now`, when `under_way` are under way.
    pub(super) fn turn(&self, under_way: usize, now: Instant) -> Turn {
        if under_way >= self.window() {
            return Turn::WhenOneEnds;
        }
        let wait = match self.stage {
            Stage::Open => Duration::ZERO,
            Stage::Probing { next, .. } => next.saturating_duration_since(now),
            Stage::Paced(rate) => rate.wait(now),
        };
        if wait.is_zero() { Turn::Now } else { Turn::After(wait) }
    }

    /// A request is sent at `now`. Jitter is from 0 (inclusive) to 1 (exclusive), and drawn only if it is needed.
    pub(super) fn sent(&mut self, now: Instant, jitter: impl FnOnce() -> f64) {
        match &mut self.stage {
            Stage::Open | Stage::Probing { .. } => {}
            Stage::Paced(rate) if rate.is_outdated(now) => self.stage = Stage::Open,
            Stage::Paced(rate) => rate.sent(now, jitter()),
        }
    }

    /// A request was answered at `now`, and not throttled.
    pub(super) fn granted(&mut self, now: Instant) {
        self.grants.note(now);
        self.granted_in_a_row = self.granted_in_a_row.saturating_add(1);
        match &mut self.stage {
            Stage::Open => {}
            Stage::Probing { .. } => self.stage = Stage::Paced(Rate::lowest(now)),
            Stage::Paced(rate) => rate.granted(self.granted_in_a_row),
        }
    }

    /// A request of `round` was throttled at `now`. The others of the same round tell nothing new: one volley slows down once.
    pub(super) fn throttled(&mut self, round: u64, now: Instant, policy: &RetryPolicy) {
        if round < self.round {
            return;
        }
        self.round = self.round.wrapping_add(1);
        self.granted_in_a_row = 0;
        let jitter = policy.jitter.draw();
        self.stage = match self.stage {
            Stage::Paced(rate) => Stage::Paced(rate.throttled(now, jitter)),
            Stage::Open => match self.grants.in_the_last_second(now) {
                0 => Self::probing(1, now, policy, jitter),
                granted => Stage::Paced(Rate::first(granted, now, jitter)),
            },
            Stage::Probing { throttled, .. } => Self::probing(throttled.saturating_add(1), now, policy, jitter),
        };
    }

    /// The next probe comes after the policy's delay. Never after less than half of it: others may be probing too.
    fn probing(throttled: u32, now: Instant, policy: &RetryPolicy, jitter: f64) -> Stage {
        let next = now + policy.delay_bound(throttled).mul_f64(0.5 + jitter / 2.0);
        Stage::Probing { throttled, next }
    }
}

#[cfg(test)]
mod tests;
