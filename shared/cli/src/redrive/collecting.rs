//! Reading everything that the sources hold.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::aws_failure::{AwsFailure, Fault};
use super::content::{self, Content};
use super::inventory::{Inventory, Item, Place, keyed};
use super::record::Found;
use super::screen;
use super::source::{Bucket, ObjectPlace, Queue, SourceName, StreamError, StreamReader};

/// The sources, open.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) bucket: Bucket,
    pub(crate) queues: Vec<Queue>,
    stream: StreamReader,
    /// Buckets and beginnings of keys.
    prefixes: Vec<(String, String)>,
}

const NO_RECORDS: &str = "it has no records";

/// Objects that are read at once.
const CONCURRENT_READS: usize = 16;

/// What one object or message gave: its records, and the object that has them in a message's place.
type Held = Result<(Vec<Found>, Option<ObjectPlace>), Problem>;

/// Why there is nothing to be had of an object or a message, though of others there may be.
struct Problem(String);

impl Sources {
    pub(crate) async fn open(
        sdk: &SdkConfig,
        names: &[SourceName],
        visibility_seconds: i32,
    ) -> Result<Self, AwsFailure> {
        let (mut queues, mut prefixes) = (Vec::new(), Vec::new());
        for name in names {
            match name {
                SourceName::Queue(name) => queues.push(Queue::open(sdk, name, visibility_seconds).await?),
                SourceName::Bucket { bucket, prefix } => prefixes.push((bucket.clone(), prefix.clone())),
            }
        }
        Ok(Self { bucket: Bucket::new(sdk), queues, stream: StreamReader::new(sdk), prefixes })
    }

    /// Everything that is there now.
    pub(crate) async fn collect(&self) -> Result<Inventory, AwsFailure> {
        let mut inventory = Inventory::default();
        for (bucket, prefix) in &self.prefixes {
            self.collect_objects(bucket, prefix, &mut inventory).await?;
        }
        for number in 0..self.queues.len() {
            self.collect_messages(number, &mut inventory).await?;
        }
        Ok(inventory)
    }

    async fn collect_objects(&self, bucket: &str, prefix: &str, inventory: &mut Inventory) -> Result<(), AwsFailure> {
        let listed = self.bucket.list(bucket, prefix).await?;
        if !listed.is_empty() {
            screen::progress(&format!("reading {} objects of s3://{bucket}/{prefix}", listed.len()));
        }
        let read = |(place, size): (ObjectPlace, i64)| async move {
            let held = match size {
                0..=Bucket::MAX_OBJECT_BYTES => self.read_object(&place).await?,
                _ => Err(Problem("it is too large to be one of Lambda's or the function's".to_owned())),
            };
            Ok::<_, AwsFailure>((place, held))
        };
        // In the order of their keys, which is that of time: what is found twice is kept where it was first.
        let mut held = stream::iter(listed).map(read).buffered(CONCURRENT_READS);
        while let Some((place, held)) = held.try_next().await? {
            match held {
                Ok((found, _)) if found.is_empty() => inventory.problems.push(format!("{place}: {NO_RECORDS}")),
                Ok((found, _)) => inventory.add(Place::Object(place), found),
                Err(Problem(why)) => inventory.problems.push(format!("{place}: {why}")),
            }
        }
        Ok(())
    }

    async fn collect_messages(&self, queue: usize, inventory: &mut Inventory) -> Result<(), AwsFailure> {
        let Some(open) = self.queues.get(queue) else { return Ok(()) };
        let received = open.receive().await?;
        if received.is_part {
            screen::warn(
                "the queue has more messages than may be held at once: order holds among these; run again for the others",
            );
        }
        for message in received.messages {
            match self.resolve(message.body.as_bytes()).await? {
                Ok((found, _)) if found.is_empty() => {
                    inventory.problems.push(format!("message {}: {NO_RECORDS}", message.id));
                }
                Ok((found, object)) => {
                    let place = Place::Message { queue, id: message.id, body: message.body.into(), object };
                    inventory.add(place, found);
                }
                Err(Problem(why)) => inventory.problems.push(format!("message {}: {why}", message.id)),
            }
        }
        Ok(())
    }

