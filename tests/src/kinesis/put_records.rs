//! `PutRecords`: all checks first, then entry by entry.

use std::num::NonZeroUsize;

use serde_json::{Value, json};
use warmkeys::clock::Now;

use super::call_log::EntryCounts;
use super::error::KinesisError;
use super::request::{Entry, PutRecordsRequest, hash_key};
use super::shard_limits::ShardQuotas;
use crate::stream::InMemoryStream;

/// > Each PutRecords request can support up to 500 records.
/// > <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>
const MAX_ENTRIES: usize = 500;

/// > ... up to a limit of 10 MiB for the entire request, including partition keys.
const MAX_REQUEST_BYTES: usize = 10 << 20;

/// > Partition keys are Unicode strings, with a maximum length limit of 256 characters for each key.
const MAX_PARTITION_KEY_CHARACTERS: usize = 256;

/// Entries that keep every rule, with their explicit hash keys.
pub(super) struct CheckedEntries(Vec<(Entry, Option<u128>)>);

/// Checks a whole request; one bad entry refuses them all.
pub(super) fn check(
    request: PutRecordsRequest,
    stream: &InMemoryStream,
    max_record_bytes: usize,
) -> Result<CheckedEntries, KinesisError> {
    let (named_stream, entries) = request.into_parts();
    if !(1..=MAX_ENTRIES).contains(&entries.len()) {
        let rule = format!("Member must have length from 1 to {MAX_ENTRIES}");
        return Err(KinesisError::Validation(format!("Value at 'records' failed to satisfy constraint: {rule}")));
    }
    let checked: Result<Vec<_>, _> = entries.into_iter().map(|entry| check_entry(entry, max_record_bytes)).collect();
    let checked = checked?;
    if checked.iter().map(|(entry, _)| entry.len()).sum::<usize>() > MAX_REQUEST_BYTES {
        return Err(KinesisError::InvalidArgument("Records size exceeds 10 MB limit".to_owned()));
    }
    named_stream.check(stream)?;
    Ok(CheckedEntries(checked))
}

fn check_entry(entry: Entry, max_record_bytes: usize) -> Result<(Entry, Option<u128>), KinesisError> {
    if !(1..=MAX_PARTITION_KEY_CHARACTERS).contains(&entry.partition_key.chars().count()) {
        let rule = format!("Member must have length from 1 to {MAX_PARTITION_KEY_CHARACTERS}");
        return Err(KinesisError::Validation(format!("Value at 'partitionKey' failed to satisfy constraint: {rule}")));
    }
    if entry.len() > max_record_bytes {
        return Err(KinesisError::InvalidArgument(format!(
            "A record exceeds the stream's limit of {max_record_bytes} bytes."
        )));
    }
    let explicit =
        entry.explicit_hash_key.as_deref().map(|decimal| hash_key("ExplicitHashKey", decimal)).transpose()?;
    Ok((entry, explicit))
}

impl Entry {
    /// The bytes that count against the limits.
    fn len(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }
}

impl CheckedEntries {
    /// Puts the entries into the stream in their order. Those that a shard has no quota for, and every `failing`th, fail alone.
    ///
    /// > A single record failure does not stop the processing of subsequent records.
    pub(super) fn put(
        self,
        stream: &InMemoryStream,
        quotas: &mut ShardQuotas,
        failing: Option<NonZeroUsize>,
        now: Now,
    ) -> (Value, EntryCounts) {
        let mut counts = EntryCounts::default();
        let results: Vec<_> = self
            .0
            .into_iter()
            .enumerate()
            .map(|(index, (entry, explicit))| {
                if failing.is_some_and(|nth| (index + 1).is_multiple_of(nth.get())) {
                    counts.failed += 1;
                    return json!({"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."});
                }
                let bytes = u32::try_from(entry.len()).unwrap_or(u32::MAX);
                let put = stream.put_if(&entry.partition_key, explicit, entry.data, now.wall, |shard_id| {
                    quotas.try_take(shard_id, bytes, now.monotonic)
                });
                match put {
                    Ok(receipt) => {
                        counts.written += 1;
                        let (number, shard_id) = (receipt.sequence_number.as_str(), receipt.shard_id.as_str());
                        json!({"SequenceNumber": number, "ShardId": shard_id})
                    }
                    Err(shard_id) => {
                        counts.throttled += 1;
                        let message = format!(
                            "Rate exceeded for shard {shard_id} in stream {} under account 000000000000.",
                            stream.name()
                        );
                        json!({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": message})
                    }
                }
            })
            .collect();
        let failed = counts.throttled + counts.failed;
        (json!({"FailedRecordCount": failed, "Records": results, "EncryptionType": "NONE"}), counts)
    }
}
