//! The lanes of the event source mapping, which take turns.

use std::time::SystemTime;

use super::shard::{RecordLane, ShardRecords};
use crate::event_source_mapping::{Batch, BatchResult, Lane, MappingSettings, Step};

/// The lanes of all shards.
#[derive(Debug)]
pub(super) struct SourceLanes {
    lanes: Vec<SourceLane>,
}

#[derive(Debug)]
struct SourceLane {
    lane: Lane,
    records: RecordLane,
    /// How many of its records have been put.
    put: usize,
}

/// What the mapping does next.
#[derive(Debug)]
pub(super) enum Next {
    /// It invokes the function with a batch of this lane.
    Invoke(usize, Batch),
    /// Nothing before this moment, unless records are put.
    WaitUntil(SystemTime),
    /// Nothing until records are put.
    Idle,
    /// Nothing: all is done.
    End,
}

impl SourceLanes {
    pub(super) fn new(records: &ShardRecords, mapping: &MappingSettings) -> Self {
        let lane =
            |records: &RecordLane| SourceLane { lane: Lane::new(mapping.clone()), records: records.clone(), put: 0 };
        Self { lanes: records.lanes.iter().map(lane).collect() }
    }

    /// Producers put as many more records into each lane as `draw` says.
    pub(super) fn put_some(&mut self, records: &ShardRecords, mut draw: impl FnMut() -> usize) {
        for SourceLane { lane, records: of_lane, put } in &mut self.lanes {
            for record in records.stored[of_lane.stored.clone()].iter().skip(*put).take(draw()) {
                lane.push(record.clone());
                *put += 1;
            }
        }
    }

    /// What comes next at `now`, looking at the lane `first` first. `None` if a lane gave records up.
    pub(super) fn next(&mut self, first: usize, now: SystemTime) -> Option<Next> {
        let (mut earliest, mut is_idle) = (None::<SystemTime>, false);
        let len = self.lanes.len();
        for number in (0..len).map(|offset| (first + offset) % len) {
            let SourceLane { lane, records, put } = &mut self.lanes[number];
            let (step, discards) = lane.next(now);
            if !discards.is_empty() {
                return None;
            }
            match step {
                Step::Invoke(batch) => return Some(Next::Invoke(number, batch)),
                Step::WaitUntil(at) => earliest = Some(earliest.map_or(at, |earliest| earliest.min(at))),
                Step::Idle => is_idle |= *put < records.stored.len(),
            }
        }
        Some(match earliest {
            Some(at) => Next::WaitUntil(at),
            None if is_idle => Next::Idle,
            None => Next::End,
        })
    }

    /// Takes back a batch of a lane.
    pub(super) fn settle(&mut self, lane: usize, batch: Batch, result: BatchResult, now: SystemTime) {
        self.lanes[lane].lane.settle(batch, result, now);
    }
}
