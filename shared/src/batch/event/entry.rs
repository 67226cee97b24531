//! One entry of `Records`, read name by name.

use std::ops::Range;
use std::time::SystemTime;

use super::arrival_time::arrival_time;
use super::scanner::{NotJson, Scanner, Text};

/// What is wanted of an entry of `Records`.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) event_id: Option<Text>,
    pub(super) event_source: Option<Text>,
    pub(super) event_source_arn: Option<Text>,
    pub(super) kinesis: Option<Kinesis>,
}

/// What is wanted of an entry's Kinesis record.
#[derive(Debug, Default)]
pub(super) struct Kinesis {
    pub(super) sequence_number: Option<Text>,
    pub(super) partition_key: Option<Text>,
    pub(super) approximate_arrival_timestamp: Option<SystemTime>,
    /// Where the arrival time is written.
    pub(super) arrival_place: Option<Range<usize>>,
    pub(super) data: Option<Text>,
}

impl Entry {
    pub(super) fn take(scanner: &mut Scanner<'_>) -> Result<Self, NotJson> {
        let mut entry = Self::default();
        scanner.object(|scanner, name| {
            match scanner.bytes(name) {
                b"kinesis" => entry.kinesis = Kinesis::take(scanner)?,
                b"eventID" => entry.event_id = if_string(scanner, Scanner::string)?,
                b"eventSourceARN" => entry.event_source_arn = if_string(scanner, Scanner::string)?,
                // SNS writes it in Pascal case.
                b"eventSource" | b"EventSource" => entry.event_source = if_string(scanner, Scanner::string)?,
                _ => scanner.skip()?,
            }
            Ok::<(), NotJson>(())
        })?;
        Ok(entry)
    }
}

impl Kinesis {
    /// `None` if there is something else.
    fn take(scanner: &mut Scanner<'_>) -> Result<Option<Self>, NotJson> {
        if scanner.peek() != Some(b'{') {
            scanner.skip()?;
            return Ok(None);
        }
        let mut kinesis = Self::default();
        scanner.object(|scanner, name| {
            match scanner.bytes(name) {
                b"data" => kinesis.data = if_string(scanner, Scanner::base64_string)?,
                b"sequenceNumber" => kinesis.sequence_number = if_string(scanner, Scanner::string)?,
                b"partitionKey" => kinesis.partition_key = if_string(scanner, Scanner::string)?,
                b"approximateArrivalTimestamp" => {
                    scanner.peek();
                    let start = scanner.at();
                    kinesis.approximate_arrival_timestamp = arrival_time(scanner)?;
                    kinesis.arrival_place = Some(start..scanner.at());
                }
                _ => scanner.skip()?,
            }
            Ok::<(), NotJson>(())
        })?;
        Ok(Some(kinesis))
    }
}

/// Takes a string as `take` does, and anything else as nothing.
fn if_string<'a>(
    scanner: &mut Scanner<'a>,
    take: impl FnOnce(&mut Scanner<'a>) -> Result<Text, NotJson>,
) -> Result<Option<Text>, NotJson> {
    if scanner.peek() == Some(b'"') { take(scanner).map(Some) } else { scanner.skip().map(|()| None) }
}
