//! One run, from the sources to the report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_types::region::Region;
use warmkeys::clock::SystemClock;

use super::collecting::Sources;
use super::destination::{Destination, Fate, Sent};
use super::error::RedriveError;
use super::inventory::{Inventory, Place, Status};
use super::options::Options;
use super::record::{Kind, Shard};
use super::report::{Totals, dry_run};
use super::screen;
use super::sending::{Pace, Sender, Stopped, is_done};
use super::source::SourceName;
use super::state::{Done, State};

/// Runs it. Whether everything that was found has come back.
pub(crate) async fn run(options: &Options) -> Result<bool, RedriveError> {
    let is_fifo = options.from.iter().any(|source| matches!(source, SourceName::Queue(name) if name.is_fifo()));
    if is_fifo && !options.delete && !options.dry_run {
        return Err(RedriveError::FifoWithoutDelete);
    }
    let sdk = configuration(options).await?;
    let sources = Sources::open(&sdk, &options.from, options.visibility_timeout).await?;
    let result = match destination(&sdk, options) {
        Ok(None) => would_send(options, &sources).await,
        Ok(Some((destination, name))) => match state(options, &name) {
            Ok(state) => Run::new(options, &sources, destination, state).all(is_fifo).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match sources.release().await {
        Ok(0) => {}
        Ok(messages) => screen::progress(&format!("{messages} messages are visible in their queues again")),
        Err(failure) => screen::warn(&format!("messages stay hidden until their time is up: {failure}")),
    }
    result
}

/// Region and credentials: of the environment and the profile, as with other AWS programs.
async fn configuration(options: &Options) -> Result<SdkConfig, RedriveError> {
    // Kinesis throttles readers that share a shard, and S3 a sudden rush: neither is a reason to end.
    let mut loader = aws_config::from_env().retry_config(RetryConfig::standard().with_max_attempts(8));
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let sdk = loader.load().await;
    if sdk.region().is_none() { Err(RedriveError::NoRegion) } else { Ok(sdk) }
}

/// Where records go, and by which name the state knows it; `None` for a dry run.
fn destination(sdk: &SdkConfig, options: &Options) -> Result<Option<(Destination, String)>, RedriveError> {
    Ok(match (&options.through, &options.onto) {
        _ if options.dry_run => None,
        (Some(function), _) => Some((Destination::through(sdk, function)?, format!("function {function}"))),
        (None, Some(stream)) => Some((Destination::onto(sdk, stream)?, format!("stream {stream}"))),
        (None, None) => None,
    })
}

fn state(options: &Options, destination: &str) -> Result<State, RedriveError> {
    let path = options.state.as_deref().unwrap_or_else(|| std::path::Path::new("redrive.state"));
    let state = State::open(path, destination)?;
    if let Some(batch) = state.interrupted() {
        screen::progress(&format!(
            "the last run ended while it sent {} records of {} ({} to {}): what of them arrived comes a second time",
            batch.records, batch.shard_id, batch.first_sequence_number, batch.last_sequence_number
        ));
    }
    Ok(state)
}

async fn would_send(options: &Options, sources: &Sources) -> Result<bool, RedriveError> {
    // Nothing is written, but what a state file knows is heeded.
    let known = options.state.as_deref().filter(|path| path.exists()).map(Done::of_file).transpose()?;
    let mut inventory = sources.collect().await?;
    settle(options, &mut inventory, known.as_ref());
    something(&inventory)?;
    dry_run(&inventory);
    Ok(inventory.problems.is_empty())
}

fn settle(options: &Options, inventory: &mut Inventory, known: Option<&Done>) {
    let filter = options.filter();
    inventory.settle(|shard, item| match known {
        Some(known) if known.has(shard, &item.key) => Status::DoneBefore,
        _ if filter.passes(&shard.id, &item.record) => Status::Open,
        _ => Status::LeftOut,
    });
}

/// Nothing is no success.
fn something(inventory: &Inventory) -> Result<(), RedriveError> {
    let found = inventory.items().count();
    match () {
        () if found == 0 && inventory.problems.is_empty() => Err(RedriveError::NothingFound),
        () if found > 0 && inventory.count(Status::LeftOut) == found => Err(RedriveError::NothingPasses(found)),
        () => Ok(()),
    }
}

/// A run that sends.
struct Run<'a> {
    options: &'a Options,
    sources: &'a Sources,
    destination: Destination,
    state: State,
    totals: Totals,
    /// Set by Ctrl-C: the batch under way is finished.
    stop: Arc<AtomicBool>,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, sources: &'a Sources, destination: Destination, state: State) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        tokio::spawn(listen(Arc::clone(&stop)));
        Self { options, sources, destination, state, totals: Totals::default(), stop }
    }

    /// Everything, and once more for a FIFO queue as long as deletions make more of it visible.
    async fn all(mut self, is_fifo: bool) -> Result<bool, RedriveError> {
        let mut is_first = true;
        loop {
            let mut inventory = self.sources.collect().await?;
            settle(self.options, &mut inventory, Some(self.state.known()));
            if is_first {
                something(&inventory)?;
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(RedriveError::Interrupted);
            }
            let deleted_before = self.totals.deleted;
            let ended = self.round(&mut inventory).await;
            self.totals.not_done += inventory.count(Status::Open);
            is_first = false;
            let goes_on = is_fifo && self.totals.deleted > deleted_before && self.totals.not_done == 0;
            if ended.is_err() || !goes_on || self.stop.load(Ordering::Relaxed) {
                self.totals.is_interrupted = self.stop.load(Ordering::Relaxed);
                self.totals.tell();
                return ended.map(|()| self.totals.is_success());
            }
        }
    }

    async fn round(&mut self, inventory: &mut Inventory) -> Result<(), RedriveError> {
        self.totals.begin(inventory);
        let closed: Vec<usize> = inventory
            .holders
            .iter()
            .enumerate()
            .filter(|(_, holder)| holder.open == 0)
            .map(|(number, _)| number)
            .collect();
        self.delete(inventory, &closed).await?;
        // In the order of their numbers: a shard that came of a split or a merger has a higher one than its parents.
        let shards: Vec<Shard> = inventory.shards.keys().cloned().collect();
        for shard in shards {
            if !self.shard(inventory, &shard).await? {
                break;
            }
        }
        Ok(())
    }

    /// One shard. Whether others are worth trying.
    async fn shard(&mut self, inventory: &mut Inventory, shard: &Shard) -> Result<bool, RedriveError> {
        let pace = Pace {
            batch_records: self.options.batch_records,
            records_per_second: self.options.records_per_second,
            max_attempts: self.options.max_attempts,
            retry_pause: self.options.retry_pause,
        };
        let mut not_before = None;
        while !self.stop.load(Ordering::Relaxed) {
            let items = inventory.shards.get(shard).map(Vec::as_slice).unwrap_or_default();
            let places = pace.next_batch(items);
            let batch: Vec<_> = places.iter().filter_map(|place| items.get(*place)).collect();
            let Some(kind) = batch.first().map(|item| item.record.kind) else { return Ok(true) };
            let texts = self.sources.texts(inventory, &batch).await?;
            let mut sent = Vec::with_capacity(batch.len());
            let mut sent_places = Vec::with_capacity(batch.len());
            let mut gone = Vec::new();
            for ((place, item), text) in places.iter().zip(&batch).zip(texts) {
                match text {
                    Some(text) => {
                        sent.push(Sent { record: Arc::clone(&item.record), key: item.key.clone(), text });
                        sent_places.push(*place);
                    }
                    None => gone.push(*place),
                }
            }
            for place in gone {
                self.end(
                    inventory,
                    shard,
                    place,
                    kind,
                    &Fate::Refused("it was deleted by somebody else meanwhile".to_owned()),
                );
            }
            if sent.is_empty() {
                continue;
            }
            let clock = &SystemClock;
            let mut sender = Sender { destination: &self.destination, state: &mut self.state, pace, clock, not_before };
            let end = sender.send(shard, kind, sent).await?;
            not_before = sender.not_before;
            let mut closed = Vec::new();
            for (place, fate) in sent_places.iter().zip(&end.fates) {
                closed.extend(self.end(inventory, shard, *place, kind, fate));
            }
            self.tell_progress(inventory, shard);
            self.delete(inventory, &closed).await?;
            match end.stopped {
                None => {}
                Some(Stopped::Shard(why)) => {
                    self.totals.note(&format!("{} is not finished: {why}", shard.id));
                    return Ok(true);
                }
                Some(Stopped::All(why)) => {
                    self.totals.note(&why);
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Notes what became of a record; tells what holds no open record any more.
    fn end(&mut self, inventory: &mut Inventory, shard: &Shard, place: usize, kind: Kind, fate: &Fate) -> Vec<usize> {
        let totals = &mut self.totals;
        let status = match fate {
            Fate::NotYet => return Vec::new(),
            _ if is_done(fate, kind) => Status::Done,
            Fate::Refused(_) => Status::Refused,
            Fate::Delivered | Fate::Quarantined(_) => Status::QuarantinedAgain,
        };
        match (fate, status) {
            (Fate::Quarantined(reason), Status::Done) => {
                totals.quarantined += 1;
                totals.note(&format!("quarantined: {reason}"));
            }
            (Fate::Quarantined(reason), _) => {
                totals.quarantined_again += 1;
                totals.note(&format!("quarantined again: {reason}"));
            }
            (Fate::Refused(reason), _) => {
                totals.refused += 1;
                totals.note(&format!("cannot be sent: {reason}"));
            }
            _ => totals.delivered += 1,
        }
        inventory.end(shard, place, status)
    }

    fn tell_progress(&self, inventory: &Inventory, shard: &Shard) {
        let items = inventory.shards.get(shard).map(Vec::as_slice).unwrap_or_default();
        let open = items.iter().filter(|item| item.status == Status::Open).count();
        screen::progress(&format!("{}: {open} of {} records left", shard.id, items.len()));
    }

    /// Deletes what holds only records that are done, if that was asked for.
    async fn delete(&mut self, inventory: &Inventory, holders: &[usize]) -> Result<(), RedriveError> {
        if !self.options.delete {
            return Ok(());
        }
        let places = || holders.iter().filter_map(|number| inventory.holders.get(*number)).map(|holder| &holder.place);
        for (number, queue) in self.sources.queues.iter().enumerate() {
            let ids: Vec<String> = places()
                .filter_map(|place| match place {
                    Place::Message { queue, id, .. } if *queue == number => Some(id.clone()),
                    Place::Message { .. } | Place::Object(_) => None,
                })
                .collect();
            if !ids.is_empty() {
                let failed = queue.delete(&ids).await?;
                self.totals.undeleted += failed;
                self.totals.deleted += ids.len().saturating_sub(failed);
            }
        }
        // The message first: one without its object would be taken for a loss.
        for place in places() {
            match place {
                Place::Object(place) => {
                    self.sources.bucket.delete(place).await?;
                    self.totals.deleted += 1;
                }
                Place::Message { object: Some(object), .. } => self.sources.bucket.delete(object).await?,
                Place::Message { object: None, .. } => {}
            }
        }
        Ok(())
    }
}

/// The first Ctrl-C lets the batch under way end; the second does not wait for it.
async fn listen(stop: Arc<AtomicBool>) {
    const INTERRUPTED: i32 = 130;
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.store(true, Ordering::Relaxed);
        screen::progress("stopping after the batch under way; press Ctrl-C again not to wait for it");
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
        }
    }
}