    async fn read_object(&self, place: &ObjectPlace) -> Result<Held, AwsFailure> {
        match self.bucket.get(place).await {
            Ok(json) => self.resolve(&json).await,
            Err(failure) if failure.fault == Fault::NotFound => Ok(Err(Problem("it is gone".to_owned()))),
            Err(failure) => Err(failure),
        }
    }

    /// The records of a text, wherever it says that they are.
    async fn resolve(&self, json: &[u8]) -> Result<Held, AwsFailure> {
        match content::read(json) {
            Ok(Content::Records(found)) => Ok(Ok((found, None))),
            Ok(Content::Place(batch)) => match self.stream.read(&batch).await {
                Ok(found) => {
                    if batch.records > 0 && found.len() as u64 > batch.records {
                        screen::warn(&format!(
                            "{} has {} records between the places of a batch of {}: the others were in batches beside it \
                             (ParallelizationFactor), and come a second time",
                            batch.shard.id,
                            found.len(),
                            batch.records
                        ));
                    }
                    Ok(Ok((found, None)))
                }
                Err(StreamError::Aws(failure)) => Err(failure),
                Err(error) => Ok(Err(Problem(format!("{error} ({} to {})", batch.first, batch.last)))),
            },
            Ok(Content::Elsewhere(object)) => {
                let place = ObjectPlace { bucket: object.bucket, key: object.key };
                match self.bucket.get(&place).await {
                    Ok(json) => match content::read(&json) {
                        Ok(Content::Records(found)) => Ok(Ok((found, Some(place)))),
                        Ok(_) => Ok(Err(Problem(format!("{place}, where its record is, has none")))),
                        Err(error) => Ok(Err(Problem(format!("{place}, where its record is: {error}")))),
                    },
                    Err(failure) if failure.fault == Fault::NotFound => {
                        Ok(Err(Problem(format!("{place}, where its record is, is gone"))))
                    }
                    Err(failure) => Err(failure),
                }
            }
            Err(error) => Ok(Err(Problem(error.to_string()))),
        }
    }

    /// The texts of `items`, of which those are read again that are not in memory. `None` for what is gone meanwhile.
    pub(crate) async fn texts(
        &self,
        inventory: &Inventory,
        items: &[&Item],
    ) -> Result<Vec<Option<Arc<str>>>, AwsFailure> {
        let mut missing: Vec<usize> =
            items.iter().filter(|item| item.text.is_none()).filter_map(|item| item.holders.first().copied()).collect();
        missing.sort_unstable();
        missing.dedup();
        let read = |number: usize| async move {
            let held = match inventory.holders.get(number).map(|holder| &holder.place) {
                Some(Place::Object(place)) => self.read_object(place).await?,
                Some(Place::Message { body, .. }) => self.resolve(body.as_bytes()).await?,
                None => Err(Problem(String::new())),
            };
            Ok::<_, AwsFailure>(held.map(|(found, _)| found).unwrap_or_default())
        };
        let read: Vec<Vec<Found>> = stream::iter(missing).map(read).buffered(CONCURRENT_READS).try_collect().await?;
        let read: HashMap<String, String> =
            read.into_iter().flat_map(keyed).map(|(key, found)| (key, found.text)).collect();
        let text = |item: &&Item| item.text.clone().or_else(|| Some(Arc::from(read.get(&item.key)?.as_str())));
        Ok(items.iter().map(text).collect())
    }

    /// Makes every message that is held visible to others again.
    pub(crate) async fn release(&self) -> Result<usize, AwsFailure> {
        let mut released = 0;
        for queue in &self.queues {
            released += queue.release().await?;
        }
        Ok(released)
    }
}
