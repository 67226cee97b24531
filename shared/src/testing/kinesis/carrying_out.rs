//! What the fake stream does with a request.

use std::sync::Arc;

use tokio::time::Instant;

use super::shards::reshard;
use super::{FakeState, WrittenEntry};
use crate::kinesis::{EntryFailure, EntryResult, PutRecordsError, RecordDistribution};
use crate::records::{HashKey, SequenceNumber, UserRecord};

impl FakeState {
    pub(super) fn carry_out(
        &mut self,
        entries: &[UserRecord],
        sent_at: Instant,
    ) -> Result<Vec<EntryResult>, PutRecordsError> {
        if let Some(error) = self.request_errors.pop() {
            return Err(error);
        }
        self.request_sizes.push(entries.len());
        if entries.iter().any(|entry| self.refuses(entry)) {
            return Err(PutRecordsError::Invalid(Arc::new(std::io::Error::other("ValidationException"))));
        }
        let mut results: Vec<_> = entries.iter().map(|entry| self.carry_out_entry(entry, sent_at)).collect();
        if self.answers_to_truncate > 0 {
            self.answers_to_truncate -= 1;
            results.pop();
        }
        if self.answers_to_extend > 0 {
            self.answers_to_extend -= 1;
            results.extend(results.last().cloned());
        }
        Ok(results)
    }

    fn refuses(&self, entry: &UserRecord) -> bool {
        let content = self.refused_content.filter(|content| !content.is_empty());
        entry.data.len() + entry.partition_key.len() > self.max_record_bytes
            || content.is_some_and(|content| entry.data.windows(content.len()).any(|bytes| bytes == content))
    }

    fn carry_out_entry(&mut self, entry: &UserRecord, sent_at: Instant) -> EntryResult {
        if let Some((_, resharding)) = self.reshardings.pop_if(|(received, _)| *received <= self.received.len()) {
            reshard(&mut self.shards, resharding);
        }
        let hash_key = match &entry.explicit_hash_key {
            Some(decimal) => HashKey::parse(decimal).expect("a valid explicit hash key"),
            None => HashKey::of_partition_key(&entry.partition_key),
        };
        let mut open = self.shards.iter().filter(|shard| shard.open);
        let shard = match self.distribution {
            RecordDistribution::ByService => {
                let number = self.rng.usize(..open.clone().count());
                open.nth(number)
            }
            RecordDistribution::ByPartitionKey | RecordDistribution::Unknown => {
                open.find(|shard| shard.hash_keys.contains(&hash_key.0))
            }
        };
        let shard = shard.expect("the open shards cover all hash keys");
        let (shard_id, shard_hash_keys) = (shard.id.clone(), shard.hash_keys.clone());
        self.received.push((sent_at, shard_id.clone(), entry.data.len() + entry.partition_key.len()));
        if self.rng.f64() < self.throttled_share || self.blocked_shard.as_ref() == Some(&shard_id) {
            return EntryResult::Failed { failure: EntryFailure::Throttled, shard_id: Some(shard_id) };
        }
        if self.rng.f64() < self.internal_failure_share {
            return EntryResult::Failed { failure: EntryFailure::Internal, shard_id: None };
        }
        self.next_sequence_number += 1;
        let sequence_number = SequenceNumber::parse(&self.next_sequence_number.to_string()).expect("digits");
        self.written.push(WrittenEntry {
            at: sent_at,
            shard_id: shard_id.clone(),
            sequence_number: sequence_number.clone(),
            partition_key: Arc::clone(&entry.partition_key),
            data: entry.data.clone(),
            shard_hash_keys,
        });
        if self.results_to_garble > 0 {
            self.results_to_garble -= 1;
            return EntryResult::Unreadable;
        }
        EntryResult::Written { shard_id, sequence_number }
    }
}

/// What the service would reject.
pub(super) fn check_limits(entries: &[UserRecord]) {
    assert!((1..=500).contains(&entries.len()), "{} entries", entries.len());
    let bytes: usize = entries.iter().map(|entry| entry.data.len() + entry.partition_key.len()).sum();
    assert!(bytes <= 10 << 20, "{bytes} bytes");
    for entry in entries {
        assert!((1..=256).contains(&entry.partition_key.chars().count()), "{:?}", entry.partition_key);
    }
}
