//! Which data keys a batch needs, in order of first use.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::quality::RandomState;

use crate::data_keys::DataKeyRequest;
use crate::message::EncryptionContext;
use crate::record_format::{ContentError, DataKeyIdentity, RecordFormat};
use crate::records::ShardRecord;

/// Which data keys a batch needs, and which record needs which.
#[derive(Debug)]
pub(super) struct BatchPlan {
    /// The distinct data keys, in order of first use.
    pub(super) data_keys: Vec<PlannedDataKey>,
    /// For each record the index of its data key, or why it cannot be read.
    pub(super) records: Vec<Result<usize, ContentError>>,
}

/// One of the data keys that a batch needs.
#[derive(Debug)]
pub(super) struct PlannedDataKey {
    pub(super) request: DataKeyRequest,
    /// The request's context, shared by the records that are opened with this key.
    pub(super) encryption_context: Arc<EncryptionContext>,
    pub(super) reproduced_context: Arc<EncryptionContext>,
    /// The start of the unit in which the key is first used: without the key, the checkpoint is here or earlier.
    pub(super) first_use: usize,
}

impl BatchPlan {
    /// Reads the headers of `records`. No cryptography; allocates per distinct data key, not per record.
    pub(super) fn new(records: &[ShardRecord], format: &RecordFormat) -> Self {
        let mut plan = Self { data_keys: Vec::new(), records: Vec::with_capacity(records.len()) };
        // Keyed at random, so that nobody can prepare records that collide; and an order of magnitude quicker than the standard one.
        let mut known = HashMap::with_hasher(RandomState::default());
        // Carried along: counting back from each first use would take the square of a large unit's length.
        let mut start_of_unit = 0;
        let mut previous = None;
        for (index, record) in records.iter().enumerate() {
            if previous.replace(&record.sequence_number) != Some(&record.sequence_number) {
                start_of_unit = index;
            }
            let data_key = plan.data_key_of(record, format, &mut known, start_of_unit);
            plan.records.push(data_key);
        }
        plan
    }

    fn data_key_of<'a>(
        &mut self,
        record: &'a ShardRecord,
        format: &RecordFormat,
        known: &mut HashMap<DataKeyIdentity<'a>, Result<usize, ContentError>, RandomState>,
        first_use: usize,
    ) -> Result<usize, ContentError> {
        let sealed = format.read(&record.data)?;
        match known.entry(sealed.data_key_identity()) {
            Entry::Occupied(data_key) => data_key.get().clone(),
            Entry::Vacant(vacant) => {
                let data_key = format.required_data_key(&sealed).map(|required| {
                    self.data_keys.push(PlannedDataKey {
                        encryption_context: Arc::new(required.request.encryption_context.clone()),
                        request: required.request,
                        reproduced_context: required.reproduced_context,
                        first_use,
                    });
                    self.data_keys.len() - 1
                });
                vacant.insert(data_key).clone()
            }
        }
    }
}
