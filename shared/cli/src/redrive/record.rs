//! One record that is to come back.

use std::cmp::Ordering;
use std::time::SystemTime;

/// What kind of place a record was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Lambda gave it up: it was never judged.
    GivenUp,
    /// The function put it into quarantine.
    Quarantined,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GivenUp => "given up",
            Self::Quarantined => "quarantined",
        }
    }
}

/// The stream and the shard that a record was read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Shard {
    /// The stream's ARN, also where a consumer of it was named.
    pub(crate) stream_arn: String,
    pub(crate) id: String,
}

/// One record that is to come back: all but its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) sequence_number: String,
    /// The place in an aggregate that the function took apart.
    pub(crate) sub_sequence_number: Option<u32>,
    /// Made of its place and content, so that the same record is known wherever it is found.
    pub(crate) id: String,
    pub(crate) arrival: Option<SystemTime>,
    pub(crate) kind: Kind,
    pub(crate) reason: String,
    /// The length of its text.
    pub(crate) len: usize,
}

impl Record {
    /// The order of the shard. Sequence numbers have more digits than a number of this machine, so they are compared as text.
    pub(crate) fn shard_order(&self, other: &Self) -> Ordering {
        let digits = |record: &Self| record.sequence_number.trim_start_matches('0').to_owned();
        let (own, others) = (digits(self), digits(other));
        own.len()
            .cmp(&others.len())
            .then_with(|| own.cmp(&others))
            .then_with(|| self.sub_sequence_number.cmp(&other.sub_sequence_number))
    }
}

/// A record as it was found: with its bytes, as the JSON that a function is sent.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) shard: Shard,
    pub(crate) record: Record,
    /// An entry of a Kinesis event's `Records`, or a quarantine envelope: by the record's kind.
    pub(crate) text: String,
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A record at this place, of which nothing else matters.
    pub(crate) fn record(sequence_number: &str) -> Record {
        Record {
            sequence_number: sequence_number.to_owned(),
            sub_sequence_number: None,
            id: format!("{sequence_number}-0"),
            arrival: None,
            kind: Kind::Quarantined,
            reason: "the key is not allowed".to_owned(),
            len: 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::record;
    use super::*;

    #[test]
    fn records_are_in_the_order_of_their_numbers_whatever_their_length() {
        let mut records: Vec<_> = ["100", "9", "0010", "99"].map(record).into();
        records.sort_by(Record::shard_order);
        let order: Vec<_> = records.iter().map(|record| record.sequence_number.as_str()).collect();
        assert_eq!(order, ["9", "0010", "99", "100"]);
    }

    #[test]
    fn user_records_of_an_aggregate_are_in_the_order_of_their_places() {
        let at = |place| Record { sub_sequence_number: place, ..record("7") };
        assert_eq!(at(Some(2)).shard_order(&at(Some(10))), Ordering::Less);
        assert_eq!(at(None).shard_order(&at(Some(0))), Ordering::Less);
    }
}
