//! Records that are read from the stream again, because only their places were kept.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::types::ShardIteratorType;

use crate::redrive::aws_failure::AwsFailure;
use crate::redrive::content::{self, BatchPlace, ContentError};
use crate::redrive::record::Found;

/// Reads batches from their streams.
#[derive(Clone, Debug)]
pub(crate) struct StreamReader {
    client: Client,
}

/// Why a batch cannot be read from its stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error(transparent)]
    Aws(#[from] AwsFailure),
    /// Records that are gone cannot come back by any means: this must be told, not retried.
    #[error(
        "the stream has no more all of its {expected} records: {found} are left, the others are older than its retention"
    )]
    Expired { expected: u64, found: u64 },
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// "Each shard can support up to … five read transactions per second", which the function's own mapping needs too.
const PAUSE_BETWEEN_READS: Duration = Duration::from_millis(500);

/// An answer may be empty although there is more behind it, but not for ever.
const MAX_EMPTY_ANSWERS: u32 = 200;

impl StreamReader {
    pub(crate) fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk) }
    }

    /// The records of `batch`, all of them.
    pub(crate) async fn read(&self, batch: &BatchPlace) -> Result<Vec<Found>, StreamError> {
        let action = || format!("cannot read {} of {}", batch.shard.id, batch.shard.stream_arn);
        let begun = self
            .client
            .get_shard_iterator()
            .stream_arn(&batch.shard.stream_arn)
            .shard_id(&batch.shard.id)
            .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
            .starting_sequence_number(&batch.first)
            .send()
            .await;
        let mut iterator = match begun {
            Ok(answer) => answer.shard_iterator,
            // Of a sequence number that is gone the service says so in this way.
            Err(error) if error.code() == Some("InvalidArgumentException") => {
                return Err(StreamError::Expired { expected: batch.records, found: 0 });
            }
            Err(error) => return Err(AwsFailure::of(action(), &error).into()),
        };
        let mut found = Vec::new();
        let mut empty = 0;
        while let Some(from) = iterator {
            let answer =
                self.client.get_records().stream_arn(&batch.shard.stream_arn).shard_iterator(from).send().await;
            let answer = answer.map_err(|error| AwsFailure::of(action(), &error))?;
            let mut is_past = false;
            for record in answer.records() {
                is_past = is_after(record.sequence_number(), &batch.last);
                if is_past {
                    break;
                }
                found.push(content::of_stream(&batch.shard, record, &batch.reason)?);
            }
            let is_whole = found.last().is_some_and(|last| last.record.sequence_number == batch.last);
            empty = if answer.records().is_empty() { empty + 1 } else { 0 };
            // Several records may share the last number, so a whole batch ends where another number begins, or the stream.
            let at_the_tip = answer.millis_behind_latest() == Some(0);
            if is_past || empty > MAX_EMPTY_ANSWERS || (at_the_tip && (is_whole || answer.records().is_empty())) {
                break;
            }
            iterator = answer.next_shard_iterator;
            if iterator.is_some() {
                tokio::time::sleep(PAUSE_BETWEEN_READS).await;
            }
        }
        let read = found.len() as u64;
        let begins = found.first().is_some_and(|first| first.record.sequence_number == batch.first);
        let ends = found.last().is_some_and(|last| last.record.sequence_number == batch.last);
        if begins && ends { Ok(found) } else { Err(StreamError::Expired { expected: batch.records, found: read }) }
    }
}

/// Whether `number` comes after `last` in the shard.
fn is_after(number: &str, last: &str) -> bool {
    let (number, last) = (number.trim_start_matches('0'), last.trim_start_matches('0'));
    (number.len(), number) > (last.len(), last)
}

#[cfg(test)]
mod tests {
    use super::is_after;

    #[test]
    fn numbers_are_compared_by_their_value() {
        assert!(is_after("100", "99") && is_after("18", "17") && is_after("0100", "99"));
        assert!(!is_after("17", "17") && !is_after("9", "10"));
    }
}
