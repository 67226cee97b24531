//! The shape of an event's records: what is the same in all of them.

use std::ops::Range;

use super::arrival_time::of_thousandths;
use super::entry::{Entry, Kinesis};
use super::scanner::{Scanner, Text};

/// How a record is written: everything in it but the values that differ, and in which order these come.
///
/// Lambda writes every record of an event in the same way. Once one was read name by name, the others need only be compared with it,
/// which is several times quicker. Where the bytes between the values are the same, so is the JSON.
#[derive(Debug)]
pub(super) struct Shape {
    /// The value of the stream's ARN, which is part of the first or another literal.
    event_source_arn: Text,
    /// What comes before each value, as its place in the record that the shape is of.
    values: Vec<(Range<usize>, Value)>,
    /// What comes after the last value, up to the record's end.
    rest: Range<usize>,
}

/// A value that differs from record to record.
#[derive(Clone, Copy, Debug)]
enum Value {
    EventId,
    SequenceNumber,
    PartitionKey,
    Data,
    /// The first of its digits, and not a quote, ends the literal before it.
    ArrivalTime,
}

impl Shape {
    /// The shape of `entry`, which stands at `record`. `None` if it is not as Lambda writes one.
    pub(super) fn of(entry: &Entry, record: Range<usize>) -> Option<Self> {
        let kinesis = entry.kinesis.as_ref()?;
        let event_source_arn = entry.event_source_arn.clone()?;
        event_source_arn.place()?;
        let mut values = vec![
            (entry.event_id.as_ref()?.place()?, Value::EventId),
            (kinesis.sequence_number.as_ref()?.place()?, Value::SequenceNumber),
            (kinesis.partition_key.as_ref()?.place()?, Value::PartitionKey),
            (kinesis.data.as_ref()?.place()?, Value::Data),
            (kinesis.arrival_place.clone()?, Value::ArrivalTime),
        ];
        values.sort_unstable_by_key(|(place, _value)| place.start);
        let mut literal_start = record.start;
        for (place, _value) in &mut values {
            let literal = literal_start..place.start;
            literal_start = place.end;
            *place = literal;
        }
        Some(Self { event_source_arn, values, rest: literal_start..record.end })
    }

    /// Takes a record of this shape. `None`, with nothing taken, if the next one is of another.
    pub(super) fn take(&self, scanner: &mut Scanner<'_>) -> Option<Entry> {
        let start = scanner.at();
        let entry = self.entry(scanner);
        if entry.is_none() {
            scanner.go_back_to(start);
        }
        entry
    }

    fn entry(&self, scanner: &mut Scanner<'_>) -> Option<Entry> {
        let mut kinesis = Kinesis::default();
        let mut event_id = None;
        for (literal, value) in &self.values {
            scanner.take_same(literal)?;
            match value {
                Value::EventId => event_id = Some(scanner.rest_of_string()?),
                Value::SequenceNumber => kinesis.sequence_number = Some(scanner.rest_of_string()?),
                Value::PartitionKey => kinesis.partition_key = Some(scanner.rest_of_string()?),
                Value::Data => kinesis.data = Some(scanner.rest_of_base64()?),
                Value::ArrivalTime => {
                    kinesis.approximate_arrival_timestamp = of_thousandths(scanner.take_thousandths()?);
                }
            }
        }
        scanner.take_same(&self.rest)?;
        Some(Entry {
            event_id,
            event_source: None,
            event_source_arn: Some(self.event_source_arn.clone()),
            kinesis: Some(kinesis),
        })
    }
}
