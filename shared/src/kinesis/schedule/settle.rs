//! Gives the records of an entry their fate, and moves their lanes on.

use std::cmp::Reverse;

use tokio::time::Instant;

use super::Schedule;
use super::request::Member;
use super::slot::{Slot, State};
use crate::kinesis::error::WriteError;
use crate::kinesis::record::Receipt;

/// What is to become of a record that was under way.
pub(super) enum Fate {
    Acknowledged(Receipt),
    /// Back to its queue's front, or to its end at a given time.
    SendAgain {
        not_before: Option<Instant>,
    },
    Failed(WriteError),
}

impl Schedule<'_> {
    /// Gives every member of an entry the fate that `judge` finds for it, and moves their lanes on.
    ///
    /// Members of one lane stand behind each other, in order. A lane moves on when all its members are acknowledged; else its
    /// first unacknowledged member is queued again, and the others wait behind it.
    pub(super) fn settle(&mut self, members: &[Member], mut judge: impl FnMut(&mut Slot, usize) -> Fate) {
        let mut lane = Lane::Clear;
        for (position, member) in members.iter().enumerate() {
            if !member.follows {
                lane = Lane::Clear;
            }
            match (judge(&mut self.slots[member.index], position), &lane) {
                (Fate::Acknowledged(receipt), _) => self.finish(member.index, Ok(receipt)),
                (Fate::SendAgain { not_before }, Lane::Clear) => {
                    self.slots[member.index].state = State::Waiting;
                    match not_before {
                        None => self.returned.push(member.index),
                        Some(at) => self.delayed.push(Reverse((at, member.index))),
                    }
                    lane = Lane::SentAgain;
                }
                (Fate::SendAgain { .. }, Lane::SentAgain) => self.slots[member.index].state = State::Waiting,
                (Fate::SendAgain { .. }, Lane::Failed { index }) => {
                    let index = *index;
                    self.fail(member.index, WriteError::EarlierRecordFailed { index });
                }
                (Fate::Failed(error), _) => {
                    self.fail(member.index, error);
                    lane = Lane::Failed { index: member.index };
                }
            }
            let lane_ends = members.get(position + 1).is_none_or(|next| !next.follows);
            if let (true, Lane::Clear, Some(next)) = (lane_ends, &lane, self.successor(member.index)) {
                self.enqueue(next);
            }
        }
    }
}

/// What is known of the members of a lane that have been settled.
enum Lane {
    /// All acknowledged.
    Clear,
    /// One is queued again.
    SentAgain,
    /// One failed for good.
    Failed { index: usize },
}
