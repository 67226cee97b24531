//! Lets the producer write the planned records, with poison among them and a resharding on the way.

use std::error::Error;

use local_stack::stream::{InMemoryStream, ShardDescription};
use warmkeys::clock::{Clock, SystemClock};

use crate::ledger::Ledger;
use crate::poison::PoisonSealer;
use crate::producer::{PlainRecord, Producer};
use crate::workload::{self, PlannedRecord};

/// How many records are handed to the producer at a time.
const BATCH_LEN: usize = 200;

/// Writes every planned record, and enters into the ledger what has to become of it. A shard is split after a third of
/// the records, and two are merged after another.
pub(crate) async fn produce(
    plan: &[PlannedRecord],
    producer: &Producer,
    poison: &PoisonSealer,
    stream: &InMemoryStream,
    ledger: &mut Ledger,
) -> Result<(), Box<dyn Error>> {
    let batches = plan.len().div_ceil(BATCH_LEN);
    for (number, batch) in plan.chunks(BATCH_LEN).enumerate() {
        if number == batches / 3 {
            split_first(stream)?;
        }
        if number == 2 * batches / 3 {
            merge_first(stream)?;
        }
        let first = number * BATCH_LEN;
        put_poison(batch, first, poison, stream, ledger)?;
        let good: Vec<_> = batch.iter().enumerate().filter(|(_, planned)| planned.poison.is_none()).collect();
        let records: Vec<_> = good.iter().map(|(index, planned)| plain_record(first + index, planned)).collect();
        let sequence_numbers = producer.write(&records).await?;
        for (record, sequence_number) in records.into_iter().zip(sequence_numbers) {
            ledger.expect(&sequence_number, &record.partition_key, record.plaintext.to_string(), false);
        }
    }
    Ok(())
}

fn plain_record(number: usize, planned: &PlannedRecord) -> PlainRecord {
    let (partition_key, tenant) = (planned.partition_key.clone(), planned.tenant);
    PlainRecord { partition_key, tenant, plaintext: workload::plaintext(number) }
}

fn put_poison(
    batch: &[PlannedRecord],
    first: usize,
    poison: &PoisonSealer,
    stream: &InMemoryStream,
    ledger: &mut Ledger,
) -> Result<(), Box<dyn Error>> {
    for (index, planned) in batch.iter().enumerate() {
        if let Some(kind) = planned.poison {
            let plaintext = workload::plaintext(first + index).to_string();
            let data = poison.seal(&plaintext, kind)?.into();
            let receipt = stream.put(&planned.partition_key, None, data, SystemClock.now().wall);
            ledger.expect(receipt.sequence_number.as_str(), &planned.partition_key, plaintext, true);
        }
    }
    Ok(())
}

/// Splits the shard with the lowest hash keys in the middle.
fn split_first(stream: &InMemoryStream) -> Result<(), Box<dyn Error>> {
    let shard = open_shards(stream).into_iter().next().ok_or("no shard is open")?;
    let middle = shard.hash_keys.starting.midpoint(shard.hash_keys.ending);
    Ok(stream.split(&shard.id, middle)?)
}

/// Merges the second shard with the third, or, where there are but two, the first with the second.
fn merge_first(stream: &InMemoryStream) -> Result<(), Box<dyn Error>> {
    let shards = open_shards(stream);
    match shards.as_slice() {
        [_, second, third, ..] => Ok(stream.merge(&second.id, &third.id)?),
        [first, second] => Ok(stream.merge(&first.id, &second.id)?),
        _ => Err("there is nothing to merge".into()),
    }
}

/// The open shards, by their hash keys.
fn open_shards(stream: &InMemoryStream) -> Vec<ShardDescription> {
    let mut open: Vec<_> = stream.shards().into_iter().filter(|shard| !shard.is_closed()).collect();
    open.sort_by_key(|shard| shard.hash_keys.starting);
    open
}
