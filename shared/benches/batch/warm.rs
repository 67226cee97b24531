//! Everything around the processor, at no cost: keys at hand, a sink that takes all.

use std::future::{Future, ready};

use warmkeys::data_keys::{DataKeyError, DecryptDataKey, DecryptionMaterials, DecryptionRequest, WrappedDataKey};
use warmkeys::delivery::Delivery;
use warmkeys::materials_cache::CacheStatistics;
use warmkeys::message::DataKey;
use warmkeys::quarantine::Quarantine;
use warmkeys::records::{OpenedRecord, RejectedRecord, ShardOrigin};
use warmkeys::retry::{CallStatistics, Deadline};
use warmkeys::sinks::RecordSink;

use super::messages::data_key;

/// Has every data key at hand.
#[derive(Debug)]
pub(crate) struct WarmDataKeys(Vec<DataKey>);

impl WarmDataKeys {
    pub(crate) fn new(count: u8) -> Self {
        Self((0..count).map(|id| DataKey::new(data_key(id).to_vec())).collect())
    }
}

impl DecryptDataKey for WarmDataKeys {
    fn decrypt_data_key(
        &self,
        request: &DecryptionRequest,
        _deadline: Deadline,
    ) -> impl Future<Output = Result<DecryptionMaterials, DataKeyError>> + Send {
        let WrappedDataKey::Message { encrypted_data_keys, .. } = &request.wrapped else {
            panic!("all records are messages");
        };
        let data_key = self.0[usize::from(encrypted_data_keys[0].ciphertext[0])].clone();
        ready(Ok(DecryptionMaterials { data_key, verification_key: None }))
    }

    fn cache_statistics(&self) -> Option<CacheStatistics> {
        Some(CacheStatistics::default())
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        Some(CallStatistics::default())
    }
}

/// Takes everything.
#[derive(Debug)]
pub(crate) struct NullSink;

impl RecordSink for NullSink {
    fn deliver(&self, records: &[OpenedRecord], _deadline: Deadline) -> impl Future<Output = Delivery> + Send {
        ready(Delivery::complete(records.len()))
    }
}

/// Expects nothing.
#[derive(Debug)]
pub(crate) struct UnusedQuarantine;

impl Quarantine for UnusedQuarantine {
    fn destination(&self) -> String {
        "nowhere".to_owned()
    }

    async fn quarantine(&self, _origin: &ShardOrigin, records: &[RejectedRecord], _deadline: Deadline) -> Delivery {
        panic!("rejected: {:?}", records.first().map(|record| &record.reason));
    }
}
