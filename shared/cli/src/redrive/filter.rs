//! Which records are meant.

use std::time::SystemTime;

use super::record::Record;

/// Which records are meant. What is not set lets all pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Their shards; empty: all.
    pub(crate) shards: Vec<String>,
    /// The first moment of arrival.
    pub(crate) since: Option<SystemTime>,
    /// The first moment that is too late.
    pub(crate) until: Option<SystemTime>,
    /// A part of the reason, in lower case.
    pub(crate) reason: Option<String>,
}

impl Filter {
    /// Whether a record is meant. One whose arrival is not known is not, where a time is asked for.
    pub(crate) fn passes(&self, shard_id: &str, record: &Record) -> bool {
        let shard = self.shards.is_empty() || self.shards.iter().any(|wanted| wanted == shard_id);
        let arrived = |holds: fn(SystemTime, SystemTime) -> bool, bound: Option<SystemTime>| {
            bound.is_none_or(|bound| record.arrival.is_some_and(|arrival| holds(arrival, bound)))
        };
        let reason = self.reason.as_ref().is_none_or(|wanted| record.reason.to_lowercase().contains(wanted.as_str()));
        shard
            && arrived(|arrival, since| arrival >= since, self.since)
            && arrived(|arrival, until| arrival < until, self.until)
            && reason
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::redrive::record::testing::record;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn passes(filter: &Filter, arrival: Option<SystemTime>) -> bool {
        filter.passes("shardId-1", &Record { arrival, ..record("7") })
    }

    #[test]
    fn the_span_of_time_has_its_beginning_and_not_its_end() {
        let filter = Filter { since: Some(at(10)), until: Some(at(20)), ..Filter::default() };
        let within: Vec<_> = [9, 10, 19, 20].map(|second| passes(&filter, Some(at(second)))).into();
        assert_eq!(within, [false, true, true, false]);
        assert!(!passes(&filter, None));
        assert!(passes(&Filter::default(), None));
    }

    #[test]
    fn a_reason_is_found_in_any_case() {
        let with = |reason: &str| Filter { reason: Some(reason.to_lowercase()), ..Filter::default() };
        assert!(passes(&with("KEY is not Allowed"), None));
        assert!(!passes(&with("damaged"), None));
    }

    #[test]
    fn only_the_shards_asked_for_pass() {
        let of = |shard: &str| Filter { shards: vec![shard.to_owned()], ..Filter::default() };
        assert!(passes(&of("shardId-1"), None));
        assert!(!passes(&of("shardId-2"), None));
    }
}
