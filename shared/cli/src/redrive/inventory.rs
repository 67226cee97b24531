//! Everything that was found: each record once, in shard order, and which objects and messages hold it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::record::{Found, Record, Shard};
use super::source::ObjectPlace;

/// Where records were found: what is deleted once all of them are done.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) place: Place,
    /// How many of its records are not done.
    pub(crate) open: usize,
}

/// An object, or a message that is held.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Object(ObjectPlace),
    Message {
        /// The number of its queue.
        queue: usize,
        id: String,
        body: Arc<str>,
        /// The object that has its record, which is too large for a message.
        object: Option<ObjectPlace>,
    },
}

/// A record, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) record: Arc<Record>,
    /// The record's id, and which one it is of several with the same.
    pub(crate) key: String,
    /// What is sent; `None` if it is read again when its turn comes.
    pub(crate) text: Option<Arc<str>>,
    /// The numbers of all that hold it.
    pub(crate) holders: Vec<usize>,
    pub(crate) status: Status,
}

/// How far a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// To be sent.
    Open,
    /// Not asked for.
    LeftOut,
    /// By an earlier run.
    DoneBefore,
    /// By this run.
    Done,
    /// Sent, and in quarantine as before.
    QuarantinedAgain,
    /// It can never be sent.
    Refused,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) holders: Vec<Holder>,
    pub(crate) shards: BTreeMap<Shard, Vec<Item>>,
    /// What was found and is not understood or gone, in words.
    pub(crate) problems: Vec<String>,
    places: HashMap<Shard, HashMap<String, usize>>,
    kept_bytes: usize,
}

impl Inventory {
    /// The most bytes of records that are kept until their turn comes, beside messages, which cannot be read again. What goes beyond is read
    /// a second time then.
    const MAX_KEPT_BYTES: usize = 256 << 20;

    /// Adds the records that `place` holds, in their order.
    pub(crate) fn add(&mut self, place: Place, found: Vec<Found>) {
        let holder = self.holders.len();
        // The text of a record that is elsewhere can be read again, as that of an object.
        let must_keep = matches!(place, Place::Message { object: None, .. });
        let mut open = 0;
        for (key, Found { shard, record, text }) in keyed(found) {
            let items = self.shards.entry(shard.clone()).or_default();
            let places = self.places.entry(shard).or_default();
            open += 1;
            if let Some(item) = places.get(&key).and_then(|index| items.get_mut(*index)) {
                item.holders.push(holder);
                continue;
            }
            places.insert(key.clone(), items.len());
            let keep = must_keep || self.kept_bytes + text.len() <= Self::MAX_KEPT_BYTES;
            if keep && !must_keep {
                self.kept_bytes += text.len();
            }
            let text = keep.then(|| Arc::from(text));
            items.push(Item { record: Arc::new(record), key, text, holders: vec![holder], status: Status::Open });
        }
        self.holders.push(Holder { place, open });
    }

    /// Puts all records in shard order and gives each its status.
    pub(crate) fn settle(&mut self, status: impl Fn(&Shard, &Item) -> Status) {
        self.places = HashMap::new();
        for (shard, items) in &mut self.shards {
            // Stable: records that share a place stay as their event had them.
            items.sort_by(|one, other| one.record.shard_order(&other.record));
            for item in items.iter_mut() {
                item.status = status(shard, item);
                if item.status == Status::DoneBefore {
                    close(&mut self.holders, item);
                }
            }
        }
    }

    /// Notes that an item has come to an end; tells which holders have no open record any more.
    pub(crate) fn end(&mut self, shard: &Shard, index: usize, status: Status) -> Vec<usize> {
        let Some(item) = self.shards.get_mut(shard).and_then(|items| items.get_mut(index)) else { return Vec::new() };
        item.status = status;
        item.text = None;
        if status == Status::Done { close(&mut self.holders, item) } else { Vec::new() }
    }

    /// The records that are not done by an earlier run, with their shards.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&Shard, &Item)> {
        self.shards.iter().flat_map(|(shard, items)| items.iter().map(move |item| (shard, item)))
    }

    /// How many records have this status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.items().filter(|(_, item)| item.status == status).count()
    }
}

fn close(holders: &mut [Holder], item: &Item) -> Vec<usize> {
    let mut closed = Vec::new();
    for number in &item.holders {
        if let Some(holder) = holders.get_mut(*number) {
            holder.open = holder.open.saturating_sub(1);
            if holder.open == 0 {
                closed.push(*number);
            }
        }
    }
    closed
}

/// Records with their keys. Of several with one id, which only bytes that nobody encrypted can be, each counts.
pub(crate) fn keyed(found: Vec<Found>) -> impl Iterator<Item = (String, Found)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    found.into_iter().map(move |found| {
        let times = seen.entry(found.record.id.clone()).and_modify(|times| *times += 1).or_insert(0);
        let key = if *times == 0 { found.record.id.clone() } else { format!("{}#{times}", found.record.id) };
        (key, found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redrive::record::testing::record;

    fn shard() -> Shard {
        Shard { stream_arn: "arn:stream".to_owned(), id: "shardId-1".to_owned() }
    }

    fn found(number: &str) -> Found {
        Found { shard: shard(), record: record(number), text: format!("text of {number}") }
    }

    fn object(key: &str) -> Place {
        Place::Object(ObjectPlace { bucket: "bucket".to_owned(), key: key.to_owned() })
    }

    fn numbers(inventory: &Inventory) -> Vec<&str> {
        inventory.items().map(|(_, item)| item.record.sequence_number.as_str()).collect()
    }

    #[test]
    fn records_of_many_places_are_in_shard_order() {
        let mut inventory = Inventory::default();
        inventory.add(object("b"), vec![found("12"), found("100")]);
        inventory.add(object("a"), vec![found("9"), found("13")]);
        inventory.settle(|_, _| Status::Open);
        assert_eq!(numbers(&inventory), ["9", "12", "13", "100"]);
    }

    #[test]
    fn a_record_found_twice_is_one_and_its_end_closes_both_places() {
        let mut inventory = Inventory::default();
        inventory.add(object("a"), vec![found("9")]);
        inventory.add(object("b"), vec![found("9"), found("10")]);
        inventory.settle(|_, _| Status::Open);
        assert_eq!(numbers(&inventory), ["9", "10"]);
        assert_eq!(inventory.end(&shard(), 0, Status::Done), [0]);
        assert_eq!(inventory.end(&shard(), 1, Status::Done), [1]);
    }

    #[test]
    fn two_records_of_one_place_with_the_same_bytes_both_count() {
        let mut inventory = Inventory::default();
        inventory.add(object("a"), vec![found("9"), found("9")]);
        inventory.add(object("b"), vec![found("9"), found("9")]);
        inventory.settle(|_, _| Status::Open);
        assert_eq!(numbers(&inventory), ["9", "9"]);
        assert_eq!(inventory.end(&shard(), 0, Status::Done), Vec::<usize>::new());
        assert_eq!(inventory.end(&shard(), 1, Status::Done), [0, 1]);
    }

    #[test]
    fn a_place_with_a_record_that_is_not_done_stays_open() {
        let mut inventory = Inventory::default();
        inventory.add(object("a"), vec![found("9"), found("10")]);
        inventory.settle(|_, item| if item.key == "9-0" { Status::DoneBefore } else { Status::LeftOut });
        assert_eq!(inventory.holders[0].open, 1);
        assert_eq!(inventory.end(&shard(), 1, Status::QuarantinedAgain), Vec::<usize>::new());
        assert_eq!((inventory.count(Status::DoneBefore), inventory.count(Status::QuarantinedAgain)), (1, 1));
    }
}
