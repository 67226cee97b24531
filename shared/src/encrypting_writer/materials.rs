//! The materials of each record: one data key for all records of an encryption context.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;

use super::{ByRecord, EncryptError, EncryptingWriter, PlainRecord};
use crate::data_keys::{DataKeyError, GenerateDataKey, GenerationRequest, kms_may_refuse};
use crate::kinesis::{ListShards, PutRecords};
use crate::message::{EncryptionContext, SealingMaterials};
use crate::retry::Deadline;

/// How many records of one encryption context ask for materials at once. Nearly all find them in the cache, or wait for one
/// generation together; this many generate at once where each record has a data key of its own.
const MATERIALS_AT_A_TIME: usize = 16;

impl<G: GenerateDataKey, P: PutRecords, L: ListShards> EncryptingWriter<G, P, L> {
    /// The materials of each record, before `deadline`. Encryption contexts do not wait for each other.
    pub(super) async fn materials(
        &self,
        records: &[PlainRecord],
        deadline: Deadline,
    ) -> ByRecord<Arc<SealingMaterials>> {
        let limit = self.writer.settings().max_record_bytes;
        let mut groups: BTreeMap<&EncryptionContext, Vec<usize>> = BTreeMap::new();
        let mut results: ByRecord<_> = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            // What is too large in clear need not be sealed first.
            results.push(match record.with_data(record.plaintext.clone()).check(limit) {
                Ok(()) => {
                    groups.entry(&record.encryption_context).or_default().push(index);
                    // Stands until the group has its say.
                    Err(EncryptError::DeadlinePassed)
                }
                Err(error) => Err(EncryptError::Unwritable(error)),
            });
        }
        let groups = groups.into_iter().map(|(own, indices)| self.materials_of_group(own, records, indices, deadline));
        for (indices, (materials, failure)) in join_all(groups).await {
            let missing = failure.unwrap_or(EncryptError::DeadlinePassed);
            let mut materials = materials.into_iter();
            for index in indices {
                if let Some(result) = results.get_mut(index) {
                    *result = materials.next().ok_or_else(|| missing.clone());
                }
            }
        }
        results
    }

    /// The materials of a group's first records, and why the others, if any, have none.
    async fn materials_of_group(
        &self,
        own: &EncryptionContext,
        records: &[PlainRecord],
        indices: Vec<usize>,
        deadline: Deadline,
    ) -> (Vec<usize>, (Vec<Arc<SealingMaterials>>, Option<EncryptError>)) {
        let context = with_configured_pairs(own, &self.settings.encryption_context);
        let request = context.and_then(|context| Ok(GenerationRequest::new(self.settings.suite, context)?));
        let request = match request {
            Ok(request) => request,
            Err(error) => return (indices, (Vec::new(), Some(error))),
        };
        let lens = indices.iter().filter_map(|index| records.get(*index)).map(|record| record.plaintext.len() as u64);
        let (materials, failure) = generate(&self.data_keys, &request, lens.collect(), deadline).await;
        let failure = failure.map(|error| self.blame_record(error, request.encryption_context()));
        (indices, (materials, failure))
    }

    /// Blames a record of `context` where KMS found the request invalid, unless the configured pairs by themselves may be the reason.
    fn blame_record(&self, error: DataKeyError, context: &EncryptionContext) -> EncryptError {
        match error {
            error @ DataKeyError::InvalidRequest(_)
                if kms_may_refuse(context) && !kms_may_refuse(&self.settings.encryption_context) =>
            {
                EncryptError::ContextRefused(error)
            }
            error => EncryptError::DataKey(error),
        }
    }
}

/// Materials for messages of these lengths, in order. Ends at the first failure: the next record would meet it too.
async fn generate<G: GenerateDataKey>(
    data_keys: &G,
    request: &GenerationRequest,
    lens: Vec<u64>,
    deadline: Deadline,
) -> (Vec<Arc<SealingMaterials>>, Option<DataKeyError>) {
    let mut ready = Vec::with_capacity(lens.len());
    let calls = lens.into_iter().map(|len| data_keys.generate_data_key(request, Some(len), deadline));
    let mut calls = std::pin::pin!(stream::iter(calls).buffered(MATERIALS_AT_A_TIME));
    loop {
        match tokio::time::timeout_at(deadline.instant(), calls.next()).await {
            Ok(Some(Ok(materials))) => ready.push(materials),
            Ok(Some(Err(error))) => return (ready, Some(error)),
            Ok(None) => return (ready, None),
            Err(_elapsed) => return (ready, Some(DataKeyError::DeadlinePassed)),
        }
    }
}

/// A record's own pairs and the configured ones together.
fn with_configured_pairs(
    own: &EncryptionContext,
    configured: &EncryptionContext,
) -> Result<EncryptionContext, EncryptError> {
    let contradicts = |(key, value)| configured.get(key).is_some_and(|configured| configured != value);
    if own.iter().any(contradicts) {
        return Err(EncryptError::ContradictsConfiguredPair);
    }
    Ok(configured.iter().chain(own.iter()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_pair_may_be_repeated_but_not_contradicted() {
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<EncryptionContext>();
        let configured = pairs(&[("stream", "orders")]);
        let merged = |own: &[(&str, &str)]| with_configured_pairs(&pairs(own), &configured);
        assert_eq!(merged(&[]).unwrap(), configured);
        let both = pairs(&[("stream", "orders"), ("tenant", "7")]);
        assert_eq!(merged(&[("tenant", "7")]).unwrap(), both);
        assert_eq!(merged(&[("stream", "orders"), ("tenant", "7")]).unwrap(), both);
        assert!(matches!(merged(&[("stream", "other")]), Err(EncryptError::ContradictsConfiguredPair)));
    }
}
